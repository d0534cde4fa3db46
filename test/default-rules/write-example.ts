// SPDX-License-Identifier: Apache-2.0

import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../support/shared.js";
import { incident } from "./example.js";

copyFileSync(incident().builder.toFile(), join(packageRoot, "examples", "incident.scap"));
