// SPDX-License-Identifier: Apache-2.0

/** What a field's brackets or suffix may hold. */
export interface ArgumentRule {
  readonly required: boolean;
  readonly index: boolean;
  readonly key: boolean;
  readonly syntax: string;
}

/** The documented face of a field: everything but how to extract it. */
export interface CatalogEntry {
  readonly name: string;
  /** evt, process, user, group, fd, fs.path, syscall, fdlist, container ... */
  readonly class: string;
  /** A ParamType of src/batch/event-table. */
  readonly type: number;
  /** PF_DEC, PF_HEX, PF_NA ... */
  readonly format: string;
  readonly list: boolean;
  readonly arg: ArgumentRule | null;
  /** EPF_NO_RHS, EPF_NO_TRANSFORMER, EPF_FILTER_ONLY ... */
  readonly flags: readonly string[];
  readonly deprecated: boolean;
  readonly filterOnly: boolean;
  readonly printOnly: boolean;
  readonly hidden: boolean;
  readonly display: string;
  readonly desc: string;
}
