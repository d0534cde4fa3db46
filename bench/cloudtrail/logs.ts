// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";

export interface LogSet {
  readonly folder: string;
  readonly files: number;
  readonly records: number;
  /** Of the records, uncompressed. */
  readonly bytes: number;
}

function* filesBelow(folder: string): Generator<string> {
  for (const name of readdirSync(folder).sort()) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) yield* filesBelow(path);
    else if (/\.json(\.gz)?$/.test(name)) yield path;
  }
}

function parse(text: string): unknown[] {
  try {
    return [JSON.parse(text)];
  } catch {
    return text
      .split("\n")
      .filter((line) => line.trim() !== "")
      .map((line) => JSON.parse(line) as unknown);
  }
}

type LogRecord = Record<string, unknown>;

/** All records of the logs below `folder` that have a time, as any reader of JSON sees them. */
export function realRecords(folder: string): LogRecord[] {
  const records: LogRecord[] = [];
  for (const path of filesBelow(folder)) {
    const bytes = readFileSync(path);
    for (const document of parse((path.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString())) {
      const list = (document as { Records?: unknown }).Records ?? document;
      for (const record of Array.isArray(list) ? list : [list]) {
        if (typeof record === "object" && record !== null && "eventTime" in record) records.push(record as LogRecord);
      }
    }
  }
  return records;
}

/**
 * Real records over and over with fresh event IDs, as CloudTrail writes them: gzip files of `perFile` records. Made once for a
 * `folder`, which names what is in it.
 */
export function makeLogs(real: readonly LogRecord[], folder: string, files: number, perFile: number): LogSet {
  const set = { folder, files, records: files * perFile };
  const summary = join(folder, "summary");
  if (existsSync(summary)) return { ...set, bytes: Number(readFileSync(summary, "utf8")) };
  mkdirSync(folder, { recursive: true });
  let bytes = 0;
  let at = 0;
  for (let n = 0; n < files; n++) {
    const parts: string[] = [];
    for (let i = 0; i < perFile; i++) {
      const text = JSON.stringify({ ...real[at++ % real.length], eventID: randomUUID() });
      bytes += Buffer.byteLength(text);
      parts.push(text);
    }
    const path = join(folder, `${String(n).padStart(4, "0")}.json.gz`);
    writeFileSync(`${path}.part`, gzipSync(`{"Records":[${parts.join(",")}]}`));
    renameSync(`${path}.part`, path);
  }
  writeFileSync(summary, String(bytes));
  return { ...set, bytes };
}
