// SPDX-License-Identifier: Apache-2.0

import { availableParallelism } from "node:os";

/** Workers if none are asked for: ingest keeps one core busy, the workers have the others. */
export function defaultWorkers(): number {
  return Math.max(1, availableParallelism() - 1);
}

/** Folder whose etc/passwd and etc/group name users and groups: that of HOST_ROOT, as in a container, or the root. */
export function hostRoot(): string {
  return process.env["HOST_ROOT"] || "/";
}
