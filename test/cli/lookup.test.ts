// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { command } from "../e2e/support.js";
import { socktuple } from "../support/records.js";
import { ScapBuilder } from "../support/scap-builder.js";

const root = mkdtempSync(join(tmpdir(), "peregrine-lookup-"));
after(() => rmSync(root, { recursive: true }));
mkdirSync(join(root, "etc"));
writeFileSync(join(root, "etc", "passwd"), "ana:x:1234:1234::/home/ana:/bin/sh\n");
writeFileSync(join(root, "etc", "group"), "staff:x:1234:\n");
writeFileSync(join(root, "etc", "services"), "https 443/tcp\n");

const capture = new ScapBuilder()
  .section()
  .machine({ hostname: "box" })
  .threads([{ tid: 7, pid: 7, comm: "curl", uid: 1234, gid: 1234 }])
  .event("SOCKET_SOCKET_X", { fd: 3, domain: 2, type: 1, proto: 6 }, { tid: 7 })
  .event(
    "SOCKET_CONNECT_X",
    { res: 0, tuple: Buffer.from(socktuple("10.0.0.1", 40000, "10.0.0.2", 443)), fd: 3 },
    { tid: 7 },
  )
  .toFile();

const FIELDS = ["read", capture, "--filter", "evt.type=connect", "--fields", "user.name,group.name,fd.name,fd.sproto"];
const NUMBERS = "10.0.0.1:40000->10.0.0.2:443\t443";
const NAMES = "10.0.0.1:40000->10.0.0.2:https\thttps";

async function read(...more: string[]): Promise<string> {
  const { status, stdout, stderr } = await command([...FIELDS, ...more], { HOST_ROOT: root });
  assert.equal(status, 0, stderr);
  return stdout.trimEnd();
}

test("read: users are looked up on this machine, services where that is asked for", async () => {
  assert.equal(await read(), `ana\tstaff\t${NUMBERS}`);
  assert.equal(await read("--lookup", "users,services"), `ana\tstaff\t${NAMES}`);
  assert.equal(await read("--lookup", "services"), `<NA>\t<NA>\t${NAMES}`);
  assert.equal(await read("--lookup", "none"), `<NA>\t<NA>\t${NUMBERS}`);
  for (const bad of ["", "user", "none,users"]) {
    const { status } = await command([...FIELDS, "--lookup", bad], { HOST_ROOT: root });
    assert.equal(status, 2, bad);
  }
});

test("rules: the configuration says what is looked up", async () => {
  const rules = join(root, "rules.yaml");
  const output = "%user.name %fd.name";
  writeFileSync(
    rules,
    JSON.stringify([{ rule: "r", desc: "-", condition: "evt.type=connect", output, priority: "INFO" }]),
  );
  const run = async (env: string, ...options: string[]): Promise<{ output: string; stderr: string }> => {
    const args = ["-r", rules, "-e", capture, ...options.flatMap((option) => ["-o", option])];
    const { status, stdout, stderr } = await command(args, { HOST_ROOT: env });
    assert.equal(status, 0, stderr);
    return { output: String(JSON.parse(stdout).output).split(" ").slice(-2).join(" "), stderr };
  };
  assert.equal((await run(root)).output, "ana 10.0.0.1:40000->10.0.0.2:443");
  assert.equal(
    (await run(root, "lookups.services=true", "lookups.users=false")).output,
    "<NA> 10.0.0.1:40000->10.0.0.2:https",
  );
  const missing = await run(join(root, "etc"), "lookups.services=true");
  assert.equal(missing.output, "<NA> 10.0.0.1:40000->10.0.0.2:443");
  assert.match(missing.stderr, /ports are shown by their numbers: .*etc\/services cannot be read \(ENOENT\)/);
});
