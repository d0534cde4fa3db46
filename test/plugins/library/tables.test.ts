// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { LibraryExtractor, readersOf } from "../../../src/plugins/library/extractor.js";
import { libraryPlace, loadLibrary } from "../../../src/plugins/library/load.js";
import { LibraryState } from "../../../src/plugins/library/state.js";
import type { FdEntry, ThreadEntry, ThreadRows } from "../../../src/plugins/library/thread-rows.js";
import { pluginEvent, TestContext } from "../../../src/sdk/testing.js";
import { compileLibrary } from "./compile.js";

function thread(tid: number, rest: Partial<ThreadEntry>): ThreadEntry {
  const none = { pid: tid, ptid: 1, sid: 0, exe: "", exePath: "", exeFlags: 0, args: "", env: "", cgroups: "" };
  const ids = { flags: 0, uid: 0, gid: 0, loginuid: 0, vtid: tid, vpid: tid, vpgid: 0, pgid: 0, tty: 0 };
  const wide = { fdLimit: 0n, exeIno: 0n, exeCtime: 0n, exeMtime: 0n, pidnsStart: 0n };
  return { identity: 1n, tid, comm: `c${tid}`, root: "", cwd: "/", ...none, ...ids, ...wide, ...rest };
}

/** Threads 1 to 3; from event 100 on thread 2 has another name, and from 200 on it is another thread. */
class Rows implements ThreadRows {
  thread(tid: number, event: number): ThreadEntry | null {
    if (tid === 1) {
      return thread(1, { comm: "init", exeFlags: 1, args: "-a\0-b", cgroups: "cpu=/x\0memory=/y/z", ptid: -1 });
    }
    if (tid === 2) return thread(2, { comm: event < 100 ? "early" : "late", identity: event < 200 ? 1n : 2n });
    return tid === 3 ? thread(3, {}) : null;
  }
  threads(): readonly number[] {
    return [1, 2, 3];
  }
  fds(tid: number): readonly FdEntry[] {
    const rest = { ino: 0n, dev: 0, mountId: 0, openFlags: 0, flags: 0, nameRaw: "" };
    return tid === 1
      ? [
          { fd: 0, name: "/dev/null", ...rest },
          { fd: 5, name: "/etc/passwd", ...rest },
        ]
      : [];
  }
}

for (const process of ["child", "in-process"] as const) {
  test(`${process}: a parser with tables sees and tells the state at each event`, async (t) => {
    const place = libraryPlace(compileLibrary("tables.cc"), { process });
    const { details, plugin, close } = await loadLibrary(place);
    t.after(close);
    assert.deepEqual(details.parseSources, ["counter"]);
    const context = new TestContext();
    const state = new LibraryState(details, place, "", context, new Rows());
    t.after(() => state.connection.close());
    assert.deepEqual(
      context.logs.map(({ message }) => message),
      [
        "tables: field 'comm' of table 'threads' is of another type",
        "tables: table 'threads' has no field 'nothing'",
        "tables: there is no table named 'others'",
        "tables: there is a table named 'sums' already",
        "tables: tables threads,sums",
        "tables: fields 33 tid seen",
      ],
    );
    const names = ["sum.total", "sum.seen", "sum.comm", "sum.lists", "sum.rows"];
    const extractor = new LibraryExtractor(
      state,
      names.map((field) => ({ field, argument: null })),
      context,
    );
    const readers = readersOf(details, extractor);
    const values = (number: number, data: string) => {
      extractor.load(pluginEvent(plugin, { data, number, source: "counter" }));
      return names.map((name) => readers.get(name)?.(extractor));
    };
    const events: readonly (readonly [number, string, boolean])[] = [
      [1, "1 10", true],
      [2, "2 5", true],
      [3, "1 20", false],
      [4, "9 1", true],
      [5, "1 3", true],
      [150, "2 5", true],
      [250, "2 7", true],
    ];
    extractor.follow((visit) => {
      for (const [number, data, extract] of events) {
        visit(pluginEvent(plugin, { data, number, source: "counter" }), true, extract);
      }
    });
    const lists = "2,-a,-b; 2,/x,/y/z; 2,/dev/null,/etc/passwd";
    assert.deepEqual(values(1, "1 10"), [10, 1, "init 1 -1", lists, [1, 3]]);
    assert.deepEqual(values(2, "2 5"), [5, 1, "early 0 1", "0; 0; 0", [2, 3]]);
    assert.deepEqual(values(4, "9 1"), [1, undefined, undefined, undefined, [3, 3]]);
    assert.deepEqual(values(5, "1 3"), [33, 3, "init 1 -1", lists, [3, 3]]);
    assert.deepEqual(values(150, "2 5"), [10, 2, "late 0 1", "0; 0; 0", [3, 3]]);
    // What was added to a thread goes with it; the plugin's own table is its own affair.
    assert.deepEqual(values(250, "2 7"), [17, 1, "late 0 1", "0; 0; 0", [3, 3]]);
    assert.equal(context.logs.length, 6);
  });
}

test("a parser that crashes is an error of the plugin", async (t) => {
  const place = libraryPlace(compileLibrary("tables.cc"));
  const { details, plugin, close } = await loadLibrary(place);
  t.after(close);
  const state = new LibraryState(details, place, "", new TestContext(), new Rows());
  const extractor = new LibraryExtractor(state, [], new TestContext());
  const event = pluginEvent(plugin, { data: "666 1", source: "counter" });
  assert.throws(() => extractor.follow((visit) => visit(event, true, false)), {
    code: "LIBRARY_DIED",
    message: "plugin tables: its process died of SIGSEGV while events were parsed",
  });
});
