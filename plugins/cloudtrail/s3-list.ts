// SPDX-License-Identifier: Apache-2.0
import { ListObjectsV2Command, type S3Client } from "@aws-sdk/client-s3";
import { dayFolder, type Interval, inInterval } from "./interval.js";
import type { Prefix } from "./prefixes.js";

export interface ListedObject {
  readonly key: string;
  readonly size: number;
  /** ms since the epoch. */
  readonly modified: number;
  /** Number of its prefix. */
  readonly prefix: number;
}

const LOG_KEY = /\.json(\.gz|\.zst)?$/;
/** Files with hashes of log files, which lie beside them. */
const DIGEST = /\/CloudTrail-Digest\//;

export interface ListOptions {
  readonly bucket: string;
  readonly prefixes: readonly Prefix[];
  readonly interval: Interval | null;
  /** For a prefix: the key behind which to start; "" = at its beginning. */
  startAfter(prefix: number): string;
  /** Objects that are not wanted are passed over. */
  wants(object: ListedObject): boolean;
  /** An object that is no log file, changed at `modified`, ms. */
  other(modified: number): void;
}

/** One pass over the log files of some prefixes, in the order of their names. A failed request can be made again. */
export class Listing {
  #prefix = 0;
  #token: string | undefined;
  #page: ListedObject[] = [];
  #at = 0;
  #lastPage = false;
  #listed = 0;

  constructor(
    readonly client: S3Client,
    readonly options: ListOptions,
  ) {}

  /** Log files that were found so far. */
  get listed(): number {
    return this.#listed;
  }

  async next(): Promise<ListedObject | null> {
    for (;;) {
      const object = this.#page[this.#at];
      if (object !== undefined) {
        this.#at++;
        return object;
      }
      if (this.#lastPage) {
        this.#lastPage = false;
        this.#token = undefined;
        this.#prefix++;
      }
      if (this.#prefix >= this.options.prefixes.length) return null;
      await this.#fetch();
    }
  }

  async #fetch(): Promise<void> {
    const { bucket, prefixes, interval, startAfter, wants, other } = this.options;
    const { prefix, dated } = prefixes[this.#prefix] as Prefix;
    const from = startOf(startAfter(this.#prefix), prefix, dated ? interval : null);
    const page = await this.client.send(
      new ListObjectsV2Command({
        Bucket: bucket,
        Prefix: prefix,
        ...(this.#token === undefined ? {} : { ContinuationToken: this.#token }),
        ...(from === "" ? {} : { StartAfter: from }),
      }),
    );
    const found: ListedObject[] = [];
    for (const { Key: key, Size: size, LastModified: modified } of page.Contents ?? []) {
      if (key === undefined || !LOG_KEY.test(key) || DIGEST.test(key)) {
        other(modified?.getTime() ?? 0);
        continue;
      }
      if (dated && !inInterval(key, interval)) continue;
      const object = { key, size: size ?? 0, modified: modified?.getTime() ?? 0, prefix: this.#prefix };
      this.#listed++;
      if (wants(object)) found.push(object);
    }
    this.#page = found;
    this.#at = 0;
    this.#token = page.NextContinuationToken;
    this.#lastPage = this.#token === undefined;
  }
}

/** The later one of a key to start after and the day at which an interval begins. */
function startOf(after: string, prefix: string, interval: Interval | null): string {
  if (interval === null) return after;
  const day = `${prefix}${dayFolder(interval.start)}`;
  return after > day ? after : day;
}
