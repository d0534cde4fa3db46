#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Walks a capture file byte by byte and says what is in it, as JSON.

    walk_capture.py [--legacy] FILE...

It shares no code with Peregrine: what it knows is how the format is described. It is strict: every length must be exact,
every byte of padding zero, every block of the newest kind. With --legacy events must be of types that Falco 0.31 knew.
"""

import gzip
import json
import struct
import sys
from collections import Counter

SECTION = 0x0A0D0D0A
MACHINE = 0x201
PROCESSES = 0x215
FDS = 0x218
INTERFACES = 0x219
USERS = 0x220
EVENT = 0x216
EVENT_FLAGS = 0x217
EVENT_LARGE = 0x221
EVENT_FLAGS_LARGE = 0x222
EVENTS = (EVENT, EVENT_FLAGS, EVENT_LARGE, EVENT_FLAGS_LARGE)
LARGE_PAYLOAD = (322, 324, 402)
LEGACY_TYPES = 332
SMALL_LIMIT = 65536
TAILS = {False: 76, True: 29}  # bytes behind a process's root
NAMED_FDS = (1, 2, 7, 9, 10, 11, 12, 13, 14, 15, 17, 18, 19, 20, 21)


class Reader:
    """Takes bytes from the front; taking more than there are is an error."""

    def __init__(self, data, at=0):
        self.data = data
        self.at = at

    def left(self):
        return len(self.data) - self.at

    def bytes(self, size):
        if size > self.left():
            raise ValueError(f"{size} bytes wanted, {self.left()} left")
        taken = self.data[self.at : self.at + size]
        self.at += size
        return taken

    def take(self, form):
        return struct.unpack("<" + form, self.bytes(struct.calcsize("<" + form)))

    def one(self, form):
        return self.take(form)[0]

    def text(self, most):
        size = self.one("H")
        if size > most:
            raise ValueError(f"a text of {size} bytes, at most {most} are allowed")
        return self.bytes(size)

    def end(self):
        if self.left() != 0:
            raise ValueError(f"{self.left()} bytes too many")


def padding(reader):
    rest = reader.bytes(reader.left())
    if len(rest) > 3 or any(rest):
        raise ValueError(f"padding of {len(rest)} bytes: {rest.hex()}")


def entries(body, including):
    """Entries that begin with their length, up to the padding."""
    while body.left() > 3:
        length = body.one("I") - (4 if including else 0)
        yield Reader(body.bytes(length))
    padding(body)


def section(body, found):
    magic, major, minor, length = body.take("IHHQ")
    if (magic, major, minor, length) != (0x1A2B3C4D, 1, 2, 0xFFFFFFFFFFFFFFFF):
        raise ValueError(f"section header {magic:#x} {major}.{minor} {length:#x}")
    body.end()


def machine(body, found):
    cpus, _memory, _max_pid = body.take("IQQ")
    name = body.bytes(128)
    if 0 not in name or any(name[name.index(0) :]):
        raise ValueError("the host's name is not padded with zeros")
    body.take("QQQQ")
    body.end()
    found["machines"].append([cpus, name.rstrip(b"\0").decode("latin1")])


def interfaces(body, found):
    last = 1
    for entry in entries(body, False):
        kind, size = entry.take("HH")
        if kind not in (1, 2) or kind < last:
            raise ValueError(f"interface of type {kind} behind one of type {last}")
        last = kind
        entry.bytes(3 * (4 if kind == 1 else 16))
        entry.one("Q")
        entry.bytes(size)
        entry.end()
        found["interfaces"] += 1


def users(body, found):
    for entry in entries(body, True):
        kind = entry.one("B")
        if kind == 0:
            entry.take("II")
            for _ in range(3):
                entry.text(255)
        elif kind == 1:
            entry.one("I")
            entry.text(255)
        else:
            raise ValueError(f"neither user nor group: {kind}")
        entry.end()
        found["users" if kind == 0 else "groups"] += 1


def vector(text):
    if text and text[-1] != 0:
        raise ValueError("a list of texts without a NUL at its end")


def processes(body, found, legacy):
    for entry in entries(body, True):
        tid = entry.take("QQQQQ")[0]
        for _ in range(3):
            entry.text(1024)
        vector(entry.text(4096))
        entry.text(1024)
        entry.take("QIII")
        entry.take("IIIQQ")
        vector(entry.text(4096))
        entry.take("qq")
        vector(entry.text(4096))
        entry.text(1024)
        if entry.left() != TAILS[legacy]:
            raise ValueError(f"a tail of {entry.left()} bytes, {TAILS[legacy]} are expected")
        if legacy:
            entry.take("IBQQQ")
        else:
            entry.take("QIIBQQQBQQQBBq")
        entry.end()
        found["threads"].add(tid)


def fds(body, found, legacy):
    tid = body.one("Q")
    if tid not in found["threads"]:
        found["orphans"] += 1
    for entry in entries(body, True):
        _fd, _ino, kind = entry.take("qQB")
        if kind == 0 and not legacy:
            pass
        elif kind in (3, 4):
            entry.bytes(2 * (4 if kind == 3 else 16))
            entry.take("HHB")
        elif kind in (5, 6):
            entry.bytes(4 if kind == 5 else 16)
            entry.take("HB")
        elif kind == 8:
            entry.take("QQ")
            entry.text(1023)
        elif kind == 16:
            entry.one("I")
            entry.text(1023)
            entry.one("I")
        elif kind in NAMED_FDS and not (legacy and kind > 16):
            entry.text(1023)
        else:
            raise ValueError(f"an fd of type {kind}")
        entry.end()
        found["fds"] += 1


def event(body, number, found, legacy):
    body.one("H")
    if number in (EVENT_FLAGS, EVENT_FLAGS_LARGE) and body.one("I") == 0:
        raise ValueError("an event with flags of 0 in a block that has flags")
    start = body.at
    _ts, tid, length, kind, count = body.take("QQIHI")
    width = "I" if kind in LARGE_PAYLOAD else "H"
    sizes = body.take(width * count)
    for size in sizes:
        body.bytes(size)
    if body.at - start != length:
        raise ValueError(f"an event of {length} bytes has {body.at - start}")
    padding(body)
    is_large = number in (EVENT_LARGE, EVENT_FLAGS_LARGE)
    if is_large != (kind in LARGE_PAYLOAD or len(body.data) + 4 > SMALL_LIMIT):
        raise ValueError(f"an event of type {kind} and {length} bytes in a block {number:#x}")
    if legacy and kind >= LEGACY_TYPES:
        raise ValueError(f"an event of type {kind}")
    found["events"] += 1
    found["types"][kind] += 1
    found["event_threads"].add(tid)


def block(number, body, found, legacy):
    simple = {SECTION: section, MACHINE: machine, INTERFACES: interfaces, USERS: users}
    if number in simple:
        simple[number](body, found)
    elif number == PROCESSES:
        processes(body, found, legacy)
    elif number == FDS:
        fds(body, found, legacy)
    elif number in EVENTS:
        event(body, number, found, legacy)
    else:
        raise ValueError("a block of unknown type")


def walk(path, legacy):
    with open(path, "rb") as file:
        data = file.read()
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    found = {"blocks": Counter(), "types": Counter(), "threads": set(), "event_threads": set(), "machines": []}
    found |= {key: 0 for key in ("events", "fds", "users", "groups", "interfaces", "orphans")}
    reader = Reader(memoryview(data).tobytes())
    if data[:4] != struct.pack("<I", SECTION):
        raise ValueError(f"{path}: it does not begin with a section header")
    while reader.left() > 0:
        offset = reader.at
        number, total = reader.take("II")
        try:
            if total % 4 != 0 or total < 12:
                raise ValueError(f"a length of {total}")
            body = Reader(reader.bytes(total - 12))
            if reader.one("I") != total:
                raise ValueError("two lengths that differ")
            block(number, body, found, legacy)
        except (ValueError, struct.error) as error:
            raise ValueError(f"{path}: block {number:#x} at {offset}: {error}") from error
        found["blocks"][f"{number:#x}"] += 1
    found["threads"] = len(found["threads"])
    found["event_threads"] = len(found["event_threads"])
    return found


def main(args):
    legacy = "--legacy" in args
    for path in args:
        if path != "--legacy":
            print(json.dumps(walk(path, legacy)))


main(sys.argv[1:])
