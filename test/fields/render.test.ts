// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import { addressText, ipText, tupleText } from "../../src/fields/render/address.js";
import { printable } from "../../src/fields/render/buffer.js";
import { enumNames, flagNames, signalSet } from "../../src/fields/render/flags.js";
import { big64, decimal64, general, hex64, octal, signed64, unsigned64 } from "../../src/fields/render/number.js";
import { collapseSlashes, directoryOf, filenameOf, joinPath } from "../../src/fields/render/path.js";
import { ip6, sockaddr, socktuple, unixAddr, unixTuple } from "../support/records.js";

const binary = (bytes: Uint8Array | readonly number[]): string => Buffer.from(bytes).toString("latin1");

test("64-bit values from their words", () => {
  assert.equal(signed64(-1, -1), -1);
  assert.equal(unsigned64(-1, 0), 0xffff_ffff);
  assert.equal(signed64(0, 1), 4294967296);
  assert.equal(big64(-1, -1, false), 0xffff_ffff_ffff_ffffn);
  assert.equal(big64(-1, -1, true), -1n);
  assert.equal(decimal64(-1, -1, false), "18446744073709551615");
  assert.equal(decimal64(-2, -1, true), "-2");
  assert.equal(decimal64(0, 0x7fff_ffff, true), "9223372032559808512");
  assert.equal(hex64(0x1234, 0), "1234");
  assert.equal(hex64(0x1234, 0x7ff), "7FF00001234");
  assert.equal(hex64(-1, -1), "FFFFFFFFFFFFFFFF");
  assert.equal(octal(0), "0");
  assert.equal(octal(0o644), "0644");
});

test("%g", () => {
  const cases: [number, string][] = [
    [0, "0"],
    [0.5, "0.5"],
    [1, "1"],
    [1.5, "1.5"],
    [0.000123456789, "0.000123457"],
    [0.00001, "1e-05"],
    [123456, "123456"],
    [1234567, "1.23457e+06"],
    [1e10, "1e+10"],
    [999999.5, "1e+06"],
    [0.0999999999, "0.1"],
    [2.5e-7, "2.5e-07"],
  ];
  for (const [value, text] of cases) assert.equal(general(value), text, String(value));
});

test("flag names: table order, bits taken away, entries equal to the whole value", () => {
  assert.equal(flagNames("file_flags", 4097), "O_RDONLY|O_CLOEXEC");
  assert.equal(flagNames("file_flags", 67), "O_NONBLOCK|O_RDWR");
  assert.equal(flagNames("file_flags", 0), "O_NONE");
  assert.equal(flagNames("file_flags", 3), "O_RDWR");
  assert.equal(flagNames("file_flags", 13377), "O_DIRECTORY|O_NONBLOCK|O_RDONLY|O_CLOEXEC|O_TMPFILE");
  assert.equal(flagNames("clone_flags", 0), "");
  assert.equal(flagNames("futex_operations", 129), "FUTEX_PRIVATE_FLAG|FUTEX_WAKE");
  assert.equal(flagNames("access_flags", 0), "F_OK");
  assert.equal(flagNames("access_flags", 5), "R_OK|X_OK");
  assert.equal(flagNames("chmod_mode", 0o4755), "S_IXOTH|S_IROTH|S_IXGRP|S_IRGRP|S_IXUSR|S_IWUSR|S_IRUSR|S_ISUID");
  assert.equal(flagNames("mount_flags", 0x8000_0000), "NOUSER");
  assert.equal(flagNames("no such table", 5), "");
});

test("enumerations: every name of the value", () => {
  assert.equal(enumNames("socket_families", 1), "AF_LOCAL|AF_UNIX");
  assert.equal(enumNames("socket_families", 16), "AF_ROUTE|AF_NETLINK");
  assert.equal(enumNames("socket_families", 0), "AF_UNSPEC");
  assert.equal(enumNames("socket_families", 99), "");
  assert.equal(enumNames("lseek_whence", 2), "SEEK_END");
});

test("signal sets", () => {
  assert.equal(signalSet(0), "");
  assert.equal(signalSet(0b1000_0011), "SIGHUP SIGINT SIGFPE");
  assert.equal(signalSet(0x8000_0000 | 0), "");
});

test("IPv6 as inet_ntop writes it", () => {
  const cases: [string, string][] = [
    ["::", "::"],
    ["::1", "::1"],
    ["fe80::1", "fe80::1"],
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["1:0:0:2:0:0:0:3", "1:0:0:2::3"],
    ["::ffff:10.0.0.1", "::ffff:10.0.0.1"],
    ["::1.2.3.4", "::1.2.3.4"],
    ["::ffff:0:1.2.3.4", "::ffff:0:102:304"],
    ["abcd::", "abcd::"],
  ];
  for (const [input, text] of cases) assert.equal(ipText(binary(ip6(input))), text, input);
  assert.equal(ipText(binary([10, 0, 255, 1])), "10.0.255.1");
  assert.equal(ipText("abc"), "");
});

test("socket addresses and tuples", () => {
  assert.equal(addressText(binary(sockaddr("0.0.0.0", 8080))), "0.0.0.0:8080");
  assert.equal(addressText(binary(sockaddr("::", 80))), ":::80");
  assert.equal(addressText(binary(unixAddr("/run/x.sock"))), "/run/x.sock");
  assert.equal(addressText(binary([16, 1, 2])), "family 16");
  assert.equal(addressText(binary([2, 1])), "INVALID IPv4");
  assert.equal(tupleText(binary(socktuple("10.0.0.5", 43210, "1.2.3.4", 443))), "10.0.0.5:43210->1.2.3.4:443");
  assert.equal(tupleText(binary(socktuple("::1", 40000, "::1", 80))), "::1:40000->::1:80");
  assert.equal(tupleText(binary(socktuple("::ffff:10.0.0.1", 1, "::ffff:10.0.0.2", 2))), "10.0.0.1:1->10.0.0.2:2");
  assert.equal(tupleText(binary(socktuple("::ffff:10.0.0.1", 1, "::1", 2))), "::ffff:10.0.0.1:1->::1:2");
  assert.equal(tupleText(binary(unixTuple(0xffff9c0an, 0n, "/run/x.sock"))), "ffff9c0a->0 /run/x.sock");
  assert.equal(tupleText(binary([10, 1])), "INVALID IPv6");
});

test("paths are joined lexically", () => {
  const cases: [string, string, string][] = [
    ["/a/b/", "../x", "/a/x"],
    ["/etc", "passwd", "/etc/passwd"],
    ["/etc/", "passwd", "/etc/passwd"],
    ["/a", "/b//c/./d/..", "/b/c"],
    ["/", "../../x", "/x"],
    ["/a/", "..", "/"],
    ["/a/", ".", "/a"],
    ["./", "x/./y", "x/y"],
    ["", "x", "x"],
    ["", "./x", "x"],
    ["<UNKNOWN>", "x", "<UNKNOWN>/x"],
    ["/a", "b/", "/a/b"],
  ];
  for (const [dir, name, path] of cases) assert.equal(joinPath(dir, name), path, `${dir} + ${name}`);
  assert.equal(joinPath("/a", "x".repeat(2000)), "/DIR_TOO_LONG/FILENAME_TOO_LONG");
});

test("parts of paths", () => {
  assert.deepEqual(["/etc/passwd", "/x", "x", "", "/a/b/"].map(directoryOf), ["/etc", "/", "/", "/", "/a/b/"]);
  assert.deepEqual(["/etc/passwd", "/x", "x", "/a/b/"].map(filenameOf), ["passwd", "x", "/", "/a/b/"]);
  assert.equal(collapseSlashes("//a///b/c"), "/a/b/c");
});

test("bytes that are not printable are dots", () => {
  assert.equal(printable("ab\0c\n\x7f\x80 ~"), "ab.c... ~");
});
