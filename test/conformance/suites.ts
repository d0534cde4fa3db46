// SPDX-License-Identifier: Apache-2.0
import type { Suite } from "./case.js";
import { alertsSuite } from "./suites/alerts.js";
import { detectSuite } from "./suites/detect.js";
import { evalSuite } from "./suites/eval.js";
import { factsSuite } from "./suites/facts.js";
import { formatterSuite } from "./suites/formatter.js";
import { k8sAuditSuite } from "./suites/k8saudit.js";
import { libsCapturesSuite } from "./suites/libs-captures.js";
import { compileSuite, requirementsSuite, ruleLoaderSuite, warningsSuite } from "./suites/loader.js";
import { parserSuite } from "./suites/parser.js";
import { pluginsSuite } from "./suites/plugins.js";
import { pluginsUnitSuite } from "./suites/plugins-unit.js";
import { referenceSuite } from "./suites/reference.js";

/** Every suite, in the order in which they run. */
export function suites(): readonly Suite[] {
  return [
    factsSuite(),
    libsCapturesSuite(),
    referenceSuite(),
    alertsSuite("official"),
    alertsSuite("probe"),
    parserSuite(),
    compileSuite(),
    evalSuite(),
    formatterSuite(),
    ruleLoaderSuite(),
    requirementsSuite(),
    warningsSuite(),
    detectSuite("testing_go_falco", "all"),
    detectSuite("falco031_tests", "all"),
    detectSuite("falco031_exceptions", "all"),
    pluginsSuite("falco031_plugins"),
    pluginsUnitSuite(),
    k8sAuditSuite("testing_go_k8saudit"),
    k8sAuditSuite("falco031_k8s_audit"),
  ];
}
