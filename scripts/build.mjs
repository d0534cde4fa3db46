// SPDX-License-Identifier: Apache-2.0
// npm run build: packages, native addon, TypeScript. With --addon (the package's install script) the addon alone.
import { buildAddon, SetupError, say, setUp } from "./setup.mjs";

if (process.argv.includes("--addon")) {
  try {
    buildAddon();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(error.message);
    process.exit(1);
  }
} else setUp();
