import { closeSync, openSync, readSync } from "node:fs";
import { ConfigFailure, definePlugin, SDK_VERSION, type SourceEvent } from "peregrine/sdk";

/** What the extract functions below read of an event. */
interface Entry {
  readonly user?: unknown;
  readonly action?: unknown;
  readonly failed?: unknown;
  readonly [key: string]: unknown;
}

const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

/** Makes of an event's text what the extract functions read; a line that is no JSON object has no values. */
function parse(line: string): Entry {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? (value as Entry) : {};
  } catch {
    return {};
  }
}

/** Reads the lines of a file, to its end. */
class Lines {
  private readonly buffer = Buffer.alloc(64 * 1024);
  private rest = "";
  private readonly file: number;

  constructor(path: string) {
    try {
      this.file = openSync(path, "r");
    } catch (cause) {
      throw new ConfigFailure(`open_params: ${path} cannot be opened`, { cause });
    }
  }

  /** The next events; `end`: there will be no more. */
  nextBatch(): { events: SourceEvent[]; end: boolean } {
    const read = readSync(this.file, this.buffer);
    const lines = (this.rest + this.buffer.toString("utf8", 0, read)).split("\n");
    this.rest = read === 0 ? "" : (lines.pop() ?? "");
    const events = lines.filter((line) => line !== "").map((data) => ({ data }));
    return { events, end: read === 0 };
  }

  close(): void {
    closeSync(this.file);
  }
}

export const plugin = definePlugin({
  name: "PLUGIN",
  version: "0.1.0",
  description: "What its events are",
  contact: "you@example.com",
  sdk: SDK_VERSION,
  init: () => null,
  source: {
    // For plugins in development. An ID of your own: docs/plugins/registry.md.
    id: 999,
    source: "SOURCE",
    open: (_state, parameters) => new Lines(parameters),
    eventToString: (_state, event) => event.text(),
  },
  extractor: {
    fields: {
      "SOURCE.user": { type: "string", desc: "Who did it", suggested: true },
      "SOURCE.action": { type: "string", desc: "What was done" },
      "SOURCE.failed": { type: "bool", desc: "Whether it failed" },
      "SOURCE.value": { type: "string", desc: "Any member of the entry", argument: { kind: "key", required: true } },
    },
    start: () => ({
      record: (event): Entry => parse(event.text()),
      extract: {
        "SOURCE.user": (entry) => text(entry.user),
        "SOURCE.action": (entry) => text(entry.action),
        "SOURCE.failed": (entry) => (typeof entry.failed === "boolean" ? entry.failed : undefined),
        "SOURCE.value": (key) => (entry) => (entry[key] === undefined ? undefined : String(entry[key])),
      },
    }),
  },
});
