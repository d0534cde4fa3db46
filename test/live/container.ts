// SPDX-License-Identifier: Apache-2.0
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { packageRoot } from "../support/shared.js";

const root = packageRoot;
/** Programs of test/programs that a container has in /bin. */
const PROGRAMS = ["marker", "namespaces", "module", "serve_shell"] as const;
const CGROUPS = "/sys/fs/cgroup";

export interface ContainerOptions {
  /** Path of its control groups, as engines choose it. */
  readonly cgroupsPath: string;
  readonly args: readonly string[];
  /** All rights of the host, as `--privileged` gives them. */
  readonly privileged?: boolean;
  /** A terminal as its input and output. */
  readonly terminal?: boolean;
  /** What engines note on a container for themselves and others. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** Where the engine keeps the bundle, that is its config.json; without one it is nowhere that an engine would. */
  readonly bundle?: string;
}

/** Where engines keep bundles. The namespace is one that no real container is in. */
export const BUNDLES = {
  containerd: (id: string) => `/run/containerd/io.containerd.runtime.v2.task/peregrine-test-${process.pid}/${id}`,
  podman: (id: string) => `/var/lib/containers/storage/overlay-containers/${id}/userdata`,
  crio: (id: string) => `/run/containers/storage/overlay-containers/${id}/userdata`,
} as const;

/** Why there are no containers here; false where there are. */
export function noContainers(): string | false {
  return spawnSync("runc", ["--version"]).status === 0 ? false : "containers need runc";
}

/** 64 hexadecimal digits, as engines number containers. */
export function containerId(name: string): string {
  return createHash("sha256").update(`${process.pid} ${name}`).digest("hex");
}

/** Containers that Debian's runc runs, on a root file system that is made here: a shell and a few static programs. */
export class Containers {
  private readonly bundle: string;
  private readonly state: string;
  private readonly folders = new Set<string>();
  private readonly files: string[] = [];
  private made = 0;

  constructor(folder: string) {
    this.bundle = join(folder, "bundle");
    this.state = join(folder, "runc");
    const bin = join(this.bundle, "rootfs", "bin");
    for (const name of ["proc", "dev", "sys", "tmp", "etc", "bin"]) {
      mkdirSync(join(this.bundle, "rootfs", name), { recursive: true });
    }
    for (const name of PROGRAMS) {
      const source = join(root, "test", "programs", `${name}.c`);
      execFileSync("gcc", ["-O1", "-w", "-static", "-pthread", "-o", join(bin, name), source]);
    }
    copyFileSync(join(bin, "serve_shell"), join(bin, "nginx"));
    this.copyWithLibraries("/bin/sh", "sh");
  }

  /** A program of this machine, with the libraries that its loader would find. */
  private copyWithLibraries(path: string, name: string): void {
    const rootfs = join(this.bundle, "rootfs");
    copyFileSync(path, join(rootfs, "bin", name));
    chmodSync(join(rootfs, "bin", name), 0o755);
    const { stdout } = spawnSync("ldd", [path], { encoding: "utf8" });
    for (const [, library = ""] of (stdout ?? "").matchAll(/(\/[^\s()]+)/g)) {
      mkdirSync(join(rootfs, dirname(library)), { recursive: true });
      copyFileSync(library, join(rootfs, library));
    }
  }

  /** Writes what runc needs for the next container. @returns the command that runs it to its end */
  prepare(options: ContainerOptions): string[] {
    for (const controller of readdirSync(CGROUPS)) this.note(join(CGROUPS, controller, dirname(options.cgroupsPath)));
    const bundle = options.bundle ?? this.bundle;
    if (bundle !== this.bundle) this.note(bundle);
    mkdirSync(bundle, { recursive: true });
    const config = join(bundle, "config.json");
    writeFileSync(config, JSON.stringify(specOf(options, join(this.bundle, "rootfs"))));
    if (bundle !== this.bundle) this.files.push(config);
    const name = `peregrine-test-${process.pid}-${this.made++}`;
    return ["runc", "--root", this.state, "run", "--bundle", bundle, name];
  }

  /** Runs a container to its end. @throws Error where runc does not start it, or its program fails */
  run(options: ContainerOptions): void {
    const command = this.prepare(options);
    // A terminal is had from `script`, which hands its own pseudo-terminal on.
    const [program = "", ...args] = options.terminal
      ? ["script", "-qec", command.map((word) => `'${word}'`).join(" "), "/dev/null"]
      : command;
    const { status, stderr, stdout } = spawnSync(program, args, { encoding: "utf8", input: "" });
    if (status !== 0) throw new Error(`runc ended with ${status}: ${stderr}${stdout}`);
  }

  /** Notes the folders on the way to `folder` that are not there: they are removed in the end. */
  private note(folder: string): void {
    for (let path = folder; !existsSync(path); path = dirname(path)) this.folders.add(path);
  }

  /** Removes what is left; runc leaves the folders above a container's control groups behind. */
  remove(): void {
    for (const file of this.files) rmSync(file);
    // The longest first: each stands in a shorter one.
    for (const folder of [...this.folders].sort((a, b) => b.length - a.length)) {
      if (existsSync(folder)) rmdirSync(folder);
    }
    rmSync(this.bundle, { recursive: true, force: true });
    rmSync(this.state, { recursive: true, force: true });
  }
}

const CAPABILITIES = ["CAP_CHOWN", "CAP_KILL", "CAP_NET_BIND_SERVICE", "CAP_SETUID", "CAP_SETGID"];

/** Names of capabilities in the order of their numbers. */
const NAMES = [
  ...["CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP"],
  ...["LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER"],
  ...["SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE"],
  ...["SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP"],
  ...["MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ"],
  ...["PERFMON", "BPF", "CHECKPOINT_RESTORE"],
];

/** All capabilities that there are to give: those of this process, which need not have all that the kernel knows. */
function ownCapabilities(): string[] {
  const own = BigInt(`0x${/^CapBnd:\s+(\w+)$/m.exec(readFileSync("/proc/self/status", "latin1"))?.[1] ?? "0"}`);
  return NAMES.filter((_, bit) => ((own >> BigInt(bit)) & 1n) === 1n).map((name) => `CAP_${name}`);
}

/** The config.json of a bundle, as engines write it. */
function specOf(
  { cgroupsPath, args, privileged = false, terminal = false, annotations = {} }: ContainerOptions,
  rootfs: string,
): object {
  const capabilities = privileged ? ownCapabilities() : CAPABILITIES;
  const masked = privileged ? {} : { maskedPaths: ["/proc/kcore", "/proc/keys"], readonlyPaths: ["/proc/sys"] };
  return {
    ociVersion: "1.0.2",
    process: {
      terminal,
      user: { uid: 0, gid: 0 },
      args,
      env: ["PATH=/bin", "TERM=xterm"],
      cwd: "/",
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
      noNewPrivileges: !privileged,
    },
    root: { path: rootfs, readonly: false },
    hostname: "container",
    mounts: [
      { destination: "/proc", type: "proc", source: "proc" },
      { destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["nosuid", "mode=755", "size=65536k"] },
      {
        destination: "/dev/pts",
        type: "devpts",
        source: "devpts",
        options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"],
      },
    ],
    annotations,
    linux: {
      cgroupsPath,
      namespaces: ["pid", "ipc", "uts", "mount", "network"].map((type) => ({ type })),
      resources: { devices: [{ allow: privileged, access: "rwm" }] },
      ...masked,
    },
  };
}

/** What container.id shows of a path that ends with a name or with 64 digits. */
export function shortId(idOrPath: string): string {
  const name = basename(idOrPath);
  return /^[0-9a-f]{64}$/.test(name) ? name.slice(0, 12) : name;
}
