// SPDX-License-Identifier: Apache-2.0
// npm start -- ARGS: sets up what is missing, then is bin/peregrine.js with ARGS. It runs in this very process, so that
// exit code, signals and standard streams are the command's own.
import { become, setUp } from "./setup.mjs";

setUp();
await become("bin/peregrine.js", process.argv.slice(2));
