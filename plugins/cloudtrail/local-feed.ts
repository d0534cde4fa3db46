// SPDX-License-Identifier: Apache-2.0
import { createReadStream, type Dirent, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { ConfigFailure, type Progress, SourceFailure } from "peregrine/sdk";
import type { Feed, Piece } from "../common/pump.js";
import { type LogPiece, LogRun, type LogSettings } from "./log-run.js";

const LOG_NAME = /\.json(\.gz|\.zst)?$/;
/** Files up to this size are read in one go. */
const SMALL = 64 * 1024;
const PIECE = 256 * 1024;

/** A log file, or all below a folder: in the order of their names, folder by folder. */
class LocalFeed implements Feed {
  readonly #files: Iterator<string>;
  #run: LogRun | null = null;
  #current = "";
  #done = 0;
  #records = 0;

  constructor(
    readonly root: string,
    readonly settings: LogSettings,
  ) {
    this.#files = logFiles(root);
  }

  next(): Piece | null | Promise<Piece | null> {
    if (this.#run !== null) return this.#more(this.#run);
    const file = this.#files.next();
    if (file.done === true) return null;
    this.#current = file.value;
    const run = new LogRun(this.#current, this.settings);
    try {
      if (statSync(this.#current).size <= SMALL) {
        const piece = run.small(readFileSync(this.#current));
        if (piece !== null) {
          this.#finished();
          return this.#piece(piece);
        }
      }
    } catch (error) {
      return this.#unreadable(error);
    }
    run.open(createReadStream(this.#current, { highWaterMark: PIECE }) as AsyncIterable<Uint8Array>);
    this.#run = run;
    return this.#more(run);
  }

  async #more(run: LogRun): Promise<Piece> {
    let piece: LogPiece | null;
    try {
      piece = await run.next();
    } catch (error) {
      this.#run = null;
      return this.#unreadable(error);
    }
    if (piece === null) {
      this.#run = null;
      this.#finished();
      return NOTHING;
    }
    return this.#piece(piece);
  }

  #piece(piece: LogPiece): Piece {
    this.#records += piece.events.length;
    return { events: piece.events, mark: () => undefined };
  }

  #finished(): void {
    this.#done++;
    this.settings.counters.files.add(1);
  }

  /** A file that cannot be read is no reason not to read the others. */
  #unreadable(error: unknown): Piece {
    const reason = error instanceof Error ? error.message : String(error);
    this.settings.quarantine.keep("file", null, this.#current, reason);
    return NOTHING;
  }

  progress(): Progress {
    return { percent: 0, text: `${this.#done} files, ${this.#records} records, ${this.#current}` };
  }

  async close(): Promise<void> {
    await this.#run?.close();
  }
}

const NOTHING: Piece = { events: [], mark: () => undefined };

/** Opens a path. @throws ConfigFailure where there is nothing to read */
export function openLocal(path: string, settings: LogSettings): LocalFeed {
  let folder: boolean;
  try {
    folder = statSync(path).isDirectory();
  } catch (error) {
    throw new ConfigFailure(`cannot open ${path}: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
  if (folder && logFiles(path).next().done === true) {
    throw new ConfigFailure(`no .json, .json.gz or .json.zst file below ${path}`);
  }
  return new LocalFeed(path, settings);
}

function* logFiles(path: string): Generator<string> {
  if (!statSync(path).isDirectory()) {
    yield path;
    return;
  }
  yield* below(path);
}

function* below(folder: string): Generator<string> {
  let entries: Dirent[];
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    throw new SourceFailure(`cannot read the folder ${folder}: ${error instanceof Error ? error.message : error}`, {
      retry: false,
      cause: error,
    });
  }
  entries.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* below(path);
    else if (LOG_NAME.test(entry.name)) yield path;
  }
}
