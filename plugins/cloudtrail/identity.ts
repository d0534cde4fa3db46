// SPDX-License-Identifier: Apache-2.0
import type { JsonReader } from "../common/json-reader.js";
import { step } from "../common/json-reader.js";
import { slotOf } from "./keys.js";

const IDENTITY = slotOf("userIdentity");
const TYPE = [step("type")];
const USER_NAME = [step("userName")];
const INVOKED_BY = [step("invokedBy")];
const ISSUER_NAME = [step("sessionContext"), step("sessionIssuer"), step("userName")];
const ARN = [step("arn")];
const PRINCIPAL = [step("principalId")];

/** The string at a path of userIdentity; "" where something else stands there, undefined where nothing does. */
function identityText(record: JsonReader, path: readonly ReturnType<typeof step>[]): string | undefined {
  const span = record.find(IDENTITY, path);
  if (span.start === -1) return undefined;
  return record.isString(span) ? record.string(span) : "";
}

/** ct.user: who acted, in the form that suits the kind of identity. */
export function userOf(record: JsonReader): string | undefined {
  const type = record.find(IDENTITY, TYPE);
  if (!record.isString(type)) return undefined;
  switch (record.string(type)) {
    case "Root":
    case "IAMUser":
      return identityText(record, USER_NAME);
    case "AWSService":
      return identityText(record, INVOKED_BY);
    case "AssumedRole":
      return identityText(record, ISSUER_NAME) ?? "AssumedRole";
    case "AWSAccount":
      return "AWSAccount";
    case "FederatedUser":
      return "FederatedUser";
    default:
      return undefined;
  }
}

/** ct.originaluser: the name of the session of an assumed role, else the name of the user. */
export function originalUserOf(record: JsonReader): string | undefined {
  const type = record.find(IDENTITY, TYPE);
  if (!record.isString(type) || record.string(type) !== "AssumedRole") return identityText(record, USER_NAME);
  // arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION
  const arn = identityText(record, ARN)?.split("/") ?? [];
  if (arn.length === 3) return arn[2];
  const principal = identityText(record, PRINCIPAL)?.split(":") ?? [];
  return principal.length === 2 ? principal[1] : undefined;
}
