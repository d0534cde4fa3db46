// SPDX-License-Identifier: Apache-2.0

/** `base_syscalls`: which system calls leave the kernel besides those that rules ask for. */
export interface BaseSyscalls {
  /** Names of calls in place of those that the state needs; with a `!` in front: not these. */
  readonly customSet: readonly string[];
  /** Instead of all that the state may need, the least that the rules' calls need. */
  readonly repair: boolean;
  /** Also calls that read and write data, which can be very many. */
  readonly all: boolean;
}
