// SPDX-License-Identifier: Apache-2.0

import { existsSync } from "node:fs";
import { join } from "node:path";
import type { ReplayReport } from "../engine/report.js";
import { failureText } from "./finish.js";
import { packageRoot } from "./package-root.js";

/** What is replayed where this machine cannot be watched. */
export interface Example {
  readonly capture: string;
  /** Why, what to do about it, and what happens now. */
  readonly sentence: string;
  readonly code: string;
}

/**
 * The example for a run that was to watch this machine and could not begin; null where it could, or where there is nothing
 * that could be replayed. scripts/record-example.mjs records it.
 */
export function exampleFor({ failure, events }: Pick<ReplayReport, "failure" | "events">): Example | null {
  // Without the addon a capture cannot be read either.
  if (failure === null || events > 0 || !failure.code.startsWith("LIVE_")) return null;
  const root = packageRoot();
  const capture = root === null ? "" : join(root, "examples", "first-look.scap");
  if (!existsSync(capture)) return null;
  const sentence = `This machine is not watched: ${failureText(failure)} Until then a capture that Peregrine recorded is replayed: ${capture}`;
  return { capture, sentence, code: failure.code };
}
