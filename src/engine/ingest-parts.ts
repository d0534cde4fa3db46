// SPDX-License-Identifier: Apache-2.0

import type { IngestParts, IngestSetup } from "./parts.js";

export function warmIngest(): void {}

export function createIngest(_setup: IngestSetup): IngestParts {
  throw new Error("not yet");
}
