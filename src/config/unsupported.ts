// SPDX-License-Identifier: Apache-2.0

import { parseBoolean } from "./schema.js";
import { isMap, type Tree, type TreeMap } from "./tree.js";

/** A key of Falco's that this version does not act on. */
interface Unsupported {
  /** Whether a value asks for what is not there; a file that only spells Falco's default out asks for nothing. */
  readonly asks: (value: Tree) => boolean;
  /** What happens instead; goes on after the key's name. */
  readonly instead: string;
}

const on = (value: Tree): boolean => typeof value === "string" && parseBoolean(value) === true;
const off = (value: Tree): boolean => typeof value === "string" && parseBoolean(value) === false;
const never = (): boolean => false;

/** Any number but those that Falco takes where nothing is written. */
function otherThan(...defaults: readonly number[]): (value: Tree) => boolean {
  return (value) => typeof value === "string" && !defaults.includes(Number(value));
}

/**
 * Keys of Falco's, of any version since 0.31, that are known and not acted on; docs/falco-options.md has a row for each. Where
 * one is set so that its user counts on it, that is told.
 */
export const UNSUPPORTED: Readonly<Record<string, Unsupported>> = {
  buffer_format_base64: { asks: on, instead: "buffers are shown as text" },
  "engine.kmod": { asks: never, instead: "there is no kernel module" },
  "falco_libs.thread_table_auto_purging_interval_s": { asks: never, instead: "threads are forgotten when they end" },
  "falco_libs.thread_table_auto_purging_thread_timeout_s": {
    asks: never,
    instead: "threads are forgotten when they end",
  },
  "falco_libs.thread_table_size": { asks: otherThan(0, 262_144), instead: "the limits are those of docs/ledger.md" },
  grpc: { asks: enabled, instead: "no port is opened" },
  grpc_output: { asks: enabled, instead: "nothing is sent there" },
  http_output: { asks: enabled, instead: "nothing is sent there" },
  libs_logger: { asks: never, instead: "there is one log" },
  log_stderr: { asks: off, instead: "logs go to standard error" },
  log_syslog: { asks: never, instead: "logs go to standard error, which systemd keeps in the journal" },
  metadata_download: { asks: never, instead: "Falco has none of it any more either" },
  metrics: { asks: enabled, instead: "figures are in the summary at the end" },
  output_timeout: { asks: otherThan(2000), instead: "a slow output is waited for" },
  outputs: { asks: (value) => isMap(value) && value["rate"] !== undefined, instead: "alerts are not limited" },
  "outputs_queue.capacity": { asks: otherThan(0), instead: "a slow output is waited for and no alert is dropped" },
  plugins_hostinfo: { asks: never, instead: "plugins cannot ask for it" },
  program_output: { asks: enabled, instead: "nothing is sent there" },
  syslog_output: { asks: enabled, instead: "nothing is sent there" },
  webserver: { asks: enabled, instead: "no port is opened" },
};

function enabled(value: Tree): boolean {
  return isMap(value) && value["enabled"] !== undefined && on(value["enabled"]);
}

/** Takes the keys that are not acted on out of the tree. @returns the names of those that ask for something, and what happens instead */
export function removeUnsupported(root: TreeMap): string[] {
  const told: string[] = [];
  for (const [path, { asks, instead }] of Object.entries(UNSUPPORTED)) {
    const steps = path.split(".");
    const last = steps.pop() ?? "";
    let parent: Tree | undefined = root;
    for (const step of steps) parent = isMap(parent) ? parent[step] : undefined;
    if (!isMap(parent)) continue;
    const value = parent[last];
    if (value === undefined) continue;
    if (value !== null && asks(value)) told.push(`${path} (${instead})`);
    delete parent[last];
    // A map that held nothing else is nobody's.
    if (steps.length > 0 && Object.keys(parent).length === 0 && steps[0] !== "engine") delete root[steps[0]];
  }
  return told;
}
