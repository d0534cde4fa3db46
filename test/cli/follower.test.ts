// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { Follower } from "../../src/cli/follower.js";

const folder = mkdtempSync(join(tmpdir(), "peregrine-follower-"));
after(() => rmSync(folder, { recursive: true }));

/** A follower that looks at what a file holds, as reloads do, and follows anew each time. */
function follow(path: string, read: () => string): { follower: Follower; seen: string[] } {
  const seen: string[] = [];
  const follower: Follower = new Follower(async () => {
    const text = read();
    if (text !== seen.at(-1)) seen.push(text);
    // What comes now must not fall between the old look and the new one.
    await pause(20);
    follower.follow([path]);
  });
  follower.follow([path]);
  return { follower, seen };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await pause(10);
}

test("a change is seen that comes while one before it is looked at", async () => {
  const path = join(folder, "rules.yaml");
  let text = "";
  const write = (now: string): void => {
    text = now;
    writeFileSync(path, now);
  };
  write("0");
  const { follower, seen } = follow(path, () => text);
  for (let i = 1; i <= 6; i++) {
    write(`${i}`);
    await until(() => seen.includes(`${i}`));
    // At another moment of the next look each time.
    await pause(i * 7);
    write(`${i} again`);
    await until(() => seen.includes(`${i} again`));
  }
  follower.close();
});

test("two changes within one step of the file system's clock are both seen, and a file that comes later", async () => {
  const path = join(folder, "later.yaml");
  let text = "";
  const { follower, seen } = follow(path, () => text);
  await pause(50);
  for (const now of ["a", "b", "c"]) {
    text = now;
    writeFileSync(path, now);
    text = `${now}${now}`;
    writeFileSync(path, now);
    await until(() => seen.includes(`${now}${now}`));
  }
  follower.close();
});

test("somebody who asks is served without any file, and asks once", async () => {
  const asked: boolean[] = [];
  const follower = new Follower(async (forced) => {
    asked.push(forced);
  });
  follower.stir(true);
  follower.stir(false);
  await until(() => asked.length > 0);
  await pause(300);
  assert.deepEqual(asked, [true]);
  follower.close();
});

test("the kernel is not asked to tell of changes: that costs each open and close on the machine", async () => {
  const path = join(folder, "quiet.yaml");
  writeFileSync(path, "");
  let text = "0";
  const { follower, seen } = follow(path, () => text);
  await pause(50);
  text = "1";
  writeFileSync(path, text);
  await until(() => seen.includes("1"));
  for (const fd of readdirSync("/proc/self/fdinfo")) {
    let info = "";
    try {
      info = readFileSync(join("/proc/self/fdinfo", fd), "utf8");
    } catch {
      // The one that read the folder is closed.
    }
    assert.doesNotMatch(info, /^inotify wd/m);
  }
  follower.close();
});

test("a folder that takes another's place is followed, and one that was not there before", async () => {
  const place = join(folder, "rules.d");
  mkdirSync(place);
  let text = "0";
  const { follower, seen } = follow(place, () => text);
  text = "1";
  symlinkSync("nowhere", join(place, "broken.yaml"));
  await until(() => seen.includes("1"));
  text = "1a";
  writeFileSync(join(place, "a.yaml"), "");
  await until(() => seen.includes("1a"));
  text = "1";
  writeFileSync(join(place, "a.yaml"), "# more");
  await until(() => seen.at(-1) === "1");
  text = "2";
  renameSync(place, `${place}.old`);
  mkdirSync(place);
  await until(() => seen.includes("2"));
  await pause(100);
  text = "3";
  writeFileSync(join(place, "b.yaml"), "");
  await until(() => seen.includes("3"));
  follower.close();
  text = "4";
  writeFileSync(join(place, "c.yaml"), "");
  await pause(300);
  assert.equal(seen.at(-1), "3", "closed");
});
