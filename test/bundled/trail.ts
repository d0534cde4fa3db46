// SPDX-License-Identifier: Apache-2.0

/** Made-up CloudTrail logs, and a reader that writes down what it gets. */

import { gzipSync } from "node:zlib";
import type { SourceInstance } from "peregrine/sdk";

export function record(id: string, more: object = {}): Record<string, unknown> {
  return {
    eventVersion: "1.08",
    userIdentity: { type: "IAMUser", userName: "alice" },
    eventTime: "2026-01-02T03:04:05Z",
    eventSource: "iam.amazonaws.com",
    eventName: "CreateUser",
    awsRegion: "us-east-1",
    eventID: id,
    eventType: "AwsApiCall",
    ...more,
  };
}

/** A log file with the records NAME-0, NAME-1, ... */
export function logFile(name: string, records: number): Uint8Array {
  const list = Array.from({ length: records }, (_, n) => record(`${name}-${n}`));
  return gzipSync(JSON.stringify({ Records: list }));
}

export function idsOf(name: string, records: number): string[] {
  return Array.from({ length: records }, (_, n) => `${name}-${n}`);
}

/** The name of a log file as CloudTrail makes it. */
export function trailKey(account: string, region: string, minute: string, suffix: string): string {
  const day = `${minute.slice(0, 4)}/${minute.slice(4, 6)}/${minute.slice(6, 8)}`;
  return `logs/AWSLogs/${account}/CloudTrail/${region}/${day}/${account}_CloudTrail_${region}_${minute}Z_${suffix}.json.gz`;
}

export function idOf(data: Uint8Array | string): string {
  return (JSON.parse(Buffer.from(data as Uint8Array).toString()) as { eventID: string }).eventID;
}

export interface ReadOptions {
  /** Stops when this many events have come; otherwise at the end. */
  readonly count?: number;
  readonly max?: number;
  readonly ack?: boolean;
  readonly retry?: boolean;
  /** Called after each batch; stops when it says true. */
  readonly until?: () => boolean | Promise<boolean>;
}

/** Reads as a host does: acknowledges what it has got, tries again after a failure that says so. */
export async function readAll(source: SourceInstance, options: ReadOptions = {}): Promise<string[]> {
  const { count = Number.POSITIVE_INFINITY, max = 100, ack = true } = options;
  const ids: string[] = [];
  for (;;) {
    try {
      const batch = await source.nextBatch(max, 200);
      for (const { data } of batch.events) ids.push(idOf(data));
      if (ack && batch.position !== undefined) await source.ack?.(batch.position);
      if (batch.end === true) break;
    } catch (error) {
      if (!(error instanceof Error) || !("retry" in error) || error.retry !== true) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    if (ids.length >= count || (await options.until?.()) === true) break;
  }
  return ids;
}
