// SPDX-License-Identifier: Apache-2.0
// How each parameter of an event is laid out in a record: the one place where both generators (TypeScript and C++) look.
//
// A record is a 16-word header followed by the parameters in table order. Every parameter has a fixed place that depends
// on the event type alone, so that the reader, the state stage and the fields find it without looking at the event.

export const HEADER_WORDS = 16;

/** kind -> words it takes in the record. */
export const KIND_WORDS = {
  none: 0, // never in a file
  int: 1, // integers of up to 4 bytes, sign- or zero-extended to 32 bits
  wide: 2, // 8-byte integers and times: low word, high word
  fd: 3, // 8-byte fd number (low, high) and the fd row that the state stage puts beside it
  fd32: 2, // 4-byte fd number and its fd row
  string: 1, // dictionary id of the text up to the first NUL
  bytes: 1, // dictionary id of the whole parameter (argument vectors, socket addresses): few distinct values
  blob: 2, // byte offset in the ring and length (I/O data, poll lists, dynamic values): many distinct values
};

// Byte buffers that repeat from event to event and are read by the state stage: worth a place in the dictionary.
const INTERNED_BUFFERS = new Set(["args", "env", "cgroups"]);

export function kindOf(param) {
  switch (param.type) {
    case "PT_INT8":
    case "PT_INT16":
    case "PT_INT32":
    case "PT_UINT8":
    case "PT_UINT16":
    case "PT_UINT32":
    case "PT_SYSCALLID":
    case "PT_SIGTYPE":
    case "PT_PORT":
    case "PT_L4PROTO":
    case "PT_SOCKFAMILY":
    case "PT_BOOL":
    case "PT_IPV4ADDR":
    case "PT_FLAGS8":
    case "PT_FLAGS16":
    case "PT_FLAGS32":
    case "PT_UID":
    case "PT_GID":
    case "PT_SIGSET":
    case "PT_MODE":
    case "PT_ENUMFLAGS8":
    case "PT_ENUMFLAGS16":
    case "PT_ENUMFLAGS32":
    case "PT_PID32":
      return "int";
    case "PT_INT64":
    case "PT_UINT64":
    case "PT_ERRNO":
    case "PT_PID":
    case "PT_RELTIME":
    case "PT_ABSTIME":
    case "PT_DOUBLE":
      return "wide";
    case "PT_FD":
      return "fd";
    case "PT_FD32":
      return "fd32";
    case "PT_CHARBUF":
    case "PT_FSPATH":
    case "PT_FSRELPATH":
      return "string";
    case "PT_SOCKADDR":
    case "PT_SOCKTUPLE":
    case "PT_CHARBUFARRAY":
    case "PT_CHARBUF_PAIR_ARRAY":
    case "PT_IPV6ADDR":
      return "bytes";
    case "PT_BYTEBUF":
      return INTERNED_BUFFERS.has(param.name) ? "bytes" : "blob";
    case "PT_FDLIST":
    case "PT_DYN":
      return "blob";
    default:
      return "none";
  }
}

/** Word offsets of an event's parameters from the start of its record, and the record's size in words (always even). */
export function layoutOf(event) {
  let word = HEADER_WORDS;
  const offsets = [];
  const kinds = [];
  for (const param of event.params) {
    const kind = kindOf(param);
    offsets.push(word);
    kinds.push(kind);
    word += KIND_WORDS[kind];
  }
  return { offsets, kinds, words: word + (word & 1) };
}
