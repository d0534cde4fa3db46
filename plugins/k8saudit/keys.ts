// SPDX-License-Identifier: Apache-2.0

/** Members of an audit event that fields read: slots of the JsonReader. */
export const KEYS = [
  "auditID",
  "stage",
  "annotations",
  "user",
  "impersonatedUser",
  "verb",
  "requestURI",
  "objectRef",
  "requestObject",
  "responseObject",
  "responseStatus",
  "userAgent",
  "sourceIPs",
] as const;

export type Key = (typeof KEYS)[number];

const slots = new Map<string, number>(KEYS.map((key, slot) => [key, slot]));

export function slotOf(key: Key): number {
  return slots.get(key) ?? -1;
}
