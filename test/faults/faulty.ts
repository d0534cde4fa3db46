// SPDX-License-Identifier: Apache-2.0

import { makePlugin } from "./make.js";

export const plugin = makePlugin("faulty", 999, "faulty_source");
