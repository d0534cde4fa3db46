// SPDX-License-Identifier: Apache-2.0

/* The public rule files for plugins, as the command sees them. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { packageRoot, shared, withoutShared } from "../support/shared.js";

const folder = mkdtempSync(join(tmpdir(), "peregrine-official-"));
after(() => rmSync(folder, { recursive: true, force: true }));

interface Answer {
  readonly valid: boolean;
  readonly errors: readonly string[];
}

/** What `peregrine -V` says of a public rule file. */
async function validate(file: string, ...more: readonly string[]): Promise<Answer> {
  const path = shared("data", "rules", "official", file);
  const args = [join(packageRoot, "bin/peregrine.js"), "-V", path, "-o", "json_output=true", ...more];
  const [status, text] = await new Promise<[number, string]>((resolve) => {
    execFile(process.execPath, args, { maxBuffer: 64 << 20 }, (error, stdout) =>
      resolve([error === null ? 0 : Number(error.code), stdout]),
    );
  });
  const line = text.split("\n").find((each) => each.startsWith("{")) ?? "{}";
  const answer = JSON.parse(line) as {
    falco_load_results?: { successful: boolean; errors: { code: string; message: string }[] }[];
  };
  const [result] = answer.falco_load_results ?? [];
  assert.ok(result !== undefined, text);
  assert.equal(status === 0, result.successful);
  return { valid: result.successful, errors: result.errors.map(({ code, message }) => `${code} ${message}`) };
}

test("files for plugins that are not there: an error that names the plugin, until it is assumed", {
  skip: withoutShared,
}, async () => {
  const assume = (plugin: string): string[] => ["--assume-plugin", plugin];
  const okta = await validate("okta_rules.yaml");
  assert.equal(okta.valid, false);
  assert.equal(okta.errors.length, 1);
  assert.match(okta.errors[0] ?? "", /^LOAD_ERR_VALIDATE Plugin requirement not satisfied.* okta/);
  const gcp = await validate("gcp_auditlog_rules.yaml");
  assert.equal(gcp.valid, false);
  assert.match(gcp.errors[0] ?? "", /^LOAD_ERR_VALIDATE Plugin requirement not satisfied.* gcpaudit/);
  assert.equal((await validate("okta_rules.yaml", ...assume("okta:0.11.0:okta"))).valid, true);
  const both = [...assume("gcpaudit:0.6.0:gcp_auditlog"), ...assume("json:0.7.0:gcp_auditlog")];
  assert.equal((await validate("gcp_auditlog_rules.yaml", ...both)).valid, true);
  // A version that is too old does not do.
  assert.equal((await validate("okta_rules.yaml", ...assume("okta:0.10.0:okta"))).valid, false);
});

test("files for bundled plugins load", { skip: withoutShared }, async () => {
  const names = ["cloudtrail", "json", "k8saudit"];
  const path = join(folder, "falco.yaml");
  const plugins = names.map((name) => ({ name, library_path: name }));
  writeFileSync(path, JSON.stringify({ plugins, load_plugins: names, stdout_output: { enabled: true } }));
  for (const file of ["aws_cloudtrail_rules.yaml", "k8s_audit_rules.yaml"]) {
    assert.deepEqual(await validate(file, "-c", path), { valid: true, errors: [] }, file);
  }
});
