// SPDX-License-Identifier: Apache-2.0
// Loads a library again and again, side by side with other threads that do so: what one asks of the process, others live with.
import { parentPort, workerData } from "node:worker_threads";
import { loadLibrary } from "../../../src/plugins/library/load.js";
import type { LibraryPlace } from "../../../src/plugins/library/place.js";
import { TestContext } from "../../../src/sdk/testing.js";
import { extractFields } from "./running.js";

export interface RaceTask {
  readonly place: LibraryPlace;
  readonly turns: number;
  /** Data of the event that it asks about each time; the process dies of some. */
  readonly data: string;
  readonly field: string;
}

/** What each turn came to: the value, or why there was none. */
async function race({ place, turns, data, field }: RaceTask): Promise<readonly string[]> {
  const found: string[] = [];
  for (let turn = 0; turn < turns; turn++) {
    const library = await loadLibrary(place);
    const context = new TestContext("extractor");
    const extract = extractFields(library, [field], library.plugin.spec.init({}, context), context);
    try {
      found.push(String(extract({ data })[field]));
    } catch (error) {
      found.push(error instanceof Error ? error.message : String(error));
    }
    context.controller.abort();
    library.close();
  }
  return found;
}

parentPort?.postMessage(await race(workerData as RaceTask));
