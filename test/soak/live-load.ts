// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket, connect as tcpConnect } from "node:net";
import { join } from "node:path";
import { Containers, containerId, noContainers } from "../live/container.js";
import { packageRoot } from "../support/shared.js";

/** What a machine does all day, in small: one round of it after the other. */
export interface Activity {
  readonly name: string;
  /** One round. */
  readonly run: () => Promise<void>;
}

const SCRIPT = `
const fs = require("node:fs");
const os = require("node:os");
for (const name of fs.readdirSync("/etc")) {
  try { fs.readFileSync("/etc/" + name); } catch {}
}
const file = os.tmpdir() + "/peregrine-soak-" + process.pid;
fs.writeFileSync(file, JSON.stringify(process.memoryUsage()));
fs.renameSync(file, file + ".moved");
fs.rmSync(file + ".moved");
`;
const CONNECTIONS = 100;

/** Programs are run at the lowest of usual priorities: what watches them is to be busy, not starved. */
const NICE = ["nice", "-n", "10"];

/** Activities that this machine can do, and what they need. */
export class LiveLoad {
  readonly activities: readonly Activity[];
  private readonly containers: Containers | null;
  private readonly server: Server;
  private running: ChildProcess | null = null;
  private made = 0;

  private constructor(
    private readonly folder: string,
    server: Server,
  ) {
    this.server = server;
    this.containers = noContainers() === false ? new Containers(folder) : null;
    execFileSync("tar", ["czf", join(folder, "package.tgz"), "-C", packageRoot, "src", "docs", "test/live", "native"]);
    const all: Activity[] = [
      { name: "compile", run: () => this.compile() },
      { name: "node scripts", run: () => this.program(process.execPath, ["-e", SCRIPT]) },
      { name: "network", run: () => this.network() },
      { name: "extraction", run: () => this.extract() },
      {
        name: "shell",
        run: () => this.program("sh", ["-c", "for i in 1 2 3 4 5; do ls -l /usr/bin | sort | wc -l; done"]),
      },
    ];
    if (this.containers !== null) all.push({ name: "containers", run: () => this.container() });
    this.activities = all;
  }

  static async create(folder: string): Promise<LiveLoad> {
    const server = createServer((socket: Socket) => socket.pipe(socket));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new LiveLoad(folder, server);
  }

  private async program(command: string, args: readonly string[]): Promise<void> {
    const [nice = "", ...rest] = NICE;
    const child = spawn(nice, [...rest, command, ...args], { stdio: "ignore" });
    this.running = child;
    const [code] = (await once(child, "close")) as [number | null];
    this.running = null;
    if (code !== 0) throw new Error(`${command} ended with ${code}`);
  }

  private compile(): Promise<void> {
    const sources = join(packageRoot, "test", "programs");
    const names = readdirSync(sources);
    const name = names[this.made++ % names.length] ?? "";
    return this.program("gcc", ["-O2", "-w", "-pthread", "-o", join(this.folder, "compiled"), join(sources, name)]);
  }

  /** Connections to a server of this process, one after the other: each says something and hears it. */
  private async network(): Promise<void> {
    const address = this.server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    for (let i = 0; i < CONNECTIONS; i++) {
      const socket = tcpConnect(port, "127.0.0.1");
      await once(socket, "connect");
      socket.write("a question");
      await once(socket, "data");
      socket.end();
      await once(socket, "close");
    }
  }

  private async extract(): Promise<void> {
    const to = join(this.folder, "extracted");
    mkdirSync(to, { recursive: true });
    await this.program("tar", ["xzf", join(this.folder, "package.tgz"), "-C", to]);
    rmSync(to, { recursive: true, force: true });
  }

  private async container(): Promise<void> {
    const id = containerId(String(this.made++));
    const [command = "", ...args] = this.containers?.prepare({
      cgroupsPath: `/peregrine-soak/docker/${id}`,
      args: ["/bin/sh", "-c", "for i in 1 2 3; do /bin/marker; done"],
    }) ?? [""];
    await this.program(command, args);
  }

  /** Ends what is running; removes what was made. */
  async close(): Promise<void> {
    if (this.running !== null) {
      this.running.kill("SIGKILL");
      this.running = null;
    }
    await new Promise((resolve) => this.server.close(resolve));
    this.containers?.remove();
    if (existsSync(this.folder)) rmSync(this.folder, { recursive: true, force: true });
  }
}
