// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Command, Option } from "commander";
import { type Registry, type RegistryProblem, readRegistry } from "../plugins/registry.js";
import { checkRegistry } from "../plugins/registry-check.js";
import type { Language } from "../plugins/scaffold.js";
import { PeregrineError } from "../telemetry/errors.js";
import { Exit } from "./context.js";
import { packageRoot } from "./package-root.js";
import { print } from "./print.js";

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new PeregrineError("REGISTRY_OPEN", "Could not read the registry", { file }, { cause });
  }
}

/** The registry as it was; it must at least be readable. */
function readBase(file: string): Registry {
  const base = readRegistry(read(file));
  if ("registry" in base) return base.registry;
  const [problem] = base.problems;
  throw new PeregrineError(problem?.code ?? "REGISTRY_SHAPE", problem?.message ?? "", { file, ...problem });
}

function line(file: string, { line, column, code, message }: RegistryProblem): string {
  return `${file}:${line}:${column}: error ${code}: ${message}\n`;
}

/** `peregrine plugin check-registry FILE`. @returns the exit status */
function check(file: string, flags: { readonly base?: string; readonly json?: boolean }): number {
  const base = flags.base === undefined ? null : readBase(flags.base);
  const problems = checkRegistry(read(file), base);
  if (flags.json === true) print(`${JSON.stringify({ file, ok: problems.length === 0, problems })}\n`);
  else if (problems.length === 0) print(`${file}: Ok\n`);
  else print(problems.map((problem) => line(file, problem)).join(""));
  return problems.length === 0 ? Exit.OK : Exit.FAILED;
}

/** `peregrine plugin new NAME`. @returns the exit status */
async function create(name: string, flags: { readonly folder?: string; readonly library?: Language }): Promise<number> {
  const root = packageRoot();
  if (root === null) throw new PeregrineError("PLUGIN_NEW", "The folder of Peregrine itself is not found");
  const folder = resolve(flags.folder ?? name);
  const { library = null } = flags;
  const { writePlugin } = await import("../plugins/scaffold.js");
  const registry = readBase(join(root, "registry.yaml"));
  const files = writePlugin({ name, library, folder, packageRoot: root, registry });
  const lines = files.map((file) => `  ${file}\n`).join("");
  print(
    `${folder}:\n${lines}\nTry it:\n  cd ${folder}\n  ${library === null ? "npm test" : "make test\n  make"}\n  peregrine -c falco.yaml\n`,
  );
  return Exit.OK;
}

/** Adds the subcommand `plugin`. */
export function pluginCommand(program: Command, done: (status: number) => void): void {
  const plugin = program.command("plugin").description("work on plugins and their registry");
  plugin
    .command("check-registry")
    .description("check a registry of plugins: names, IDs, event sources, reservations")
    .argument("<file>", "registry.yaml, of today's form or that of 2022")
    .option("--base <file>", "the registry as it was: nothing that it gave out may change")
    .option("--json", "print one JSON object")
    .action((file: string, flags: { readonly base?: string; readonly json?: boolean }) => done(check(file, flags)));
  plugin
    .command("new")
    .description("write a plugin that works: source, fields, test, rule and configuration")
    .argument("<name>", "name of the plugin: [a-z]+[a-z0-9_-]*")
    .option("--folder <path>", "where (default: a folder of that name)")
    .addOption(
      new Option("--library <language>", "a shared library for Falco's plugin API, and not a module").choices([
        "c",
      ] satisfies Language[]),
    )
    .action(async (name: string, flags: { readonly folder?: string; readonly library?: Language }) =>
      done(await create(name, flags)),
    );
}
