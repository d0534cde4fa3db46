// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { Lookups } from "../config/config.js";

/** Workers if none are asked for: ingest keeps one core busy, the workers have the others. */
export function defaultWorkers(): number {
  return Math.max(1, availableParallelism() - 1);
}

/** Folder below which the files of the machine are: that of HOST_ROOT, as in a container, or the root. */
function hostRoot(): string {
  return process.env["HOST_ROOT"] || "/";
}

/** What an engine is told of the machine. */
export interface HostFiles {
  /** Folder whose etc/passwd and etc/group name users and groups; null: none. */
  readonly hostRoot: string | null;
  /** Text of etc/services; null: ports are shown by their numbers. */
  readonly services: string | null;
  /** Whether processes belong to containers. */
  readonly containers: boolean;
}

/** Finds what `lookups` asks for. A file of services that cannot be read is told by `warn`. */
export function hostFiles(lookups: Lookups, warn: (message: string) => void): HostFiles {
  const root = hostRoot();
  const { users, services, containers } = lookups;
  return { hostRoot: users ? root : null, services: services ? servicesOf(root, warn) : null, containers };
}

function servicesOf(root: string, warn: (message: string) => void): string | null {
  const path = join(root, "etc", "services");
  try {
    return readFileSync(path, "latin1");
  } catch (error) {
    const why = error instanceof Error && "code" in error ? String(error.code) : String(error);
    warn(`ports are shown by their numbers: ${path} cannot be read (${why})`);
    return null;
  }
}
