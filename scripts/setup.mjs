// SPDX-License-Identifier: Apache-2.0
// Brings a clone into a state in which it runs: packages, the native addon, the compiled TypeScript. Uses nothing but
// Node itself, says one line on stderr for each thing it does and nothing when there is nothing to do.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
const at = (...parts) => join(root, ...parts);

/** A step that failed, with what the user can do about it. */
export class SetupError extends Error {}

export function say(line) {
  process.stderr.write(`peregrine: ${line}\n`);
}

function readJson(path) {
  return JSON.parse(readFileSync(path, "utf8"));
}

/** Every file below `folder`, sorted, for which `wanted` holds; an absent folder has none. */
function filesBelow(folder, wanted) {
  if (!existsSync(folder)) return [];
  const found = [];
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) found.push(...filesBelow(path, wanted));
    else if (wanted(path)) found.push(path);
  }
  return found.sort();
}

/** A hash of the names and the bytes of files, and of whatever else the result depends on. */
function fingerprint(files, ...extra) {
  const hash = createHash("sha256");
  for (const text of extra) hash.update(`${text}\0`);
  for (const file of files)
    hash
      .update(`${relative(root, file)}\0`)
      .update(readFileSync(file))
      .update("\0");
  return hash.digest("hex");
}

function stampIs(path, value) {
  return existsSync(path) && readFileSync(path, "utf8") === value;
}

/** Runs a program with its output held back: shown only when it fails, on stderr. */
function run(what, command, args, options = {}) {
  const started = Date.now();
  say(`${what} ...`);
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    encoding: "utf8",
    maxBuffer: 1 << 28,
    ...options,
  });
  const output = `${result.stdout ?? ""}${result.stderr ?? ""}`;
  if (result.error !== undefined) throw new SetupError(`${what}: ${result.error.message}`);
  if (result.status !== 0) {
    process.stderr.write(output);
    throw new SetupError(`${what} failed (${result.signal ?? `exit code ${result.status}`}); its output is above`);
  }
  say(`${what}: done in ${((Date.now() - started) / 1000).toFixed(1)} s`);
}

/** Throws where the running Node is older than package.json asks for. */
export function checkNode() {
  const wanted = readJson(at("package.json")).engines.node;
  const least = wanted.replace(">=", "").split(".").map(Number);
  const have = process.versions.node.split(".").map(Number);
  const older = have[0] < least[0] || (have[0] === least[0] && have[1] < (least[1] ?? 0));
  if (older) throw new SetupError(`Node ${wanted} is needed, this is ${process.versions.node}: install a newer one`);
}

/** True where every package that the lock wants here stands in node_modules in the wanted version. */
function installed(lock) {
  const hidden = at("node_modules", ".package-lock.json");
  if (!existsSync(hidden)) return false;
  const have = readJson(hidden).packages;
  return Object.entries(lock.packages).every(
    ([path, entry]) => path === "" || entry.optional === true || have[path]?.version === entry.version,
  );
}

/** Packages from the npm registry, exactly as package-lock.json says. Their install scripts are not run: none is needed. */
export function installPackages() {
  const lockFile = at("package-lock.json");
  const stamp = at("node_modules", ".peregrine-stamp");
  const wanted = fingerprint([lockFile]);
  if (stampIs(stamp, wanted)) return;
  if (!installed(readJson(lockFile))) {
    const npm = process.env.npm_execpath?.endsWith("npm-cli.js")
      ? [process.execPath, process.env.npm_execpath]
      : ["npm"];
    // `npm ci` begins by removing node_modules; what is there already is brought up to the lock instead.
    const command = existsSync(at("node_modules")) ? ["install", "--no-save"] : ["ci"];
    const flags = ["--ignore-scripts", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error"];
    run("installing packages", npm[0], [...npm.slice(1), ...command, ...flags]);
  }
  writeFileSync(stamp, wanted);
}

/**
 * The folder whose include/node/ holds the headers of the running Node, null where there is none: then node-gyp fetches
 * them. What npm_config_nodedir names is taken as it is; elsewhere the major version must be that of the running Node.
 */
export function findHeaders() {
  const header = (folder, name) => join(folder, "include", "node", name);
  const asked = process.env.npm_config_nodedir;
  if (asked && existsSync(header(asked, "node_api.h"))) return asked;
  const prefix = process.config.variables.node_prefix;
  const folders = [dirname(dirname(process.execPath)), prefix, "/usr", "/usr/local"];
  const major = process.versions.node.split(".")[0];
  for (const folder of folders) {
    if (!folder || !existsSync(header(folder, "node_api.h"))) continue;
    const version = existsSync(header(folder, "node_version.h"))
      ? readFileSync(header(folder, "node_version.h"), "utf8")
      : "";
    if (new RegExp(`NODE_MAJOR_VERSION\\s+${major}\\b`).test(version)) return folder;
  }
  return null;
}

/** What binding.gyp makes: the addons, and the program that runs a plugin's library. */
const OUTPUTS = ["peregrine.node", "plugin_link.node", "plugin_host"].map((name) => at("build", "Release", name));

/** The native addons: build/Release/. */
export function buildAddon() {
  if (!existsSync(at("binding.gyp"))) return;
  const stamp = at("build", ".peregrine-stamp");
  const sources = [at("binding.gyp"), ...filesBelow(at("native"), (path) => /\.(cc|h|c|cpp|hpp)$/.test(path))];
  const wanted = fingerprint(sources, process.versions.modules, process.arch);
  const whole = OUTPUTS.every((file) => existsSync(file));
  if (whole && stampIs(stamp, wanted)) return;
  // Built by hand with node-gyp, after the last change of a source: as good as ours.
  const byHand = whole && !existsSync(stamp);
  const oldest = byHand ? Math.min(...OUTPUTS.map((file) => statSync(file).mtimeMs)) : 0;
  if (!byHand || sources.some((file) => statSync(file).mtimeMs > oldest)) {
    const headers = findHeaders();
    if (headers === null) say("no Node headers on this machine: node-gyp will fetch them from nodejs.org");
    const own = at("node_modules", "node-gyp", "bin", "node-gyp.js");
    // As somebody's dependency there is no node-gyp of ours; npm names the one that it brings.
    const gyp = existsSync(own) ? own : (process.env.npm_config_node_gyp ?? own);
    const args = [gyp, "rebuild", "--jobs", String(availableParallelism())];
    if (headers !== null) args.push(`--nodedir=${headers}`);
    run("building the native addons", process.execPath, args);
  }
  writeFileSync(stamp, wanted);
}

/** dist/ from src/, test/, bench/ and plugins/. */
export function buildTypeScript() {
  const folders = ["src", "test", "bench", "plugins"];
  const sources = folders.flatMap((name) => filesBelow(at(name), (path) => path.endsWith(".ts")));
  const stamp = at("dist", ".peregrine-stamp");
  const compiler = at("node_modules", "typescript");
  const wanted = fingerprint([at("tsconfig.json"), ...sources], readJson(join(compiler, "package.json")).version);
  if (stampIs(stamp, wanted)) return;
  rmSync(stamp, { force: true });
  run("compiling TypeScript", process.execPath, [join(compiler, "bin", "tsc"), "-p", root]);
  // What was compiled from a file that is gone would still be run as a test.
  const made = new Set(sources.map((file) => relative(root, file).replace(/\.ts$/, "")));
  const stale = (path) => !made.has(relative(at("dist"), path).replace(/(\.d\.ts|\.js)(\.map)?$/, ""));
  for (const file of filesBelow(at("dist"), stale)) rmSync(file);
  mkdirSync(at("dist"), { recursive: true });
  writeFileSync(stamp, wanted);
}

/** All of it, in order. Ends the process with one line where a step fails. */
export function setUp() {
  try {
    checkNode();
    installPackages();
    buildAddon();
    buildTypeScript();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(error.message);
    process.exit(1);
  }
}

/** Runs a module of this repository in this process, as if it had been given to node with `args`. */
export async function become(path, args) {
  const file = at(...path.split("/"));
  process.argv = [process.argv[0], file, ...args];
  await import(pathToFileURL(file).href);
}

/** Every compiled test file, or those whose path holds one of `parts`. */
export function testFiles(parts) {
  const files = filesBelow(at("dist", "test"), (path) => path.endsWith(".test.js"));
  if (parts.length === 0) return files;
  return files.filter((file) => parts.some((part) => relative(at("dist"), file).split(sep).join("/").includes(part)));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) setUp();
