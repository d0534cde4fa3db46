// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from "node:fs";

/**
 * Who is in group `gid`: those who are named in it, and those whose group it is.
 * @param passwd text of etc/passwd
 * @param group text of etc/group
 * @returns user IDs, -1 for a name that no user has; null: nothing is known of the group
 */
export function groupMembers(gid: number, passwd: string, group: string): readonly number[] | null {
  const users = entries(passwd).map(([name = "", , uid = "", primary = ""]) => ({ name, uid: Number(uid), primary }));
  const members = new Set(users.filter(({ primary }) => primary === String(gid)).map(({ uid }) => uid));
  const groups = entries(group).filter((fields) => fields[2] === String(gid));
  for (const [, , , names = ""] of groups) {
    for (const name of names.split(",")) {
      if (name !== "") members.add(users.find((user) => user.name === name)?.uid ?? -1);
    }
  }
  return groups.length === 0 && members.size === 0 ? null : [...members];
}

function entries(text: string): readonly string[][] {
  return text.split("\n").flatMap((line) => (line === "" || line.startsWith("#") ? [] : [line.split(":")]));
}

/** The members of a group of this machine, as far as its own files know them. */
export function membersHere(gid: number): readonly number[] | null {
  return groupMembers(gid, textOf("/etc/passwd"), textOf("/etc/group"));
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // Without the file nothing is known.
    return "";
  }
}
