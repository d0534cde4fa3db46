// SPDX-License-Identifier: Apache-2.0

import { cloneRules } from "./clone.js";
import { closeRules } from "./close.js";
import { connectRules } from "./connect.js";
import { containerRules } from "./container-events.js";
import { cwdRules } from "./cwd.js";
import { dupRules } from "./dup.js";
import { enterRules } from "./enter.js";
import { execRules } from "./exec.js";
import { exitRules } from "./exit.js";
import type { Rule } from "./handler.js";
import { identityRules } from "./identity.js";
import { openRules } from "./open.js";
import { peopleRules } from "./people.js";
import { socketRules } from "./socket.js";
import { specialFdRules } from "./special-fd.js";
import { transferRules } from "./transfer.js";

/** Every event type that changes state, and how. One rule a type. */
export const RULES: readonly Rule[] = [
  ...cloneRules,
  ...execRules,
  ...exitRules,
  ...enterRules,
  ...openRules,
  ...closeRules,
  ...dupRules,
  ...specialFdRules,
  ...socketRules,
  ...connectRules,
  ...transferRules,
  ...cwdRules,
  ...identityRules,
  ...peopleRules,
  ...containerRules,
];
