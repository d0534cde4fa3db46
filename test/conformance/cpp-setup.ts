// SPDX-License-Identifier: Apache-2.0

import { FLAG_TABLES } from "../../src/batch/event-table.generated.js";
import { type EventName, type ParamValue, ScapBuilder } from "../support/scap-builder.js";
import { inetAddress, inetTuple } from "../support/scap-lists.js";

/*
 * The set-ups of libs' unit tests are C++: statements that add threads and events to a fake inspector. This reads the few
 * forms that they have and makes a capture of it, whose last event is the one that the test looks at.
 */

/** A statement that has a form which is not known. */
export class SetupError extends Error {}

interface Endpoint {
  readonly address: Uint8Array;
  readonly port: number;
}

type Value = ParamValue | Endpoint;

/** Threads of the process that the tests run in. */
const INIT = { INIT_TID: 1, INIT_PID: 1, INIT_PTID: 0 } as const;
/** The last process of the tests' tree: a chain of shells below init. */
const TREE = { p6_t1_tid: 87, p6_t1_pid: 87, p6_t1_ptid: 82 } as const;
const CHAIN = [1, 24, 25, 72, 76, 82, 87] as const;

const NAMES: Readonly<Record<string, number>> = {
  ...INIT,
  ...TREE,
  PPM_CL_CLONE_CHILD_CLEARTID: 1 << 5,
  SE_EINVAL: 22,
  SE_ENOENT: 2,
  PPM_AF_UNIX: 1,
  PPM_AF_INET: 2,
  PPM_AF_INET6: 10,
  SOCK_STREAM: 1,
  SOCK_DGRAM: 2,
  SOCK_RAW: 3,
  DEFAULT_VALUE: 0,
  "sinsp_test_input::socket_params::default_fd": 4,
};

/** What changes nothing that a condition could see. */
const IGNORED =
  /^(#|EXPECT_|std::string err|sinsp_filter_check_list|plugin_api|get_plugin_api|auto pl |flist\.|auto ff |auto cf |cf->|evt->|m_inspector\.|sinsp_evt\s*\*\s*evt( = NULL)?$|open_inspector)/;

/** The capture that a set-up describes. */
export function captureOf(statements: readonly string[]): ScapBuilder {
  const setup = new Setup();
  for (const statement of statements) setup.run(statement.replace(/\s+/g, " ").trim());
  return setup.scap;
}

class Setup {
  readonly scap = new ScapBuilder().section().machine();
  private readonly names = new Map<string, Value>();

  run(statement: string): void {
    if (IGNORED.test(statement)) return;
    if (statement.startsWith("DEFAULT_TREE")) {
      this.tree();
      const rest = statement.slice("DEFAULT_TREE".length).trim();
      if (rest !== "") this.run(rest);
      return;
    }
    const call = /^(?:(?:const )?(?:auto|sinsp_evt)\s*\*?\s*)?(?:evt = )?((?:add|generate)_\w+)\s*\((.*)\)$/.exec(
      statement,
    );
    if (call !== null) {
      this.call(call[1] ?? "", split(call[2] ?? ""));
      return;
    }
    const declaration = /^(?:const )?[\w:<>]+(?:\s*\*)?\s+(\w+)(?:\[\])?\s*=\s*(.*)$/.exec(statement);
    if (declaration === null) throw new SetupError(`unknown statement: ${statement}`);
    this.names.set(declaration[1] ?? "", this.value(declaration[2] ?? ""));
  }

  private call(name: string, args: readonly string[]): void {
    const number = (i: number): number => Number(this.value(args[i] ?? "0"));
    const word = (i: number): string => String(this.value(args[i] ?? '""'));
    switch (name) {
      case "add_default_init_thread":
        this.initThread();
        return;
      case "add_event_advance_ts":
      case "add_filtered_event_advance_ts": {
        const values = args.slice(4).map((arg) => this.value(arg));
        this.event(args[2] ?? "", values, number(1));
        return;
      }
      case "generate_getcwd_failed_entry_event":
        this.event("PPME_SYSCALL_GETCWD_X", [-1, "/test/dir"], args[0] === undefined ? 1 : number(0));
        return;
      case "generate_random_event":
        this.event("PPME_SYSCALL_GETCWD_X", [-1, "/test/dir"], args[0] === undefined ? 1 : number(0));
        return;
      case "generate_socket_exit_event":
        this.event("PPME_SOCKET_SOCKET_X", [4, 2, 1, 0], 1);
        return;
      case "generate_proc_exit_event":
        this.event("PPME_PROCEXIT_1_E", [0, -1, 0, 0, number(1)], number(0));
        return;
      case "generate_clone_x_event":
        this.clone(number(1), number(2), number(3), args[7] === undefined ? "bash" : word(7));
        return;
      case "generate_execve_enter_and_exit_event":
        this.exec(number(2), number(3), number(4), word(5), word(6));
        return;
      case "generate_execve_exit_event_with_default_params":
        this.exec(number(0), number(0), INIT.INIT_PTID, word(1), word(2));
        return;
      default:
        throw new SetupError(`unknown call: ${name}`);
    }
  }

  private initThread(): void {
    const init = { tid: 1, pid: 1, ptid: 0, comm: "init", exe: "/sbin/init", exepath: "/sbin/init", cwd: "/root/" };
    // What the tests of command lines expect of it.
    const args = ["context", "ls", "--format", "{{json .}}"];
    const env = ["TEST_ENV_PARENT_LINEAGE=secret", "HOME=/home/user/parent"];
    this.scap.threads([{ ...init, args, env }]).fds(1, [{ fd: 0, file: "/dev/null" }]);
  }

  private tree(): void {
    this.initThread();
    for (const [i, tid] of CHAIN.entries()) if (i > 0) this.clone(tid, tid, CHAIN[i - 1] ?? 1, "bash");
  }

  private clone(tid: number, pid: number, ptid: number, name: string): void {
    const none = new Uint8Array();
    const values = [0, name, none, tid, pid, ptid, "", 0, 0, 0, 0, 0, 0, name, none, 1 << 5, 0, 0, tid, pid];
    this.event("PPME_SYSCALL_CLONE_20_X", values, tid);
  }

  private exec(tid: number, pid: number, ptid: number, path: string, name: string): void {
    const none = new Uint8Array();
    const values = [0, path, none, tid, pid, ptid, "", 0, 0, 0, 0, 0, 0, name, none, none, 0];
    this.event("PPME_SYSCALL_EXECVE_19_X", [...values, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, "", 0], tid);
  }

  private event(type: string, values: readonly Value[], tid: number): void {
    const params = values.map((value) => {
      if (isEndpoint(value)) throw new SetupError(`${type}: an endpoint is no parameter`);
      return value;
    });
    this.scap.event(type.replace(/^PPME_/, "") as EventName, params, { tid, nparams: params.length });
  }

  /** A C++ expression. */
  private value(text: string): Value {
    const plain = text.trim();
    const cast = /^\((?:u?int\d+_t)\)\s*(.*)$/.exec(plain);
    if (cast !== null) return this.value(cast[1] ?? "");
    const inner = /^\((.*)\)$/.exec(plain);
    if (inner !== null) return this.value(inner[1] ?? "");
    if (plain.startsWith('"')) return unescaped(plain.slice(1, -1));
    if (plain.startsWith("{")) return Buffer.from(split(plain.slice(1, -1)).map((item) => byteOf(item)));
    const buffer = /^scap_const_sized_buffer\{(\w+)/.exec(plain) ?? /^sizeof\((\w+)\)$/.exec(plain);
    if (buffer !== null) {
      const bytes = this.value(buffer[1] ?? "");
      if (!(bytes instanceof Uint8Array)) throw new SetupError(`no buffer: ${plain}`);
      return plain.startsWith("sizeof") ? bytes.length : bytes;
    }
    const address = /^test_utils::fill_sockaddr_in6?\((\d+), "(.*)"\)$/.exec(plain);
    if (address !== null) return { port: Number(address[1]), address: addressOf(address[2] ?? "") };
    const packed = /^test_utils::pack_(socktuple|sockaddr)\((.*)\)$/.exec(plain);
    if (packed !== null) return this.packed(packed[1] ?? "", packed[2] ?? "");
    if (plain.includes("|")) return plain.split("|").reduce((sum, part) => sum | Number(this.value(part)), 0);
    if (plain.startsWith("-")) return -Number(this.value(plain.slice(1)));
    return this.name(plain);
  }

  private name(text: string): Value {
    const plain = text.replace(/\.c_str\(\)$/, "");
    if (/^0[0-7]+$/.test(plain)) return Number.parseInt(plain, 8);
    if (/^(0x[0-9a-fA-F]+|[0-9]+)$/.test(plain)) return Number(plain);
    const flag = (FLAG_TABLES["file_flags"] ?? []).find(({ name }) => `PPM_${name}` === plain);
    const value = this.names.get(plain) ?? NAMES[plain] ?? flag?.value;
    if (value === undefined) throw new SetupError(`unknown expression: ${plain}`);
    return value;
  }

  private packed(form: string, args: string): Buffer {
    const ends = [...args.matchAll(/&(\w+)/g)].map((match) => this.names.get(match[1] ?? ""));
    const [from, to] = ends;
    if (!isEndpoint(from)) throw new SetupError(`no endpoint: ${args}`);
    if (form === "sockaddr") return inetAddress(dotted(from.address), from.port);
    if (!isEndpoint(to)) throw new SetupError(`no endpoint: ${args}`);
    return inetTuple(dotted(from.address), from.port, dotted(to.address), to.port);
  }
}

function isEndpoint(value: Value | undefined): value is Endpoint {
  return typeof value === "object" && value !== null && "port" in value;
}

/** Parts between commas that stand in no bracket and no quotes. */
function split(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  let quote = "";
  for (let i = 0; i < text.length; i++) {
    const c = text.charAt(i);
    if (quote !== "") {
      if (c === "\\") i++;
      else if (c === quote) quote = "";
    } else if (c === '"' || c === "'") quote = c;
    else if ("({[".includes(c)) depth++;
    else if (")}]".includes(c)) depth--;
    else if (c === "," && depth === 0) {
      parts.push(text.slice(start, i).trim());
      start = i + 1;
    }
  }
  const last = text.slice(start).trim();
  return last === "" ? parts : [...parts, last];
}

/** The text of a C string, one character a byte. */
function unescaped(text: string): string {
  return text.replace(/\\(x([0-9a-fA-F]{2})|.)/g, (_, code: string, hex: string | undefined) =>
    hex !== undefined ? String.fromCharCode(Number.parseInt(hex, 16)) : code === "0" ? "\0" : code,
  );
}

function byteOf(item: string): number {
  return item.startsWith("'") ? unescaped(item.slice(1, -1)).charCodeAt(0) : Number(item);
}

function addressOf(text: string): Uint8Array {
  if (!text.includes(":")) return Buffer.from(text.split(".").map(Number));
  const [head = "", tail = ""] = text.split("::");
  const groups = (part: string): number[] =>
    part
      .split(":")
      .filter(Boolean)
      .map((group) => Number.parseInt(group, 16));
  const [before, after] = [groups(head), groups(tail)];
  const all = [...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after];
  return Buffer.from(all.flatMap((group) => [group >> 8, group & 255]));
}

/** What the builder takes for an address: dotted text of version 4, bytes of version 6. */
function dotted(address: Uint8Array): string | Uint8Array {
  return address.length === 4 ? [...address].join(".") : address;
}
