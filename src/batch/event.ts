// SPDX-License-Identifier: Apache-2.0

/** How a parameter is stored in a record; scripts/layout.mjs is the source. */
export type ParamKind = "none" | "int" | "wide" | "fd" | "fd32" | "string" | "bytes" | "blob";

/** One parameter of an event type. */
export interface ParamInfo {
  readonly name: string;
  /** A ParamType. */
  readonly type: number;
  readonly kind: ParamKind;
  /** Word offset of the value from the start of the record. */
  readonly word: number;
  /** PF_DEC, PF_HEX, PF_OCT, PF_NA ... */
  readonly format: string;
  /** Name of a flag table or, where `dynamic`, of a dynamic table; "" for none. */
  readonly table: string;
  readonly dynamic: boolean;
  /** For paths relative to a directory fd: the index of that parameter, else -1. */
  readonly dirfd: number;
}

/** One event type: half of a system call, or a kernel, container or plugin event. */
export interface EventInfo {
  readonly id: number;
  readonly enum: string;
  /** What evt.type shows. */
  readonly name: string;
  /** False for enter events and for all events that have one half only. */
  readonly exit: boolean;
  /** The system call category: file, net, ipc, process ... */
  readonly category: string;
  /** EC_SYSCALL, EC_TRACEPOINT, EC_PLUGIN, EC_METAEVENT ... */
  readonly categories: readonly string[];
  /** EventFlag bits. */
  readonly flags: number;
  /** Size of a record of this type, header included. */
  readonly words: number;
  /** System call codes that this event can stand for. */
  readonly sc: readonly number[];
  /** Index of the parameter that holds the fd the event uses, -1 where there is none. */
  readonly fdParam: number;
  readonly params: readonly ParamInfo[];
}

export interface FlagName {
  readonly name: string;
  readonly value: number;
}

/** One variant of a dynamic parameter. */
export interface DynamicVariant {
  readonly type: number;
  readonly format: string;
}
