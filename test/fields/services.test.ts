// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import { EventType } from "../../src/batch/event-table.generated.js";
import { FdKind, L4, Role } from "../../src/batch/fd-rows.js";
import { ServiceNames } from "../../src/fields/services.js";
import { type FdSpec, FieldBed, textOf } from "../support/field-bed.js";
import { sockaddr, socktuple } from "../support/records.js";

const FILE = `# Network services
tcpmux		1/tcp				# TCP port service multiplexer
ftp-data	20/tcp
domain	53/tcp
domain	53/udp
http	80/tcp	www	# WorldWideWeb HTTP
http-alt	8080/tcp	webcache
syslog	514/udp
shell	514/tcp	cmd
sctp-only	99/sctp
bad line
toolarge	70000/tcp
#commented	22/tcp
`;

test("names of ports by transport; without one the file's first line with the port", () => {
  const names = new ServiceNames(FILE);
  const cases: [number, number, string][] = [
    [53, L4.TCP, "domain"],
    [53, L4.UDP, "domain"],
    [80, L4.TCP, "http"],
    [80, L4.UDP, "80"],
    [514, L4.UDP, "syslog"],
    [514, L4.TCP, "shell"],
    [514, L4.UNKNOWN, "syslog"],
    [99, L4.UNKNOWN, "sctp-only"],
    [99, L4.TCP, "99"],
    [22, L4.TCP, "22"],
    [70000 & 0xffff, L4.TCP, "4464"],
    [0, L4.TCP, "0"],
  ];
  for (const [port, l4, name] of cases) assert.equal(names.of(port, l4), name);
  assert.equal(new ServiceNames("").of(80, L4.TCP), "80");
});

const LOOPBACK = { l4: L4.TCP, role: Role.CLIENT, kind: FdKind.IPV4_SOCK };
const WEB: FdSpec = {
  ...LOOPBACK,
  name: "10.0.0.1:40000->10.0.0.2:80",
  socket: socktuple("10.0.0.1", 40000, "10.0.0.2", 80),
};

test("where they are looked up, names of ports stand in fd.name, fd.*proto and arguments, and nowhere else", () => {
  const bed = new FieldBed();
  bed.view.services = new ServiceNames(FILE);
  const show = (spec: FdSpec): (string | null)[] => {
    const e = bed.event(
      { type: EventType.SYSCALL_READ_X, params: { fd: 3 } },
      { row: 1, fdRow: bed.file(spec), fd: 3 },
    );
    return ["name", "cproto", "sproto", "lproto", "rproto", "sport"].map((name) => textOf(`fd.${name}`, e));
  };
  const web = "10.0.0.1:40000->10.0.0.2:http";
  assert.deepEqual(show(WEB), [web, "40000", "http", "http", "40000", "80"]);
  assert.equal(show({ ...WEB, l4: L4.UDP })[0], "10.0.0.1:40000->10.0.0.2:80");
  const dns6: FdSpec = {
    ...LOOPBACK,
    kind: FdKind.IPV6_SOCK,
    l4: L4.UDP,
    name: "2001:db8::1:40251->2001:db8::2:53",
    socket: socktuple("2001:db8::1", 40251, "2001:db8::2", 53),
  };
  assert.deepEqual(show(dns6).slice(0, 3), ["2001:db8::1:40251->2001:db8::2:domain", "40251", "domain"]);
  const listening: FdSpec = {
    kind: FdKind.IPV4_SERVSOCK,
    l4: L4.TCP,
    role: Role.SERVER,
    name: "0.0.0.0:8080",
    socket: sockaddr("0.0.0.0", 8080),
  };
  assert.equal(show(listening)[0], "0.0.0.0:http-alt");
  // No ports in the names of these.
  assert.equal(show({ ...WEB, l4: L4.ICMP, name: "10.0.0.1->10.0.0.2" })[0], "10.0.0.1->10.0.0.2");
  assert.equal(show({ ...LOOPBACK })[0], "");
  assert.equal(show({ kind: FdKind.FILE_V2, name: "/etc/services:80" })[0], "/etc/services:80");
});

test("arguments: tuples, addresses, fds and poll lists", () => {
  const bed = new FieldBed();
  const row = bed.file(WEB);
  const connect = (): Record<string, string | null> => {
    const params = {
      res: 0,
      tuple: socktuple("10.0.0.1", 40000, "10.0.0.2", 80),
      fd: 3,
      addr: sockaddr("10.0.0.2", 80),
    };
    const e = bed.event({ type: EventType.SOCKET_CONNECT_X, params }, { row: 1, fdRow: row, fd: 3, rows: { fd: row } });
    return Object.fromEntries(["tuple", "fd", "addr"].map((name) => [name, textOf(`evt.arg.${name}`, e)]));
  };
  assert.deepEqual(connect(), {
    tuple: "10.0.0.1:40000->10.0.0.2:80",
    fd: "<4t>10.0.0.1:40000->10.0.0.2:80",
    addr: "10.0.0.2:80",
  });
  bed.view.services = new ServiceNames(FILE);
  assert.deepEqual(connect(), {
    tuple: "10.0.0.1:40000->10.0.0.2:http",
    fd: "<4t>10.0.0.1:40000->10.0.0.2:http",
    addr: "10.0.0.2:http",
  });
});
