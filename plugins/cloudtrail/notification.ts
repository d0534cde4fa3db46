// SPDX-License-Identifier: Apache-2.0
import { z } from "zod";

/** An object that a message is about. */
export interface NamedObject {
  readonly bucket: string;
  readonly key: string;
  /** In bytes; -1 where the message does not say. */
  readonly size: number;
}

const sns = z.object({ Type: z.string(), Message: z.string() });
/** What CloudTrail itself says when it has written files. */
const trail = z.object({ s3Bucket: z.string().min(1), s3ObjectKey: z.array(z.string().min(1)).min(1) });
const s3 = z.object({
  Records: z.array(
    z.object({
      s3: z.object({
        bucket: z.object({ name: z.string().min(1) }),
        object: z.object({ key: z.string().min(1), size: z.number().optional() }),
      }),
    }),
  ),
});
/** Sent by S3 once, when notifications are set up. */
const s3Test = z.object({ Event: z.literal("s3:TestEvent") });
const eventBridge = z.object({
  source: z.literal("aws.s3"),
  detail: z.object({
    bucket: z.object({ name: z.string().min(1) }),
    object: z.object({ key: z.string().min(1), size: z.number().optional() }),
  }),
});

/** A message that says nothing we understand. */
export class UnreadableMessage extends Error {}

/**
 * The objects that a message of a queue names. It may come from CloudTrail through SNS, from S3 directly or through SNS, or from
 * EventBridge; with raw delivery SNS adds nothing. @throws UnreadableMessage
 */
export function objectsOf(body: string): readonly NamedObject[] {
  const outer = parseJson(body);
  const wrapped = sns.safeParse(outer);
  if (!wrapped.success) return namedIn(outer);
  if (wrapped.data.Type !== "Notification") throw new UnreadableMessage(`SNS message of type ${wrapped.data.Type}`);
  return namedIn(parseJson(wrapped.data.Message));
}

function namedIn(value: unknown): readonly NamedObject[] {
  const named = trail.safeParse(value);
  if (named.success) {
    const { s3Bucket: bucket, s3ObjectKey: keys } = named.data;
    return keys.map((key) => ({ bucket, key, size: -1 }));
  }
  const notified = s3.safeParse(value);
  if (notified.success) {
    return notified.data.Records.map(({ s3: { bucket, object } }) => ({
      bucket: bucket.name,
      key: urlDecoded(object.key),
      size: object.size ?? -1,
    }));
  }
  const bridged = eventBridge.safeParse(value);
  if (bridged.success) {
    const { bucket, object } = bridged.data.detail;
    return [{ bucket: bucket.name, key: object.key, size: object.size ?? -1 }];
  }
  if (s3Test.safeParse(value).success) return [];
  throw new UnreadableMessage("neither a notification of CloudTrail or S3 nor an event of S3 from EventBridge");
}

/** S3 writes the keys of its notifications as in a form: blanks are plus signs. */
function urlDecoded(key: string): string {
  try {
    return decodeURIComponent(key.replaceAll("+", " "));
  } catch {
    return key;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UnreadableMessage(`not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}
