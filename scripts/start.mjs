// SPDX-License-Identifier: Apache-2.0
// npm start -- ARGS: sets up what is missing, then is bin/peregrine.js with ARGS. It runs in this very process, so that
// exit code, signals and standard streams are the command's own.
import { become, setUp } from "./setup.mjs";

// Without a source named, this machine is watched; where it cannot be, an example shows what that looks like.
const args = process.argv.slice(2);
setUp();
await become("bin/peregrine.js", args.length === 0 ? ["--or-example"] : args);
