// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { compileLibrary } from "../../plugins/library/compile.js";
import { type Case, type Check, casesOf, dataFile, type Suite, text, texts } from "../case.js";
import { object } from "../json.js";

/** Falco's end-to-end tests of plugins: the command, with the configuration and the rules of the case. */
export function pluginsSuite(name: string): Suite {
  return { name, mode: "all", cases: casesOf(name), run };
}

const MAIN = fileURLToPath(new URL("../../../../bin/peregrine.js", import.meta.url));

/** Plugins that were written for these tests, by the name of their library: of API 0.3, with fields on a source that is nobody's. */
const OWN: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "libtest_extract_p1.so": {
    NAME: JSON.stringify("test_extract_p1"),
    SOURCES: JSON.stringify(JSON.stringify(["test_source"])),
  },
};

/** Paths below BUILD_DIR are those of Falco's build. Bundled plugins stand in for libraries that are not there. */
function placed(config: string): string {
  return config.replace(/BUILD_DIR\/[^\s"]+/g, (path) => {
    const own = OWN[basename(path)];
    if (own !== undefined) return compileLibrary("old-extractor.c", own);
    return path.includes("/trace_files/") ? dataFile(`cloudtrail/falco-0.31/${basename(path)}`) : `/${path}`;
  });
}

/** Options of the case, but for JSON: that is how alerts are counted here. */
function optionsOf(args: readonly string[]): string[] {
  return args.filter(
    (arg, i) => !(arg === "json_output=false" || (arg === "-o" && args[i + 1] === "json_output=false")),
  );
}

async function run({ id, inputs, expected }: Case): Promise<readonly Check[]> {
  const folder = mkdtempSync(join(tmpdir(), "peregrine-conformance-"));
  try {
    const config = join(folder, "falco.yaml");
    writeFileSync(config, placed(readFileSync(dataFile(inputs["config"]), "utf8")));
    const capture = inputs["capture"] === undefined ? [] : ["-e", dataFile(inputs["capture"])];
    const rules = texts(inputs["rules"] ?? []).flatMap((file) => ["-r", dataFile(file)]);
    const args = [
      MAIN,
      ...rules,
      "-c",
      config,
      ...optionsOf(texts(inputs["args"])),
      "-o",
      "json_output=true",
      ...capture,
    ];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
    return checks(id, expected, status, stdout, stderr);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

interface Alert {
  readonly rule: string;
  readonly priority: string;
}

/** Texts of errors are those of 0.31, which no later Falco has: they are not compared. */
function checks(
  id: string,
  expected: Case["expected"],
  status: number | null,
  stdout: string,
  stderr: string,
): readonly Check[] {
  const said = `exit status ${status}\n${stdout.slice(0, 1000)}\n${stderr.slice(0, 2000)}`;
  const check = (what: string, ok: boolean): Check => ({ id: `${id}#${what}`, ok, detail: ok ? "" : said });
  const alerts = stdout
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Alert);
  const made = [check("exit status", status === expected["exit_status"])];
  if ("detected" in expected) made.push(check("detected", alerts.length > 0 === expected["detected"]));
  for (const level of texts(expected["levels"] ?? [])) {
    const want = level.toLowerCase() === "info" ? "informational" : level.toLowerCase();
    made.push(
      check(
        `level ${level}`,
        alerts.some(({ priority }) => priority.toLowerCase() === want),
      ),
    );
  }
  for (const [rule, count] of Object.entries(object(expected["rule_counts"] ?? {}))) {
    made.push(check(`rule ${text(rule)}`, alerts.filter((alert) => alert.rule === rule).length === Number(count)));
  }
  for (const pattern of texts(expected["stdout_contains_regex"] ?? [])) {
    made.push(check(`stdout has ${pattern}`, new RegExp(pattern).test(stdout)));
  }
  for (const rule of texts(expected["rules_with_warnings"] ?? [])) {
    made.push(check(`warning of ${rule}`, stderr.includes(rule)));
  }
  return made;
}
