// SPDX-License-Identifier: Apache-2.0

import { makePlugin } from "./make.js";

export const plugin = makePlugin("good", 998, "good_source");
