// SPDX-License-Identifier: Apache-2.0

/** What a capture says, without dictionary ids, so that two captures can be compared. */

import type { SectionHeader } from "../../src/capture/source.js";
import type { ReadRecord, ReadResult } from "./capture-reader.js";

/** Members of header entries that are dictionary ids. */
const STRINGS: ReadonlySet<string> = new Set([
  ...["comm", "exe", "exepath", "args", "cwd", "root", "env", "cgroups"],
  ...["name", "home", "shell", "socket"],
]);

/** A header with texts in place of ids. */
export function plainHeader(header: SectionHeader, read: Pick<ReadResult, "dictionary">): object {
  const entry = (object: object): object =>
    Object.fromEntries(
      Object.entries(object).map(([key, value]) => [
        key,
        STRINGS.has(key) && typeof value === "number" ? (value === 0 ? null : read.dictionary.text(value)) : value,
      ]),
    );
  return {
    machine: header.machine,
    interfaces: header.interfaces.map(({ address, netmask, name }) => ({
      address: Buffer.from(address).toString("hex"),
      netmask: Buffer.from(netmask).toString("hex"),
      name,
    })),
    users: header.users.map(entry),
    groups: header.groups.map(entry),
    threads: header.threads.map(entry),
    fds: header.fds.map(entry),
  };
}

/** A record with its parameters, without its place in memory. */
export function plainRecord({ words: _words, batch: _batch, ...record }: ReadRecord): object {
  return record;
}

/** All that a capture says. */
export function plain(read: ReadResult): object {
  return {
    headers: read.headers.map((header) => plainHeader(header, read)),
    records: read.records.map(plainRecord),
    unknown: read.unknown,
    failure: read.failure,
  };
}
