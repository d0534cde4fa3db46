// SPDX-License-Identifier: Apache-2.0

import { join } from "node:path";
import type { Grown } from "./grow/cache.js";
import { packageRoot } from "./paths.js";
import { programVersion, runProgram } from "./program.js";
import type { PeerResult, ProgramRun } from "./results.js";

/** What both programs look for. The peer also sees the enter halves of system calls, where no file has been opened yet. */
const FILTER = "evt.type=open and fd.name startswith /etc/";
const PEER_FILTER = `${FILTER} and evt.dir=<`;

/** Runs sysdig and `peregrine read` in turn on the same capture; null where sysdig is not installed. */
export async function comparePeer(grown: Grown, name: string, runs: number): Promise<PeerResult | null> {
  const version = programVersion("sysdig");
  if (version === null) return null;
  const peregrine = join(packageRoot(), "bin", "peregrine.js");
  const peerRuns: ProgramRun[] = [];
  const peregrineRuns: ProgramRun[] = [];
  for (let i = 0; i < runs; i++) {
    peerRuns.push(await runProgram("sysdig", ["-r", grown.path, PEER_FILTER]));
    peregrineRuns.push(await runProgram(process.execPath, [peregrine, "read", grown.path, "--filter", FILTER]));
  }
  return {
    peer: version.replace(" version", ""),
    capture: name,
    events: grown.events,
    filter: FILTER,
    peerRuns,
    peregrineRuns,
  };
}
