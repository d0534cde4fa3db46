// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { packageRoot } from "../../support/shared.js";
import { dataOf, readAll, running } from "./running.js";

const skip = spawnSync("go", ["version"]).error === undefined ? false : "there is no Go on this machine";
const folder = mkdtempSync(join(tmpdir(), "peregrine-go-"));
after(() => rmSync(folder, { recursive: true }));

test("a library with Go's runtime: a source, and extraction in several states at once", { skip }, async (t) => {
  const library = join(folder, "go.so");
  const source = join(packageRoot, "test", "plugins", "library", "sources", "go", "main.go");
  const env = { ...process.env, CGO_ENABLED: "1", GOFLAGS: "-mod=mod", GO111MODULE: "off" };
  execFileSync("go", ["build", "-buildmode=c-shared", "-o", library, source], { env, stdio: "pipe" });
  const { open, extract } = await running(t, library);
  const opened = await open("20000");
  const readers = [extract(["go.square"]), extract(["go.square"]), extract(["go.square"])];
  for (let i = 0; i < 300; i++) {
    assert.deepEqual(readers[i % 3]?.({ data: String(i) }), { "go.square": i * i });
  }
  const events = await readAll(opened);
  assert.deepEqual(
    events.map(dataOf),
    Array.from({ length: 20000 }, (_, i) => String(i)),
  );
  await opened.close();
  for (const fault of ["panic", "nil"]) {
    const [first] = readers;
    assert.throws(() => first?.({ data: fault }), {
      code: "LIBRARY_DIED",
      message: /^plugin go: its process (exited with status 2|died of SIG\w+) while its fields were extracted$/,
    });
    assert.deepEqual(first?.({ data: "7" }), { "go.square": 49 });
  }
});
