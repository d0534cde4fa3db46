// SPDX-License-Identifier: Apache-2.0

import type { EvaluatorParts } from "./parts.js";
import type { EvaluatorSetup } from "./worker-thread.js";

export function createEvaluator(_setup: EvaluatorSetup): EvaluatorParts {
  throw new Error("not yet");
}
