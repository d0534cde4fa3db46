// SPDX-License-Identifier: Apache-2.0
import { ListObjectsV2Command, type S3Client } from "@aws-sdk/client-s3";

const ACCOUNT = /(^|\/)AWSLogs\/(o-[a-z0-9]{10,32}\/)?\d{12}\/?$/;
const ALL_ACCOUNTS = /(^|\/)AWSLogs(\/o-[a-z0-9]{10,32})?\/?$/;
const CLOUDTRAIL = /\/CloudTrail\/$/;

/** A part of a bucket that is listed on its own. */
export interface Prefix {
  readonly prefix: string;
  /** Log files below it lie in folders of days and have their minute in their name. */
  readonly dated: boolean;
}

/** Common prefixes one level below `prefix`. */
async function foldersBelow(client: S3Client, bucket: string, prefix: string): Promise<string[]> {
  const found: string[] = [];
  let token: string | undefined;
  do {
    const page = await client.send(
      new ListObjectsV2Command({
        Bucket: bucket,
        Prefix: prefix,
        Delimiter: "/",
        ...(token === undefined ? {} : { ContinuationToken: token }),
      }),
    );
    for (const { Prefix: folder } of page.CommonPrefixes ?? []) if (folder !== undefined) found.push(folder);
    token = page.NextContinuationToken;
  } while (token !== undefined);
  return found.sort();
}

const withSlash = (prefix: string): string => (prefix.endsWith("/") ? prefix : `${prefix}/`);

/**
 * What to list for `s3://bucket/prefix`. The folder of an account stands for its trail; a folder of accounts for all of them, or
 * for those in `accounts`; a trail is listed region by region. Any other prefix is listed as it is.
 */
export async function findPrefixes(
  client: S3Client,
  bucket: string,
  prefix: string,
  accounts: readonly string[],
): Promise<readonly Prefix[]> {
  let trails = [prefix];
  if (ACCOUNT.test(prefix)) trails = [`${withSlash(prefix)}CloudTrail/`];
  else if (ALL_ACCOUNTS.test(prefix)) {
    const root = withSlash(prefix);
    const folders =
      accounts.length > 0
        ? accounts.map((account) => `${root}${account}/`)
        : (await foldersBelow(client, bucket, root)).filter((folder) => /\/\d{12}\/$/.test(folder));
    trails = folders.map((folder) => `${folder}CloudTrail/`);
  }
  const all: Prefix[] = [];
  for (const trail of trails) {
    const regions = CLOUDTRAIL.test(trail) ? await foldersBelow(client, bucket, trail) : [];
    if (regions.length === 0) all.push({ prefix: trail, dated: false });
    else all.push(...regions.map((region) => ({ prefix: region, dated: true })));
  }
  return all;
}
