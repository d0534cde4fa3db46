// SPDX-License-Identifier: Apache-2.0
import { runPlugins } from "../../../bench/cloudtrail/engine.js";
import { PeregrineError } from "../../../src/telemetry/errors.js";
import { type Case, type Check, casesOf, dataFile, type Suite, text, texts } from "../case.js";
import { object } from "../json.js";

/** Falco's end-to-end tests of Kubernetes audit rules: rules and events, through the k8saudit and json plugins. */
export function k8sAuditSuite(name: string): Suite {
  return { name, mode: "all", cases: casesOf(name), run };
}

interface Alert {
  readonly rule: string;
  readonly priority: string;
}

async function run({ id, inputs, expected }: Case): Promise<readonly Check[]> {
  const check = (what: string, ok: boolean, detail: string): Check => ({
    id: `${id}#${what}`,
    ok,
    detail: ok ? "" : detail,
  });
  let output = "";
  let failure = "";
  let log = "";
  try {
    const report = await runPlugins({
      plugins: [{ name: "k8saudit", open: dataFile(inputs["events"]) }, { name: "json" }],
      rules: texts(inputs["rules"]).map(dataFile),
      workers: 1,
      sink: (chunk) => {
        output += chunk.toString();
      },
      more: {
        onPlugin: (news) => {
          if (news.kind === "log") log += `${news.message}\n`;
        },
      },
    });
    failure = report.sources[0]?.failure?.message ?? "";
  } catch (error) {
    if (!(error instanceof PeregrineError)) throw error;
    failure = error.message;
  }
  const lines = output.split("\n").filter((line) => line !== "");
  const alerts = lines.map((line) => JSON.parse(line) as Alert);
  const said = `${failure}\n${alerts.map(({ rule, priority }) => `${priority}: ${rule}`).join("\n")}`;
  const fails = expected["exit_status"] !== 0;
  const checks = [check("exit status", (failure !== "") === fails, said)];
  if ("detected" in expected) checks.push(check("detected", alerts.length > 0 === expected["detected"], said));
  for (const level of texts(expected["levels"] ?? [])) {
    const same = ({ priority }: Alert): boolean => levelOf(priority) === levelOf(level);
    checks.push(check(`level ${level}`, alerts.some(same), said));
  }
  for (const [rule, count] of Object.entries(object(expected["rule_counts"] ?? {}))) {
    const found = alerts.filter((alert) => alert.rule === rule).length;
    checks.push(check(`rule ${text(rule)}`, found === Number(count), `${found} of ${String(count)}\n${said}`));
  }
  for (const pattern of texts(expected["stderr_regex"] ?? [])) {
    checks.push(check(`log ${pattern}`, new RegExp(pattern).test(log), log));
  }
  return checks;
}

/** INFO and Informational are one. */
function levelOf(name: string): string {
  const level = name.toLowerCase();
  return level === "info" ? "informational" : level;
}
