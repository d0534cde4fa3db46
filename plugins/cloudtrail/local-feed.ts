// SPDX-License-Identifier: Apache-2.0
import { createReadStream, type Dirent, readdirSync, readFileSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ConfigFailure, type Progress, SourceFailure } from "peregrine/sdk";
import type { Feed, Piece } from "../common/pump.js";
import { type LogPiece, LogRun, type LogSettings } from "./log-run.js";

const LOG_NAME = /\.json(\.gz|\.zst)?$/;
/** Files up to this size are read in one go. */
const SMALL = 64 * 1024;
/** Files up to this size are read as a whole, ahead of their turn. */
const WHOLE = 16 * 1024 * 1024;
const PIECE = 256 * 1024;

interface NextFile {
  readonly name: string;
  readonly run: LogRun;
  readonly size: number;
  /** Why it cannot be read; null: nothing is known against it. */
  readonly error: unknown;
}

/** A log file, or all below a folder: in the order of their names, folder by folder. */
class LocalFeed implements Feed {
  readonly #files: Iterator<string>;
  #run: LogRun | null = null;
  /** The file behind the one that is being read. */
  #ahead: NextFile | null = null;
  #failure: { readonly error: unknown } | null = null;
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
    const run = this.#run;
    if (run !== null) {
      const piece = run.more();
      return piece === undefined ? this.#more(run) : this.#given(piece);
    }
    if (this.#failure !== null) throw this.#failure.error;
    const file = this.#ahead ?? this.#begin();
    this.#ahead = null;
    return file === null ? null : this.#open(file);
  }

  /** Finds the next file and starts to read it, if it is neither small nor very large. */
  #begin(): NextFile | null {
    const found = this.#files.next();
    if (found.done === true) return null;
    const name = found.value;
    const run = new LogRun(name, this.settings);
    try {
      const { size } = statSync(name);
      if (size > SMALL && size <= WHOLE) run.openWhole(readFile(name));
      return { name, run, size, error: null };
    } catch (error) {
      return { name, run, size: 0, error };
    }
  }

  #open({ name, run, size, error }: NextFile): Piece | Promise<Piece> {
    this.#current = name;
    if (error !== null) return this.#unreadable(error);
    if (size <= SMALL) {
      try {
        const piece = run.small(readFileSync(name));
        if (piece !== null) {
          this.#finished();
          return this.#piece(piece);
        }
      } catch (reason) {
        return this.#unreadable(reason);
      }
    }
    if (size <= SMALL || size > WHOLE) {
      run.open(createReadStream(name, { highWaterMark: PIECE }) as AsyncIterable<Uint8Array>);
    }
    this.#run = run;
    return this.#more(run);
  }

  #given(piece: LogPiece | null): Piece {
    if (piece !== null) {
      // While this file is evaluated the next one is inflated. A folder that cannot be read is told when its turn comes.
      if (this.#ahead === null && this.#failure === null) {
        try {
          this.#ahead = this.#begin();
        } catch (error) {
          this.#failure = { error };
        }
      }
      return this.#piece(piece);
    }
    this.#run = null;
    this.#finished();
    return NOTHING;
  }

  async #more(run: LogRun): Promise<Piece> {
    let piece: LogPiece | null;
    try {
      piece = await run.next();
    } catch (error) {
      this.#run = null;
      return this.#unreadable(error);
    }
    return this.#given(piece);
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
    await this.#ahead?.run.close();
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
