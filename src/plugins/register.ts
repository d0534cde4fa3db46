// SPDX-License-Identifier: Apache-2.0

import { register } from "node:module";

/*
 * node --import peregrine/register: plugins' modules load in this process as they do in the engine. It is for their tests:
 * peregrine/sdk is found wherever they are, and TypeScript needs no compiler.
 */
register(new URL("./hooks.js", import.meta.url), { data: { sdk: new URL("../sdk/", import.meta.url).href } });
