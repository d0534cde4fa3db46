// SPDX-License-Identifier: Apache-2.0
// node scripts/run.mjs PATH ARGS: sets up what is missing, then runs dist/PATH with ARGS.
import { become, setUp } from "./setup.mjs";

const [path, ...args] = process.argv.slice(2);
if (path === undefined) {
  process.stderr.write("usage: node scripts/run.mjs PATH-BELOW-DIST [ARGUMENTS]\n");
  process.exit(2);
}
setUp();
await become(`dist/${path}`, args);
