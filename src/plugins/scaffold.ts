// SPDX-License-Identifier: Apache-2.0

import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PeregrineError } from "../telemetry/errors.js";
import { PLUGIN_NAME } from "./read-info.js";
import type { Registry } from "./registry.js";

/** Languages in which shared libraries are written. */
export type Language = "c";

export interface ScaffoldPlan {
  /** Name of the plugin. */
  readonly name: string;
  /** A shared library in this language, for Falco's plugin API; null: a module in TypeScript. */
  readonly library: Language | null;
  /** Absolute path of the folder to write: it must not be there, or be empty. */
  readonly folder: string;
  /** This package. */
  readonly packageRoot: string;
  /** Names that are given out already; null: it is not looked. */
  readonly registry: Registry | null;
}

/** Name of the event source of a plugin, which must have no hyphens. */
function sourceOf(name: string): string {
  return name.replaceAll("-", "_");
}

/** @throws PeregrineError PLUGIN_NEW where nothing may have that name, or something has it */
function checkName(name: string, registry: Registry | null): void {
  if (!PLUGIN_NAME.test(name)) throw refused(`"${name}" is no name of a plugin: it must match ${PLUGIN_NAME.source}`);
  if (registry === null) return;
  if (registry.reservedSources.includes(sourceOf(name))) throw refused(`the name "${name}" is reserved`);
  const known = registry.entries.some((entry) => entry.name === name || entry.source === sourceOf(name));
  if (known) throw refused(`the registry has a plugin or an event source "${name}" already`);
}

function refused(message: string): PeregrineError {
  return new PeregrineError("PLUGIN_NEW", message);
}

/**
 * Writes a plugin that works: source, fields, test, rule and configuration.
 * @returns the files written, in their folder
 * @throws PeregrineError PLUGIN_NEW
 */
export function writePlugin({ name, library, folder, packageRoot, registry }: ScaffoldPlan): readonly string[] {
  checkName(name, registry);
  if (existsSync(folder) && readdirSync(folder).length > 0) throw refused(`${folder} is there already, and not empty`);
  const templates = join(packageRoot, "templates", library === null ? "plugin" : `library-${library}`);
  // Inside of double quotes in YAML.
  const values = { FOLDER: JSON.stringify(folder).slice(1, -1), SOURCE: sourceOf(name), PLUGIN: name };
  const fill = (text: string): string =>
    text.replace(/FOLDER|SOURCE|PLUGIN/g, (word) => values[word as keyof typeof values]);
  const written: string[] = [];
  try {
    mkdirSync(folder, { recursive: true, mode: 0o755 });
    for (const template of readdirSync(templates)) {
      const file = template === "gitignore" ? ".gitignore" : template.replace(/^plugin/, name);
      const text = readFileSync(join(templates, template), "utf8");
      // Plugins that others could write are not loaded, whatever the umask is. A header is of no plugin.
      writeFileSync(join(folder, file), template.endsWith(".h") ? text : fill(text), { mode: 0o644 });
      written.push(file);
    }
    if (library === null) {
      // Found by Node and by editors before anything is installed.
      mkdirSync(join(folder, "node_modules"));
      symlinkSync(packageRoot, join(folder, "node_modules", "peregrine"));
    }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new PeregrineError("PLUGIN_NEW", `the plugin cannot be written: ${why}`, { file: folder }, { cause });
  }
  return written.sort();
}
