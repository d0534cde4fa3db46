// SPDX-License-Identifier: Apache-2.0

import { closeSync, openSync, writeSync } from "node:fs";
import { SeedFile } from "../grow/cache.js";
import { grownChunks } from "../grow/write.js";

/*
 * A process of its own: writes a grown capture to a pipe, as fast as it is read. Arguments: pipe, seed, events.
 */

const [pipe, seed, events] = process.argv.slice(2);
if (pipe !== undefined && seed !== undefined) {
  const growth = { events: Number(events), shifted: true, gzip: false };
  const file = openSync(pipe, "w");
  try {
    for (const chunk of grownChunks(new SeedFile(seed).contents, growth, false)) {
      for (let done = 0; done < chunk.length; ) done += writeSync(file, chunk, done);
    }
  } catch (error) {
    // The reader has gone: it knows why.
    if (!(error instanceof Error) || !("code" in error) || error.code !== "EPIPE") throw error;
  } finally {
    closeSync(file);
  }
}
