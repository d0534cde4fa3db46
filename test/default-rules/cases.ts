// SPDX-License-Identifier: Apache-2.0

import { firstInside, inside, RDONLY, type Scene, scene, TRUNCATE, WRONLY } from "./scenes.js";

/** Scenes in which a rule must raise exactly one alert, and neighbours of them in which it must raise none. */
export interface RuleCases {
  readonly fires: Readonly<Record<string, Scene>>;
  readonly silent: Readonly<Record<string, Scene>>;
}

const SETNS = (name: string, res = 0) => scene({ name }).event("SYSCALL_SETNS_X", { res, fd: 3, nstype: 0x20000 });
const UNSHARE = (target: Scene, name = 0x10000) => target.event("SYSCALL_UNSHARE_X", { res: 0, flags: name });
const MODULE = (target: Scene, res = 0) =>
  target.open("/tmp/x.ko", RDONLY, 3).event("SYSCALL_FINIT_MODULE_X", { res, fd: 3, uargs: "", flags: 0 });
const PTRACE = (name: string, request: number) =>
  scene({ name }).event("SYSCALL_PTRACE_X", {
    res: 0,
    addr: new Uint8Array(9),
    data: new Uint8Array(9),
    request,
    pid: 1,
  });
const LINK = (oldpath: string) => scene().event("SYSCALL_LINK_2_X", { res: 0, oldpath, newpath: "/tmp/harmless" });

/** A binary written, moved over and removed; written by a package's script, only read, failing. */
function replaced(name: string): RuleCases {
  const path = `/usr/bin/${name}`;
  return {
    fires: {
      written: scene().open(path, WRONLY),
      "moved over": scene().rename("/tmp/new", path),
      removed: scene().unlink(path),
    },
    silent: {
      "by a package's script": scene({ name: "cp", parent: "dpkg" }).open(path, WRONLY),
      "by a package manager": scene({ name: "dpkg" }).rename("/usr/bin/x.dpkg-new", path),
      "only read": scene().open(path, RDONLY),
      "not removed": scene().unlink(path, -13),
      "of that name elsewhere": scene().open(`/home/me/${name}`, WRONLY),
    },
  };
}

export const CASES: Readonly<Record<string, RuleCases>> = {
  "Privileged container started": {
    fires: { "first process": firstInside().container(true).exec("/app") },
    silent: {
      unprivileged: firstInside().container(false).exec("/app"),
      "a later process": inside().container(true).exec("/app"),
      "an image that must be": firstInside().container(true, "registry.k8s.io/kube-proxy").exec("/app"),
    },
  },
  "Namespace entered": {
    fires: { nsenter: SETNS("nsenter") },
    silent: { runtime: SETNS("runc"), systemd: SETNS("(systemd)"), failed: SETNS("nsenter", -1) },
  },
  "Namespace created in a container": {
    fires: { unshare: UNSHARE(inside("unshare"), 0x10000000) },
    silent: {
      host: UNSHARE(scene({ name: "unshare" }), 0x10000000),
      runtime: UNSHARE(inside("runc:[1:CHILD]"), 0x10000000),
    },
  },
  "Terminal shell in a container": {
    fires: { bash: inside().exec("/bin/bash", [], { tty: 34816 }) },
    silent: {
      host: scene().exec("/bin/bash", [], { tty: 34816 }),
      "no terminal": inside().exec("/bin/bash"),
      "no shell": inside().exec("/bin/ls", [], { tty: 34816 }),
    },
  },
  "Shell started by a server in a container": {
    fires: { nginx: inside("nginx", "nginx").exec("/bin/sh", ["-c", "id"]) },
    silent: {
      "another parent": inside("entry", "entry").exec("/bin/sh", ["-c", "id"]),
      host: scene({ parent: "nginx" }).exec("/bin/sh", ["-c", "id"]),
    },
  },
  "Login binary replaced": replaced("login"),
  "Password binary replaced": replaced("passwd"),
  "SSH binary replaced": replaced("sshd"),
  "Core utility replaced": replaced("ls"),
  "Cron job written": {
    fires: {
      written: scene().open("/etc/cron.d/job", WRONLY),
      moved: scene().rename("/tmp/job", "/var/spool/cron/root"),
    },
    silent: {
      crontab: scene({ name: "crontab" }).rename("/tmp/job", "/var/spool/cron/crontabs/me"),
      package: scene({ name: "dpkg" }).open("/etc/cron.d/job", WRONLY),
      read: scene().open("/etc/cron.d/job", RDONLY),
    },
  },
  "Systemd unit written": {
    fires: {
      written: scene().open("/etc/systemd/system/x.service", WRONLY),
      moved: scene().rename("/tmp/x", "/usr/lib/systemd/system/x.timer"),
    },
    silent: {
      systemctl: scene({ name: "systemctl" }).open("/etc/systemd/system/x.service", WRONLY),
      read: scene().open("/etc/systemd/system/x.service", RDONLY),
    },
  },
  "Write below a binary directory": {
    fires: {
      written: scene().open("/usr/local/bin/new", WRONLY),
      moved: scene().rename("/tmp/new", "/usr/sbin/new"),
    },
    silent: {
      package: scene({ name: "rpm" }).open("/usr/bin/new", WRONLY),
      elsewhere: scene().open("/opt/bin/new", WRONLY),
      failed: scene().open("/usr/bin/new", WRONLY, -13),
    },
  },
  "Write below etc": {
    fires: { written: scene().open("/etc/hosts", WRONLY), moved: scene().rename("/tmp/p", "/etc/passwd") },
    silent: {
      "usual writer": scene({ name: "useradd" }).rename("/etc/passwd+", "/etc/passwd"),
      "changing file": scene().open("/etc/resolv.conf", WRONLY),
      elsewhere: scene().open("/etcetera/hosts", WRONLY),
      read: scene().open("/etc/hosts", RDONLY),
    },
  },
  "Sensitive file read": {
    fires: {
      shadow: scene({ name: "cat" }).open("/etc/shadow", RDONLY),
      sudoers: scene({ name: "cat" }).open("/etc/sudoers.d/me", RDONLY),
    },
    silent: {
      sshd: scene({ name: "sshd" }).open("/etc/shadow", RDONLY),
      passwd: scene({ name: "cat" }).open("/etc/passwd", RDONLY),
      failed: scene({ name: "cat" }).open("/etc/shadow", RDONLY, -13),
    },
  },
  "Link to a sensitive file": {
    fires: {
      symlink: scene({ name: "ln" }).symlink("/etc/shadow", "/tmp/harmless"),
      folder: scene({ name: "ln" }).symlink("/root", "/tmp/harmless"),
      "hard link": LINK("/etc/shadow"),
    },
    silent: {
      "other file": scene({ name: "ln" }).symlink("/etc/hosts", "/tmp/harmless"),
      failed: scene({ name: "ln" }).symlink("/etc/shadow", "/tmp/harmless", -17),
      "hard link": LINK("/etc/hosts"),
    },
  },
  "Credential search": {
    fires: { find: scene().exec("/usr/bin/find", ["/", "-name", "id_rsa"]) },
    silent: {
      "other search": scene().exec("/usr/bin/find", ["/", "-name", "core"]),
      "other tool": scene().exec("/usr/bin/ssh", ["-i", "id_rsa"]),
    },
  },
  "Kernel module loaded": {
    fires: {
      host: MODULE(scene({ name: "insmod" })),
      "an attempt": MODULE(scene({ name: "insmod" }), -1),
      container: MODULE(inside("modprobe")),
    },
    silent: {
      udev: MODULE(scene({ name: "(udev-worker)" })),
      modprobe: MODULE(scene({ name: "modprobe" })),
      "an attempt of modprobe": MODULE(scene({ name: "modprobe" }), -17),
    },
  },
  "Process attached by ptrace": {
    fires: { attach: PTRACE("inject", 11), seize: PTRACE("inject", 20) },
    silent: { gdb: PTRACE("gdb", 11), "asks to be traced": PTRACE("inject", 1) },
  },
  "Executable run from memory": {
    fires: { memfd: scene().memfdExec() },
    silent: { disk: scene().exec("/usr/bin/x"), runc: scene({ parent: "runc" }).memfdExec() },
  },
  "Standard stream redirected to the network": {
    fires: { python: scene({ name: "python3" }).connect("203.0.113.9", 4444).dup2(3, 0) },
    silent: {
      "another descriptor": scene({ name: "python3" }).connect("203.0.113.9", 4444).dup2(3, 9),
      "a file": scene({ name: "bash" }).open("/tmp/x", RDONLY, 3).dup2(3, 0),
      inetd: scene({ name: "inetd" }).connect("203.0.113.9", 4444).dup2(3, 0),
    },
  },
  "Unexpected outbound connection": {
    fires: { cat: scene({ name: "cat" }).connect("203.0.113.9", 443) },
    silent: {
      curl: scene({ name: "curl" }).connect("203.0.113.9", 443),
      names: scene({ name: "cat" }).connect("203.0.113.9", 53),
      "the machine itself": scene({ name: "cat" }).connect("127.0.0.1", 443),
    },
  },
  "Unexpected inbound connection": {
    fires: { nc: scene({ name: "nc" }).accept("203.0.113.9", 4444) },
    silent: {
      sshd: scene({ name: "sshd" }).accept("203.0.113.9", 22),
      "the machine itself": scene({ name: "nc" }).accept("127.0.0.1", 4444),
    },
  },
  "Log cleared": {
    fires: { emptied: scene().open("/var/log/auth.log", TRUNCATE), removed: scene().unlink("/var/log/wtmp") },
    silent: {
      appended: scene().open("/var/log/auth.log", WRONLY | 8),
      logrotate: scene({ name: "logrotate" }).unlink("/var/log/syslog.7.gz"),
      elsewhere: scene().unlink("/tmp/log"),
    },
  },
  "Shell history cleared": {
    fires: {
      emptied: scene().open("/root/.bash_history", TRUNCATE),
      removed: scene({ name: "rm" }).unlink("/home/me/.zsh_history"),
      "linked to nothing": scene({ name: "ln" }).symlink("/dev/null", "/root/.bash_history"),
    },
    silent: {
      appended: scene({ name: "bash" }).open("/root/.bash_history", WRONLY | 8),
      userdel: scene({ name: "userdel" }).unlink("/home/me/.bash_history"),
      "another file": scene({ name: "rm" }).unlink("/home/me/notes"),
    },
  },
};
