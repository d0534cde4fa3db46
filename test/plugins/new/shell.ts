// SPDX-License-Identifier: Apache-2.0

import { spawn } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../support/shared.js";

const MAIN = new URL("../../../src/cli/main.js", import.meta.url).href;

export interface Said {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder in which the command `peregrine` is this program. */
export class Shell {
  private readonly bin: string;

  constructor(private readonly folder: string) {
    this.bin = join(folder, ".bin");
    mkdirSync(this.bin, { recursive: true });
    const program = join(this.bin, "main.mjs");
    writeFileSync(program, `import { main } from "${MAIN}";\nawait main(process.argv.slice(2));\n`);
    const file = join(this.bin, "peregrine");
    writeFileSync(file, `#!/bin/sh\nexec "${process.execPath}" "${program}" "$@"\n`);
    chmodSync(file, 0o755);
  }

  /** Checks the types of a plugin in a folder. */
  typecheck(below: string): Promise<Said> {
    const compiler = join(packageRoot, "node_modules", "typescript", "bin", "tsc");
    const types = join(packageRoot, "node_modules", "@types");
    return this.run(`"${process.execPath}" "${compiler}" -p . --typeRoots "${types}" --types node`, below);
  }

  /** Runs commands, one after the other, until one fails. */
  run(commands: string, below = "."): Promise<Said> {
    // A test that runs in a test would report to it.
    const { NODE_TEST_CONTEXT: _, ...inherited } = process.env;
    const child = spawn("sh", ["-e", "-c", commands], {
      cwd: join(this.folder, below),
      env: { ...inherited, PATH: `${this.bin}:${process.env["PATH"]}`, TZ: "UTC" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const said = { stdout: "", stderr: "" };
    child.stdout.on("data", (chunk: Buffer) => {
      said.stdout += chunk.toString();
    });
    child.stderr.on("data", (chunk: Buffer) => {
      said.stderr += chunk.toString();
    });
    return new Promise((done) => child.once("close", (status) => done({ status, ...said })));
  }
}
