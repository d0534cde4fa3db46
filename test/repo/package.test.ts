// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { packageRoot } from "../support/shared.js";
import { packageJson, textOf } from "./scan.js";

interface LockEntry {
  readonly resolved?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}
const lock = JSON.parse(textOf("package-lock.json")) as { readonly packages: Readonly<Record<string, LockEntry>> };
const described = packageJson();

test("what package.json exports has a source", () => {
  const targets = Object.values(described.exports).flatMap((entry) => Object.values(entry));
  const source = (path: string): string => path.replace(/^\.\/dist\//, "").replace(/(\.d\.ts|\.js)$/, ".ts");
  assert.deepEqual(
    targets.map(source).filter((path) => !existsSync(join(packageRoot, path))),
    [],
  );
});

test("the package can be imported by its own name", async () => {
  const named: unknown = await import(described.name);
  assert.ok(typeof named === "object" && named !== null && "replay" in named);
});

test("what package.json ships and starts is there", () => {
  const paths = [...described.files.filter((path) => !path.startsWith("dist")), ...Object.values(described.bin)];
  assert.deepEqual(
    paths.filter((path) => !existsSync(join(packageRoot, path))),
    [],
  );
});

test("the lock names no download host but the public registry", () => {
  const hosts = Object.values(lock.packages).flatMap((entry) =>
    entry.resolved === undefined ? [] : [new URL(entry.resolved).host],
  );
  assert.deepEqual(
    [...new Set(hosts)].filter((host) => host !== "registry.npmjs.org"),
    [],
  );
});

test("the lock holds every platform's optional packages", () => {
  // A lock made where the registry lacks some of them is refused by `npm ci` elsewhere.
  const missing = Object.values(lock.packages)
    .flatMap((entry) => Object.keys(entry.optionalDependencies ?? {}))
    .filter((name) => lock.packages[`node_modules/${name}`] === undefined);
  assert.deepEqual(missing, []);
});
