// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, type TestContext, test } from "node:test";
import { buildPrograms, cannotWatch, Watching } from "./watching.js";

/** Every program's system calls and what fields say of them, live. */

type Fields = Readonly<Record<string, string | number | boolean | null>>;

const FIELDS = [
  ...["evt.num", "evt.type", "evt.args", "evt.rawres", "fd.name", "fd.typechar", "proc.name", "proc.exe", "proc.args"],
  ...["proc.exepath", "proc.cmdline", "proc.cwd", "proc.env", "proc.pname", "proc.is_exe_from_memfd", "proc.pid"],
  ...["thread.tid", "user.uid", "fs.path.name", "fs.path.source", "fs.path.target", "evt.is_open_create", "evt.buffer"],
  ...["proc.ppid", "evt.abspath", "fd.sport", "proc.vpid", "thread.vtid"],
];

const skip = cannotWatch();
let folder = "";
let watching: Watching;

before(async () => {
  if (skip !== false) return;
  folder = buildPrograms();
  const filter = `proc.exepath startswith ${folder} or proc.pexepath startswith ${folder} or proc.aexepath startswith ${folder} or proc.is_exe_from_memfd=true`;
  watching = new Watching(
    folder,
    ["read", "--live", "--json", "--filter", filter, "--fields", FIELDS.join(",")],
    (line, mark) => line.includes('"procexit"') && line.includes(mark),
  );
  await watching.settled();
});

after(async () => {
  if (skip !== false) return;
  const { code, ms } = await watching.stop();
  watching.remove();
  assert.equal(code, 0, watching.errors);
  assert.ok(ms < 5000, `it took ${ms} ms to end`);
});

/** The events of one run of a program, its children's included. */
async function eventsOf(name: string, args: readonly string[] = [], cwd = folder): Promise<Fields[]> {
  const from = watching.lines.length;
  watching.run(name, args, cwd);
  await watching.settled();
  return watching.lines.slice(from).map((line) => JSON.parse(line) as Fields);
}

function of(events: readonly Fields[], ...types: readonly string[]): Fields[] {
  return events.filter((event) => types.includes(String(event["evt.type"])));
}

/** The first event of the type whose arguments hold all of the texts. */
function find(events: readonly Fields[], type: string, ...parts: readonly string[]): Fields {
  const found = of(events, type).find((event) => parts.every((part) => `${event["evt.args"]}`.includes(part)));
  const seen = of(events, type).map((event) => event["evt.args"]);
  assert.ok(found, `no ${type} with ${parts.join(", ")}; there are:\n${seen.join("\n")}`);
  return found;
}

/** A machine that is very busy loses events, which are counted: a program is then run again, but not for ever. */
const ATTEMPTS = 3;

const live = (name: string, body: (t: TestContext) => Promise<void>): void => {
  test(name, { skip }, async (t) => {
    for (let attempt = 1; ; attempt++) {
      try {
        await body(t);
        return;
      } catch (error) {
        if (attempt === ATTEMPTS) throw error;
        t.diagnostic(`attempt ${attempt}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  });
};

live("a program that was started: arguments, environment, path, parent", async () => {
  const events = await eventsOf("births", [join(folder, "bin", "marker")]);
  const [own] = of(events, "execve").filter((event) => `${event["proc.exepath"]}`.endsWith("/births"));
  assert.equal(own?.["evt.rawres"], 0);
  assert.equal(own?.["proc.exepath"], join(folder, "bin", "births"));
  assert.equal(own?.["proc.pname"], "node");
  const child = of(events, "execve").find((event) => `${event["evt.args"]}`.includes("exe=renamed"));
  assert.equal(child?.["proc.name"], "marker");
  assert.equal(child?.["proc.args"], "first second argument");
  assert.equal(child?.["proc.env"], "COLOUR=green EMPTY=");
  assert.equal(child?.["proc.exe"], "renamed");
  const failed = find(events, "execve", "res=-2");
  assert.match(`${failed["evt.args"]}`, /filename=\/no\/such\/program/);
  assert.match(`${failed["evt.args"]}`, /exe=renamed/);
  assert.equal(failed["proc.name"], "births");
});

live("processes: each is told by its parent and by itself, and its end", async () => {
  const events = await eventsOf("births", [join(folder, "bin", "marker")]);
  const [parent] = of(events, "fork").filter((event) => Number(event["evt.rawres"]) > 0);
  const [child] = of(events, "fork").filter((event) => event["evt.rawres"] === 0);
  assert.equal(child?.["proc.pid"], parent?.["evt.rawres"]);
  assert.equal(child?.["proc.ppid"], parent?.["proc.pid"]);
  // The parent of a vfork goes on when the child has become another program.
  const [waited] = of(events, "vfork").filter((event) => Number(event["evt.rawres"]) > 0);
  const [spawned] = of(events, "vfork").filter((event) => event["evt.rawres"] === 0);
  assert.equal(spawned?.["proc.pid"], waited?.["evt.rawres"]);
  assert.ok(Number(waited?.["evt.num"]) > Number(spawned?.["evt.num"]));
  const exit = of(events, "procexit").find((event) => event["proc.pid"] === child?.["proc.pid"]);
  assert.match(`${exit?.["evt.args"]}`, /status=768 ret=3/);
  const threads = of(events, "clone3", "clone").filter((event) => event["evt.rawres"] === 0);
  for (const thread of threads) {
    assert.match(`${thread["evt.args"]}`, /CLONE_FILES.*CLONE_THREAD/);
    assert.notEqual(thread["thread.tid"], thread["proc.pid"]);
  }
  assert.equal(threads.length, 2);
  // The thread that execs takes over the leader's number.
  const execs = of(events, "execve").filter(
    (event) => `${event["evt.args"]}`.includes("exe=renamed res") || event["proc.exe"] === "renamed",
  );
  assert.ok(execs.some((event) => event["proc.pid"] === parent?.["proc.pid"]));
});

live("a program in memory", async () => {
  const events = await eventsOf("exec_memory", [join(folder, "bin", "marker")]);
  find(events, "memfd_create", "name=hidden", "MFD_CLOEXEC");
  const exec = of(events, "execveat", "execve").find((event) => event["proc.exe"] === "innocent");
  assert.equal(exec?.["evt.rawres"], 0);
  assert.equal(exec?.["proc.is_exe_from_memfd"], true);
  assert.equal(exec?.["proc.exepath"], "memfd:hidden");
  assert.equal(exec?.["proc.args"], "in memory");
});

live("opens: relative, deep, created, failing; descriptors' names", async () => {
  const events = await eventsOf("opens");
  const made = find(events, "openat", "name=../deep/./made", "O_CREAT", "O_F_CREATED");
  assert.equal(made["fd.name"], `${folder}/deep/made`);
  assert.equal(made["evt.is_open_create"], true);
  assert.match(`${made["evt.args"]}`, /flags=\d+\(O_TRUNC\|O_CREAT\|O_WRONLY\|O_F_CREATED\) mode=0?751/);
  const again = find(events, "openat", "O_APPEND", "O_RDWR", "O_CLOEXEC");
  assert.equal(again["fd.name"], `${folder}/deep/made`);
  const missing = find(events, "openat", "name=deep/missing");
  assert.equal(missing["evt.rawres"], -2);
  assert.equal(find(events, "open", "name=deep/made")["fd.name"], `${folder}/deep/made`);
  assert.match(`${find(events, "openat2", "RESOLVE_BENEATH")["evt.args"]}`, /name=made/);
  const deep = find(events, "openat", "name=deep/../deep/");
  assert.equal(deep["fd.name"], `${folder}/deep/made`);
  find(events, "getcwd", `path=${folder}/deep`);
  const inside = of(events, "openat").filter((event) => `${event["evt.args"]}`.includes("name=made("));
  assert.ok(
    inside.some((event) => event["fd.name"] === `${folder}/deep/made` && event["proc.cwd"] === `${folder}/deep/`),
  );
});

live("names of files far down are whole", async () => {
  const place = join(folder, "far");
  mkdirSync(place, { recursive: true });
  const events = await eventsOf("deep", [], place);
  const folders = Array.from({ length: 9 }, (_, i) => String.fromCharCode(97 + i) + "n".repeat(89));
  const deepest = join(place, ...folders);
  assert.equal(find(events, "openat", "name=relative")["fd.name"], `${deepest}/relative`);
  assert.equal(find(events, "openat", "name=./through")["fd.name"], `${deepest}/through`);
  assert.equal(find(events, "unlink", "path=through")["fs.path.name"], `${deepest}/through`);
  // And back: the last one was removed from where it all began.
  assert.equal(of(events, "rmdir").at(-1)?.["proc.cwd"], `${place}/`);
});

live("a link to a sensitive file, and the file that is opened through it", async () => {
  const link = join(folder, "link");
  const events = await eventsOf("symlink_shadow", [link]);
  const made = find(events, "symlink", "target=/etc/shadow");
  assert.equal(made["evt.rawres"], 0);
  assert.equal(made["fs.path.source"], link);
  assert.equal(made["fs.path.target"], "/etc/shadow");
  find(events, "symlinkat", "target=/etc", "linkpath=relative.link");
  // The kernel resolves the link; the name is the one that was asked for.
  assert.match(`${find(events, "openat", link)["evt.args"]}`, /fd=\d+\(/);
});

live("names: created, renamed, linked, removed", async () => {
  const place = join(folder, "names");
  mkdirSync(place, { recursive: true });
  const events = await eventsOf("rename", [], place);
  assert.equal(find(events, "creat")["fd.name"], `${place}/a`);
  assert.equal(find(events, "rename", "oldpath=a")["fs.path.target"], `${place}/b`);
  assert.match(
    `${find(events, "renameat")["evt.args"]}`,
    /olddirfd=3\(<d>.*oldpath=b.*newdirfd=-100\(AT_FDCWD\) newpath=c/,
  );
  find(events, "renameat2", "RENAME_NOREPLACE");
  find(events, "link", "oldpath=d", "newpath=e");
  find(events, "linkat", "newpath=f");
  find(events, "chmod", "S_ISUID");
  find(events, "fchmodat", "filename=e");
  find(events, "chown", "uid=1000", "gid=1001");
  find(events, "fchownat", "AT_SYMLINK_NOFOLLOW");
  find(events, "mkdir", "path=folder", "mode=1C0");
  find(events, "mkdirat", "path=other");
  find(events, "rmdir", "path=folder");
  find(events, "unlinkat", "name=other", "AT_REMOVEDIR");
  assert.equal(find(events, "unlink", "path=d")["fs.path.name"], `${place}/d`);
  const node = of(events, "mknod", "mknodat");
  assert.match(`${node[0]?.["evt.args"]}`, /S_IFIFO/);
});

live("data: what is read and written, and descriptors that are copied", async () => {
  const events = await eventsOf("data");
  const written = find(events, "write", "size=300");
  assert.match(`${written["evt.buffer"]}`, /^beginx+/);
  assert.equal(written["fd.name"], `${folder}/data`);
  find(events, "pwrite", "data=pwrite", "pos=10");
  find(events, "writev", "data=onetwo", "size=6");
  find(events, "pread", "size=8", "pos=10");
  find(events, "readv", "size=8");
  assert.equal(find(events, "read", "fd=99")["evt.rawres"], -9);
  assert.equal(find(events, "dup2")["fd.name"], `${folder}/data`);
  find(events, "dup3", "O_CLOEXEC");
  find(events, "fcntl", "F_DUPFD_CLOEXEC");
  find(events, "fcntl", "F_SETFD");
  find(events, "pipe2", "O_NONBLOCK", "O_CLOEXEC");
  find(events, "close_range", "first=77", "last=90");
});

live("connections: TCP, UDP, IPv6 and unix", async () => {
  const events = await eventsOf("connect_out", [join(folder, "socket")]);
  find(events, "bind", "addr=127.0.0.1:47001");
  const tcp = find(events, "connect", "addr=127.0.0.1:47001", "res=0");
  assert.match(`${tcp["fd.name"]}`, /^127\.0\.0\.1:\d+->127\.0\.0\.1:47001$/);
  assert.equal(tcp["fd.typechar"], "4");
  assert.equal(tcp["fd.sport"], 47001);
  assert.match(`${find(events, "accept4")["evt.args"]}`, /tuple=127\.0\.0\.1:\d+->127\.0\.0\.1:47001/);
  find(events, "sendto", "data=over tcp");
  find(events, "recvfrom", "data=over tcp");
  assert.equal(find(events, "connect", "47002")["evt.rawres"], -111);
  const udp = find(events, "sendto", "data=over udp", "127.0.0.1:47003");
  assert.match(`${udp["fd.name"]}`, /->127\.0\.0\.1:47003$/);
  find(events, "sendmsg", "data=in pieces", "47003");
  assert.match(`${find(events, "connect", "::1:47004")["fd.name"]}`, /^::1:\d+->::1:47004$/);
  const unix = find(events, "connect", `${folder}/socket`);
  assert.match(`${unix["fd.name"]}`, new RegExp(`^[0-9a-f]+->[0-9a-f]+ ${folder}/socket$`));
  find(events, "socketpair", "AF_UNIX");
  find(events, "setsockopt", "SO_REUSEADDR");
  find(events, "shutdown", "SHUT_WR");
});

live("name spaces, roots, other processes, rights, modules", async () => {
  const spaces = await eventsOf("namespaces");
  find(spaces, "unshare", "CLONE_NEWUTS");
  find(spaces, "setns", "CLONE_NEWUTS", "res=0");
  const traced = await eventsOf("trace");
  for (const request of ["PTRACE_ATTACH", "PTRACE_PEEKDATA", "PTRACE_POKEDATA", "PTRACE_DETACH"]) {
    find(traced, "ptrace", request);
  }
  find(traced, "kill", "SIGKILL");
  find(traced, "signaldeliver", "SIGKILL");
  const rooted = await eventsOf("change_root", [join(folder, "bin")]);
  find(rooted, "chroot", `path=${folder}/bin`);
  find(rooted, "chdir", `path=${folder}/bin`);
  const modules = await eventsOf("module");
  find(modules, "init_module", "uargs=answer=42");
  find(modules, "finit_module", "uargs=file=1");
  find(modules, "delete_module", "name=no_such_module", "O_NONBLOCK");
  const taken = await eventsOf("take_fd");
  find(taken, "pidfd_open");
  find(taken, "pidfd_getfd", "target_fd=50");
  // The descriptor that was taken is the other process's file.
  assert.ok(of(taken, "read").some((event) => event["fd.name"] === "/etc/hostname"));
  find(taken, "prctl", "PR_SET_NAME", "arg2_str=another name");
  find(taken, "prctl", "PR_SET_CHILD_SUBREAPER");
  find(taken, "tgkill", "SIGTERM");
  const rights = await eventsOf("rights");
  find(rights, "setrlimit", "cur=512", "max=1024", "RLIMIT_NOFILE");
  find(rights, "setresgid", "rgid=1001");
  find(rights, "setresuid", "ruid=1000");
  find(rights, "capset", "cap_effective=0");
  assert.equal(find(rights, "geteuid")["user.uid"], 1000);
});

live(
  "requests of io_uring: files, descriptors of the ring's own, connections, and such as hide their end",
  async (t) => {
    if (watching.run("ring_requests", ["0"]) === 77) {
      t.skip("io_uring_setup fails: this kernel makes no rings (kernel.io_uring_disabled, or not built in)");
      return;
    }
    const place = join(folder, "requests");
    rmSync(place, { recursive: true, force: true });
    mkdirSync(place);
    const events = await eventsOf("ring_requests", ["47010"], place);
    find(events, "io_uring_setup");
    find(events, "mkdirat", "path=ring(", "res=0");
    const made = find(events, "openat", "name=ring/../ring/made", "O_CREAT", "O_F_CREATED", "mode=0640");
    assert.equal(made["fd.name"], `${place}/ring/made`);
    assert.equal(made["evt.is_open_create"], true);
    assert.equal(made["proc.name"], "ring_requests");
    assert.equal(find(events, "pwrite", "data=written by a request")["fd.name"], `${place}/ring/made`);
    assert.ok(of(events, "close").some((event) => event["fd.name"] === `${place}/ring/made`));
    assert.equal(find(events, "openat", "name=ring/missing")["evt.rawres"], -2);
    find(events, "openat2", "name=ring/made", "RESOLVE_BENEATH");
    assert.equal(find(events, "renameat2", "oldpath=ring/made")["fs.path.target"], `${place}/ring/renamed`);
    find(events, "symlinkat", "target=/etc/shadow", "linkpath=ring/link");
    find(events, "linkat", "newpath=ring/hard");
    assert.equal(find(events, "openat", "name=/etc/shadow")["fd.name"], "/etc/shadow");
    find(events, "socket", "AF_INET");
    find(events, "bind", "addr=127.0.0.1:47010");
    find(events, "listen", "backlog=4");
    const connect = find(events, "connect", "addr=127.0.0.1:47010", "res=0");
    assert.match(`${connect["fd.name"]}`, /^127\.0\.0\.1:\d+->127\.0\.0\.1:47010$/);
    find(events, "accept4", "127.0.0.1:47010");
    find(events, "sendto", "data=sent by a request");
    find(events, "recvfrom", "data=sent by a request");
    find(events, "shutdown", "SHUT_WR");
    // Descriptors of the ring's own table have numbers of their own; reading by them tells the file.
    const slot = of(events, "openat").find((event) => Number(event["evt.rawres"]) >= 0x40000000);
    assert.equal(slot?.["fd.name"], `${place}/ring/renamed`);
    assert.ok(of(events, "pread").some((event) => event["fd.name"] === `${place}/ring/renamed`));
    // No completion was asked for; and more than the queue has room for, all of one number.
    find(events, "unlinkat", "name=ring/hard");
    for (let i = 0; i < 10; i++) find(events, "mkdirat", `path=ring/many-${i}(`, "res=0");
  },
);

live("system calls of 32-bit programs", async () => {
  const events = await eventsOf("calls32");
  const open = find(events, "open", "name=/etc/hostname");
  assert.equal(open["fd.name"], "/etc/hostname");
  assert.ok(of(events, "read").some((event) => event["fd.name"] === "/etc/hostname"));
  find(events, "socket", "AF_UNIX");
});
