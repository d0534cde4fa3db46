// SPDX-License-Identifier: Apache-2.0

import { existsSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, extname, isAbsolute, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { PeregrineError } from "../telemetry/errors.js";

/** Plugins that come with Peregrine. */
const BUNDLED = ["cloudtrail", "json", "k8saudit", "nats"] as const;

/** Where relative paths of plugins begin, if PEREGRINE_PLUGINS does not say otherwise. */
const PLUGIN_FOLDER = "/usr/share/falco/plugins";

function pluginFolder(): string {
  return process.env["PEREGRINE_PLUGINS"] || PLUGIN_FOLDER;
}

export interface Located {
  readonly kind: "module" | "library";
  readonly path: string;
  /** It is part of this program. */
  readonly bundled: boolean;
}

const MODULES = new Set([".js", ".mjs", ".ts"]);

/** The compiled file of a bundled plugin: beside this program's own, whatever folder they were compiled to. */
function bundledPath(name: string): string {
  return fileURLToPath(new URL(`../../plugins/${name}/index.js`, import.meta.url));
}

function bundled(name: string): Located | null {
  if (!(BUNDLED as readonly string[]).includes(name)) return null;
  const path = bundledPath(name);
  return existsSync(path) ? { kind: "module", path, bundled: true } : null;
}

function missing(message: string): PeregrineError {
  return new PeregrineError("PLUGIN_PATH", message);
}

/** A file that is there, by what its name says it is. */
function file(path: string): Located {
  const kind = kindOf(path);
  if (kind === null) throw missing(`${path} is no plugin: its name must end in .so, .js, .mjs or .ts`);
  return { kind, path: realpathSync(path), bundled: false };
}

function kindOf(path: string): Located["kind"] | null {
  const extension = extname(path);
  return MODULES.has(extension) ? "module" : extension === ".so" ? "library" : null;
}

/** The npm package of that name, looked for as a program in the working folder would. */
function npmPackage(name: string): Located | null {
  try {
    const path = createRequire(join(process.cwd(), "peregrine.js")).resolve(name);
    return { kind: "module", path: realpathSync(path), bundled: false };
  } catch {
    return null;
  }
}

/**
 * Finds what library_path names: an absolute path; a path below the plugin folder, that may not lead out of it; the name of
 * a bundled plugin; an npm package. `libNAME.so`, as Falco's configuration has it, is the bundled plugin NAME where the
 * plugin folder has no such file.
 * @throws PeregrineError PLUGIN_PATH
 */
export function locatePlugin(libraryPath: string): Located {
  if (isAbsolute(libraryPath)) {
    if (existsSync(libraryPath)) return file(libraryPath);
    return standIn(libraryPath) ?? notThere(libraryPath);
  }
  if (kindOf(libraryPath) === null) {
    const found = bundled(libraryPath) ?? npmPackage(libraryPath);
    if (found !== null) return found;
    const known = BUNDLED.join(", ");
    throw missing(`${libraryPath} is neither a file, nor one of the bundled plugins (${known}), nor an npm package`);
  }
  const folder = resolve(pluginFolder());
  const path = resolve(folder, libraryPath);
  if (!inside(folder, path)) throw outside(libraryPath, folder);
  if (!existsSync(path)) return standIn(path) ?? notThere(path);
  if (!inside(realpathSync(folder), realpathSync(path))) throw outside(libraryPath, folder);
  return file(path);
}

/** The bundled plugin that stands in for a shared library of the same name that is not there. */
function standIn(path: string): Located | null {
  const name = /^lib(.+)\.so$/.exec(basename(path))?.[1];
  return name === undefined ? null : bundled(name);
}

function notThere(path: string): never {
  throw missing(`there is no plugin at ${path}`);
}

function inside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== "" && !way.startsWith("..") && !isAbsolute(way);
}

function outside(libraryPath: string, folder: string): PeregrineError {
  return missing(`${libraryPath} resolves outside the plugins directory (${folder})`);
}
