// SPDX-License-Identifier: Apache-2.0

/** Requests to a plugin: the numbers of native/plugin/channel.h. */
export const Operation = {
  DESCRIBE: 1,
  INIT: 2,
  WANT: 3,
  EXTRACT: 4,
  OPEN: 5,
  CLOSE: 6,
  LIST_OPEN_PARAMS: 7,
  SOURCE: 8,
  EVENT_TO_STRING: 9,
  SET_CONFIG: 10,
  START: 11,
  STOP: 12,
  METRICS: 13,
  PARSE: 14,
  DUMP: 15,
} as const;

/** What PARSE does with an event: bits of the word that names its source. */
export const Parse = { PARSE: 0x4000_0000, EXTRACT: 0x8000_0000 } as const;

/** Return codes of plugins. */
export const Rc = { SUCCESS: 0, FAILURE: 1, TIMEOUT: -1, EOF: 2, NOT_SUPPORTED: 3 } as const;

/** What a request may come to besides a plugin's return codes. */
export const LinkStatus = {
  BAD_REQUEST: 100,
  TOO_LARGE: 101,
  NOT_LOADED: 102,
  DIED: -100,
  TIMED_OUT: -101,
  CORRUPT: -102,
} as const;

export const SourceStatus = { CLOSED: 0, RUNNING: 1, END: 2, FAILED: 3 } as const;

/** Kinds of messages that a plugin sends out of turn. */
export const Mail = { LOG: 1, ASYNC_EVENT: 2, PROGRESS: 3, METRICS: 4, STATE_EVENT: 5 } as const;

/** Capabilities, as bits. */
export const Capability = { SOURCING: 1, EXTRACTION: 2, PARSING: 4, ASYNC: 8, LISTENING: 16 } as const;
