// SPDX-License-Identifier: Apache-2.0

/** Version of the rule language, as Falco counts it. */
export const ENGINE_VERSION = "0.63.0";

export interface Version {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
}

/** Three numbers with dots between; what follows them is ignored. */
export function parseVersion(text: string): Version | undefined {
  const parts = /^([0-9]+)\.([0-9]+)\.([0-9]+)/.exec(text);
  if (parts === null) return undefined;
  return { major: Number(parts[1]), minor: Number(parts[2]), patch: Number(parts[3]) };
}

export function formatVersion(version: Version): string {
  return `${version.major}.${version.minor}.${version.patch}`;
}

export function compareVersions(a: Version, b: Version): number {
  return a.major - b.major || a.minor - b.minor || a.patch - b.patch;
}

/** Whether `actual` serves what asks for `required`: the same major version and not older. */
export function satisfies(actual: Version, required: Version): boolean {
  return actual.major === required.major && compareVersions(actual, required) >= 0;
}
