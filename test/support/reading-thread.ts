// SPDX-License-Identifier: Apache-2.0

/** A thread that reads the capture it is given to the end, and posts the reader's counters. */

import { parentPort, workerData } from "node:worker_threads";
import { createInterner, ScapSource } from "../../src/capture/scap.js";
import { FillResult } from "../../src/capture/source.js";
import { memoryOf, planOf } from "./capture-reader.js";

const memory = memoryOf();
const source = new ScapSource({
  path: (workerData as { path: string }).path,
  memory,
  interner: createInterner(memory),
  plan: planOf(),
});
source.open();
while (source.fill(0) === FillResult.MORE);
parentPort?.postMessage(source.counters.slice());
source.close();
