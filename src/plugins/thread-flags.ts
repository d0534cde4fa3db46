// SPDX-License-Identifier: Apache-2.0

/** Flags of Node that say what program this process runs: a thread runs another one. */
const PROGRAM = /^--(input-type|eval|print|test|watch)/;

/** The flags of Node for a thread of this process. */
export function threadFlags(): string[] {
  return process.execArgv.filter((flag) => flag.startsWith("--") && !PROGRAM.test(flag));
}
