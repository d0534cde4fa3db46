// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { openSource, TestContext } from "peregrine/sdk/testing";
import { plugin } from "../../plugins/cloudtrail/index.js";
import { RecordSplitter } from "../../plugins/cloudtrail/split.js";
import { median } from "../stats.js";

/** CPU time of one record in the parts of reading, each by itself, ns. */
export interface Stages {
  readonly inflate: number;
  /** Finding where records begin and end, and that they are JSON. */
  readonly cut: number;
  /** All of the source: files, inflating, cutting, times, batches of events. */
  readonly source: number;
  /** JSON.parse of the record, which Peregrine does not do. */
  readonly parse: number;
}

/** CPU time of `work` a record, in ns: the median of some runs behind one that warms up. */
async function cost(runs: number, work: () => number | Promise<number>): Promise<number> {
  const found: number[] = [];
  for (let n = 0; n <= runs; n++) {
    const start = process.cpuUsage();
    const records = await work();
    const { user, system } = process.cpuUsage(start);
    if (n > 0) found.push(((user + system) * 1000) / records);
  }
  return median(found);
}

/** Measures what reading is made of on the files of a folder. */
export async function measureStages(folder: string, runs: number): Promise<Stages> {
  const files = readdirSync(folder).filter((name) => name.endsWith(".json.gz"));
  const packed = files.slice(0, 10).map((name) => readFileSync(join(folder, name)));
  const sizes = packed.map((bytes) => bytes.readUInt32LE(bytes.length - 4) + 1);
  const plain = packed.map((bytes, i) => gunzipSync(bytes, { chunkSize: sizes[i] }));
  const records: Buffer[] = [];
  const sink = { record: () => void found++, bad: () => {} };
  let found = 0;
  const cut = (each: Uint8Array, to: { record: (b: Uint8Array, start: number, end: number) => void; bad(): void }) => {
    const splitter = new RecordSplitter(to, 1 << 20);
    splitter.whole(each);
    while (splitter.some(1024));
  };
  const [first] = plain;
  if (first === undefined) throw new Error(`no log files in ${folder}`);
  cut(first, { record: (b, start, end) => void records.push(Buffer.from(b.subarray(start, end))), bad: () => {} });
  const total = records.length * plain.length;
  return {
    inflate: await cost(runs, () => {
      for (const [i, bytes] of packed.entries()) gunzipSync(bytes, { chunkSize: sizes[i] });
      return total;
    }),
    cut: await cost(runs, () => {
      found = 0;
      for (const each of plain) cut(each, sink);
      return found;
    }),
    source: await cost(runs, async () => {
      const source = await openSource(plugin, { parameters: folder, context: new TestContext() });
      let seen = 0;
      for (let end = false; !end; ) {
        const batch = await source.nextBatch(1024, 100);
        seen += batch.events.length;
        end = batch.end === true;
      }
      await source.close();
      return seen;
    }),
    parse: await cost(runs, () => {
      for (const bytes of records) JSON.parse(bytes.toString());
      return records.length;
    }),
  };
}
