// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { filesOf, type Import, importsIn, importsOf, isExternal, packageJson, textOf } from "./scan.js";

/** Folder below src/ -> folders it may import. The picture of it is in ARCHITECTURE.md; change both, with the reason. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  batch: [],
  sdk: [],
  telemetry: ["batch"],
  config: ["telemetry"],
  capture: ["batch", "telemetry"],
  // Container engines are asked for the sake of live sources, and know of nothing else.
  containers: [],
  state: ["batch", "telemetry", "capture"],
  fields: ["batch", "state", "sdk"],
  rules: ["batch", "fields", "telemetry"],
  alerts: ["batch", "fields", "rules"],
  outputs: ["alerts", "config", "telemetry"],
  plugins: ["sdk", "batch", "fields", "config", "telemetry"],
  engine: [
    "batch",
    "capture",
    "containers",
    "state",
    "fields",
    "rules",
    "alerts",
    "outputs",
    "plugins",
    "sdk",
    "config",
    "telemetry",
  ],
  cli: ["engine", "config", "rules", "fields", "plugins", "telemetry"],
  "": ["engine", "rules", "fields", "plugins", "alerts", "telemetry"],
};

/** Package -> the only folder or file that may import it. */
const OWNERS: Readonly<Record<string, string>> = {
  piscina: "src/engine/",
  pino: "src/telemetry/",
  "pino-pretty": "src/telemetry/",
  antlr4ts: "src/rules/parse.ts",
  commander: "src/cli/",
};

const sources = filesOf("src", ".ts");
const hand = sources.filter((path) => !path.includes("/generated/"));
const imports = sources.flatMap(importsOf);
const folderOf = (path: string): string => /^src\/([^/]+)\//.exec(path)?.[1] ?? "";
const show = (i: Import): string => `${i.from}:${i.line} imports ${i.to}`;

test("the scanner sees every form of import that the house style has", () => {
  const text = [
    'import { a } from "../batch/ring.js";',
    "import type {",
    "  B,",
    '} from "./b.js";',
    'export { c, type D } from "./c.js";',
    'import "node:fs";',
    '// import { no } from "./no.js";',
    '/* import "./no.js" */ const later = () => import("./later.js");',
    'new Worker(new URL("./thread.js", import.meta.url));',
  ].join("\n");
  const seen = importsIn("src/engine/x.ts", text).map((i) => [i.line, i.to, i.typeOnly]);
  assert.deepEqual(
    seen.sort((a, b) => Number(a[0]) - Number(b[0])),
    [
      [1, "src/batch/ring.ts", false],
      [2, "src/engine/b.ts", true],
      [5, "src/engine/c.ts", false],
      [6, "node:fs", false],
      [8, "src/engine/later.ts", false],
      [9, "src/engine/thread.ts", false],
    ],
  );
});

test("native addons are loaded by capture, and that of plugins by the folder of their libraries, alone", () => {
  // These two only ask where a module is.
  const look = ["src/plugins/locate.ts", "src/plugins/module.ts"];
  const may = (path: string) =>
    path.startsWith("src/capture/") || path.startsWith("src/plugins/library/") || look.includes(path);
  const bad = hand.filter((path) => !may(path) && /createRequire|\.node"/.test(textOf(path)));
  assert.deepEqual(bad, []);
});

test("imports go one way between the folders of src/", () => {
  const bad = imports.filter((i) => {
    if (isExternal(i)) return false;
    const [from, to] = [folderOf(i.from), folderOf(i.to)];
    return from !== to && !(ALLOWED[from] ?? []).includes(to);
  });
  assert.deepEqual(bad.map(show), []);
});

test("state imports types and the native addon alone from capture", () => {
  const bad = imports.filter(
    (i) =>
      folderOf(i.from) === "state" && folderOf(i.to) === "capture" && !i.typeOnly && i.to !== "src/capture/addon.ts",
  );
  assert.deepEqual(bad.map(show), []);
});

test("the table of allowed imports has no cycle, nor have the files", () => {
  const folders = new Map(Object.entries(ALLOWED));
  assert.equal(findCycle(folders), null);
  assert.equal(
    findCycle(
      new Map([
        ["a", ["b"]],
        ["b", ["c"]],
        ["c", ["b"]],
      ]),
    ),
    "b -> c -> b",
  );
  const files = new Map<string, string[]>();
  for (const path of sources) files.set(path, []);
  for (const i of imports) if (!isExternal(i)) files.get(i.from)?.push(i.to);
  assert.equal(findCycle(files), null);
});

test("bundled plugins are built on the SDK alone, as anyone's would be", () => {
  const { dependencies } = packageJson();
  const bad = filesOf("plugins", ".ts")
    .flatMap(importsOf)
    .filter(({ from, to }) => {
      if (to === "peregrine/sdk" || to.startsWith("node:")) return false;
      if (to.startsWith("plugins/common/")) return false;
      const own = from.split("/").slice(0, 2).join("/");
      return to.startsWith("plugins/") || to.startsWith("src/") || to.startsWith("peregrine")
        ? !to.startsWith(`${own}/`)
        : dependencies[packageOf(to)] === undefined;
    });
  assert.deepEqual(bad.map(show), []);
  assert.ok(filesOf("plugins", ".ts").length > 30);
});

const packageOf = (name: string): string =>
  name
    .split("/")
    .slice(0, name.startsWith("@") ? 2 : 1)
    .join("/");

test("a package has one importer", () => {
  const bad = imports.filter((i) => {
    const owner = OWNERS[i.to.split("/")[0] ?? ""];
    const generated = i.from.startsWith("src/rules/generated/");
    return isExternal(i) && owner !== undefined && !generated && !i.from.startsWith(owner);
  });
  assert.deepEqual(bad.map(show), []);
});

test("the generated parser has one importer", () => {
  const bad = imports.filter(
    (i) =>
      i.to.startsWith("src/rules/generated/") &&
      i.from !== "src/rules/parse.ts" &&
      !i.from.startsWith("src/rules/generated/"),
  );
  assert.deepEqual(bad.map(show), []);
});

test("every import of ours names a file that is there", () => {
  const known = new Set(sources);
  const bad = imports.filter((i) => !isExternal(i) && !known.has(i.to));
  assert.deepEqual(bad.map(show), []);
});

test("every package that is imported is a dependency", () => {
  const known = new Set(Object.keys(packageJson().dependencies));
  const bad = imports.filter((i) => {
    if (!isExternal(i) || i.to.startsWith("node:")) return false;
    const name = i.to.startsWith("@") ? i.to.split("/").slice(0, 2).join("/") : (i.to.split("/")[0] ?? "");
    return !known.has(name);
  });
  assert.deepEqual(bad.map(show), []);
});

test("no default exports and no `export *` in src/", () => {
  const bad = hand.filter((path) => textOf(path).match(/^export (default|\*)/m) !== null);
  assert.deepEqual(bad, []);
});

/** A cycle as a text, null where there is none. */
function findCycle(graph: ReadonlyMap<string, readonly string[]>): string | null {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (node: string): string | null => {
    if (done.has(node)) return null;
    const at = path.indexOf(node);
    if (at >= 0) return [...path.slice(at), node].join(" -> ");
    path.push(node);
    for (const next of graph.get(node) ?? []) {
      const cycle = visit(next);
      if (cycle !== null) return cycle;
    }
    path.pop();
    done.add(node);
    return null;
  };
  for (const node of graph.keys()) {
    const cycle = visit(node);
    if (cycle !== null) return cycle;
  }
  return null;
}
