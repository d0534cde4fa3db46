// SPDX-License-Identifier: Apache-2.0

import { execFileSync, spawn } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";
import { gzipSync } from "node:zlib";
import { packageRoot } from "../../bench/paths.js";
import { type Kernel, moduleOf } from "./kernel.js";

/** In the order in which they need each other. Those that a kernel does not have are not needed there. */
const MODULES = [
  ...["virtio_ring", "virtio", "virtio_pci_legacy_dev", "virtio_pci_modern_dev", "virtio_pci"],
  ...["netfs", "fscache", "9pnet", "9pnet_virtio", "9p", "overlay"],
];
const BUSYBOX = "/bin/busybox";
const STATUS = /^guest: ended with (\d+)/;

/** This machine's files, of which the guest sees a copy that it may write to, lead to a second script. */
const INIT = `#!/bin/busybox sh
B=/bin/busybox
$B mount -t proc proc /proc; $B mount -t sysfs sys /sys; $B mount -t devtmpfs dev /dev
for f in /m/*.ko; do $B insmod $f; done
$B mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,ro,cache=loose host /lower
$B mount -t tmpfs tmpfs /up; $B mkdir /up/u /up/w
$B mount -t overlay -o lowerdir=/lower,upperdir=/up/u,workdir=/up/w overlay /root
for d in proc sys dev; do $B mount --move /$d /root/$d; done
for d in run tmp dev/shm; do $B mkdir -p /root/$d; $B mount -t tmpfs tmpfs /root/$d; done
$B mkdir -p /root/dev/pts; $B mount -t devpts devpts /root/dev/pts
$B mount -t cgroup2 cgroup2 /root/sys/fs/cgroup
$B ifconfig lo 127.0.0.1
exec $B switch_root /root SCRIPT
`;

/**
 * A machine of its own with another kernel, emulated: slowly, and for whoever is root there all of this machine's files are
 * to be read.
 */
export class Guest {
  constructor(
    private readonly kernel: Kernel,
    /** A folder for what the guest is made of. */
    private readonly folder: string,
  ) {}

  /** Runs one of dist's tests there. @param told is given each line of it. @returns its exit code; null if it did not end */
  async run(test: string, seconds: number, told: (line: string) => void): Promise<number | null> {
    this.prepare(test);
    const child = spawn("qemu-system-x86_64", [
      ...[
        "-accel",
        "tcg,thread=multi",
        "-cpu",
        "max",
        "-smp",
        "2",
        "-m",
        "4096",
        "-nographic",
        "-no-reboot",
        "-nic",
        "none",
      ],
      ...[
        "-kernel",
        this.kernel.image,
        "-initrd",
        join(this.folder, "initrd.gz"),
        "-append",
        "console=ttyS0 quiet panic=-1",
      ],
      ...["-virtfs", "local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap"],
    ]);
    const timer = setTimeout(() => child.kill("SIGKILL"), seconds * 1000);
    let status: number | null = null;
    for await (const line of createInterface({ input: child.stdout })) {
      const ended = STATUS.exec(line);
      if (ended !== null) status = Number(ended[1]);
      else told(line.replace("\r", ""));
    }
    clearTimeout(timer);
    return status;
  }

  private prepare(test: string): void {
    const tree = join(this.folder, "tree");
    rmSync(tree, { recursive: true, force: true });
    for (const name of ["bin", "m", "proc", "sys", "dev", "lower", "up", "root"])
      mkdirSync(join(tree, name), { recursive: true });
    copyFileSync(BUSYBOX, join(tree, "bin", "busybox"));
    for (const [i, name] of MODULES.entries()) {
      const bytes = moduleOf(this.kernel, name);
      if (bytes !== null) writeFileSync(join(tree, "m", `${i + 10}-${name}.ko`), bytes);
    }
    const script = this.script(test);
    this.program(join(tree, "init"), INIT.replace("SCRIPT", script));
    const names = readdirSync(tree, { recursive: true, encoding: "utf8" }).join("\n");
    const archive = execFileSync(BUSYBOX, ["cpio", "-o", "-H", "newc"], {
      cwd: tree,
      input: names,
      maxBuffer: 1 << 28,
    });
    writeFileSync(join(this.folder, "initrd.gz"), gzipSync(archive, { level: 1 }));
  }

  /** What the guest does. The test's programs are compiled here: there it would take minutes. */
  private script(test: string): string {
    const programs = join(this.folder, "programs");
    const bin = join(this.folder, "bin");
    for (const each of [programs, bin]) mkdirSync(each, { recursive: true });
    const sources = join(packageRoot(), "test", "programs");
    for (const name of readdirSync(sources)) {
      const target = join(programs, basename(name, ".c"));
      execFileSync("gcc", ["-O1", "-w", "-pthread", "-o", target, join(sources, name)]);
    }
    const compiler = `[ "$1" = --version ] && exit 0\nwhile [ "$1" != -o ]; do shift; done\n`;
    this.program(join(bin, "gcc"), `#!/bin/sh\n${compiler}exec cp "${programs}/$(basename "$3" .c)" "$2"\n`);
    const path = join(this.folder, "script");
    const run = `cd "${packageRoot()}" && "${process.execPath}" "dist/test/${test}.test.js"`;
    const end = `echo "guest: ended with $?"; sync; exec ${BUSYBOX} poweroff -f`;
    this.program(
      path,
      `#!/bin/bash\nexport NO_COLOR=1 TERM=dumb PATH="${bin}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin" HOME=/root\n${run}\n${end}\n`,
    );
    return path;
  }

  private program(path: string, text: string): void {
    writeFileSync(path, text);
    chmodSync(path, 0o755);
  }

  /** What a kernel's own banner says. */
  static isNoise(line: string): boolean {
    return /SeaBIOS|Booting from|Invalid ELF header|reboot: Power down/.test(line);
  }
}

export function missingTools(): string[] {
  const tools = ["qemu-system-x86_64", BUSYBOX, "xz", "dpkg-deb", "gcc"];
  return tools.filter((tool) => {
    try {
      execFileSync("sh", ["-c", 'command -v "$0"', tool], { stdio: "ignore" });
      return tool === BUSYBOX && !readFileSync(BUSYBOX).includes("switch_root");
    } catch {
      return true;
    }
  });
}
