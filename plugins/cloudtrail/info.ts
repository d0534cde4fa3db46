// SPDX-License-Identifier: Apache-2.0

/** What a summary is made of; undefined where the record does not say. */
export interface Facts {
  readonly user: string | undefined;
  readonly address: string | undefined;
  readonly name: string | undefined;
  readonly failed: boolean;
  readonly writes: boolean;
  /** The flags of a PutBucketPublicAccessBlock. */
  readonly accessBlock: string | undefined;
  readonly bytes: bigint | undefined;
  readonly uri: string | undefined;
  readonly bucket: string | undefined;
  readonly key: string | undefined;
  readonly host: string | undefined;
}

/** ct.info: the event in one line, as `alice via 198.51.100.7 ←GetObject Size=33 URI=s3://bucket/key`. `!` marks a failure. */
export function infoOf(facts: Facts): string {
  const { user, address, name } = facts;
  if (user === undefined) return "<invalid cloudtrail event: userIdentity field missing>";
  if (address === undefined) return "<invalid cloudtrail event: sourceIPAddress field missing>";
  if (name === undefined) return "<invalid cloudtrail event: eventName field missing>";
  const who = user === address ? user : `${user} via ${address}`;
  const line = `${who} ${facts.failed ? "!" : ""}${facts.writes ? "→" : "←"} ${name}`;
  if (facts.accessBlock !== undefined) return `${line}${facts.accessBlock}`;
  const size = facts.bytes === undefined ? "" : ` Size=${facts.bytes}`;
  return `${line}${size}${objectOf(facts)}`;
}

function objectOf({ uri, bucket, key, host }: Facts): string {
  if (uri !== undefined) return ` URI=${uri}`;
  if (bucket !== undefined) return ` Bucket=${bucket}`;
  if (key !== undefined) return ` Key=${key}`;
  return host === undefined ? "" : ` Host=${host}`;
}
