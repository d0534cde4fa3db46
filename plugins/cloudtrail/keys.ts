// SPDX-License-Identifier: Apache-2.0

/** Members of a record that fields read, by their place in the list: slots of the JsonReader. */
export const KEYS = [
  "eventID",
  "errorCode",
  "errorMessage",
  "eventTime",
  "eventSource",
  "eventName",
  "userIdentity",
  "recipientAccountId",
  "awsRegion",
  "responseElements",
  "requestParameters",
  "sourceIPAddress",
  "userAgent",
  "managementEvent",
  "readOnly",
  "requestID",
  "eventType",
  "apiVersion",
  "resources",
  "serviceEventDetails",
  "sharedEventID",
  "vpcEndpointId",
  "eventCategory",
  "addendum",
  "sessionCredentialFromConsole",
  "edgeDeviceDetails",
  "tlsDetails",
  "additionalEventData",
] as const;

export type Key = (typeof KEYS)[number];

const slots = new Map<string, number>(KEYS.map((key, slot) => [key, slot]));

export function slotOf(key: Key): number {
  return slots.get(key) ?? -1;
}
