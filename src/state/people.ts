// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Interner } from "../batch/interner.js";
import type { GroupEntry, SectionHeader, UserEntry } from "../capture/source.js";

/**
 * A section's header with the users and groups of the host that replays (HOST_ROOT/etc/passwd and group) in front of its
 * own: those that the capture does not name. What the capture says is the captured host's own, and believed first.
 */
export function withHostPeople(header: SectionHeader, hostRoot: string, interner: Interner): SectionHeader {
  return {
    ...header,
    users: [...hostUsers(header, hostRoot, interner), ...header.users],
    groups: [...hostGroups(header, hostRoot, interner), ...header.groups],
  };
}

function hostUsers(header: SectionHeader, hostRoot: string, interner: Interner): UserEntry[] {
  const named = new Set(header.users.map((user) => user.uid | 0));
  const users: UserEntry[] = [];
  for (const [name = "", , uid, gid, , home = "", shell = ""] of entriesOf(hostRoot, "passwd")) {
    if (!isNumber(uid) || named.has(Number(uid) | 0)) continue;
    named.add(Number(uid) | 0);
    const [nameId, homeId, shellId] = [interner.intern(name), interner.intern(home), interner.intern(shell)];
    users.push({ uid: Number(uid), gid: isNumber(gid) ? Number(gid) : 0, name: nameId, home: homeId, shell: shellId });
  }
  return users;
}

function hostGroups(header: SectionHeader, hostRoot: string, interner: Interner): GroupEntry[] {
  const named = new Set(header.groups.map((group) => group.gid | 0));
  const groups: GroupEntry[] = [];
  for (const [name = "", , gid] of entriesOf(hostRoot, "group")) {
    if (!isNumber(gid) || named.has(Number(gid) | 0)) continue;
    named.add(Number(gid) | 0);
    groups.push({ gid: Number(gid), name: interner.intern(name) });
  }
  return groups;
}

function isNumber(text: string | undefined): text is string {
  return text !== undefined && /^\d+$/.test(text);
}

/** The lines of etc/passwd or etc/group as fields; none where the file cannot be read. */
function entriesOf(hostRoot: string, file: string): string[][] {
  let text: string;
  try {
    text = readFileSync(join(hostRoot, "etc", file), "latin1");
  } catch {
    return [];
  }
  return text
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.split(":"));
}
