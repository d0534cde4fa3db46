// SPDX-License-Identifier: Apache-2.0

import { ParamType } from "../../src/batch/event-table.generated.js";
import type { AddressKind, Extractor, Field, FieldResolver } from "../../src/fields/field.js";
import type { EventView } from "../../src/fields/view.js";

/** A value of a synthetic event: what a field of the shape gives; null = absent. */
export type SyntheticValue = string | number | bigint | boolean | readonly string[] | null;

/** An event without any memory behind it. */
export interface SyntheticEvent {
  type: number;
  values: Record<string, SyntheticValue>;
}

export function asView(event: SyntheticEvent): EventView {
  return event as unknown as EventView;
}

type Shape = Extractor["shape"] | "sparse";

export interface SyntheticField {
  readonly name: string;
  readonly shape: Shape;
  readonly type: number;
  readonly list?: boolean;
  readonly address?: AddressKind;
  /** Parameters it reads, as a mask. */
  readonly params?: number;
}

/** Counts the texts that were asked for. */
export class SyntheticFields {
  texts = 0;
  keys = 0;
  private readonly ids = new Map<string, number>();
  private readonly names: string[] = [];
  private readonly byName = new Map<string, Field>();

  constructor(readonly specs: readonly SyntheticField[]) {
    for (const spec of specs) this.byName.set(spec.name, this.field(spec));
  }

  readonly resolve: FieldResolver = (text) => this.byName.get(text) ?? { error: `no field ${text}` };

  /** What a new generation does: ids mean other strings. */
  renumber(): void {
    this.ids.clear();
    this.names.length = 0;
    for (let i = 0; i < 7; i++) this.id(`filler ${Math.sqrt(this.texts + i)}`);
  }

  id(text: string): number {
    let id = this.ids.get(text);
    if (id === undefined) {
      id = this.names.push(text) - 1;
      this.ids.set(text, id);
    }
    return id;
  }

  private readonly text = (key: number): string | null => {
    this.texts++;
    return this.names[key] ?? null;
  };

  private field(spec: SyntheticField): Field {
    return {
      name: spec.name,
      base: spec.name,
      arg: null,
      type: spec.type,
      list: spec.list ?? false,
      flags: [],
      deprecated: false,
      filterOnly: false,
      extract: this.extractor(spec),
      address: spec.address ?? null,
      demand: (type, demand) => {
        demand[type] = (demand[type] ?? 0) | (spec.params ?? 0);
      },
      value: () => ({ text: null, json: "null" }),
    };
  }

  private extractor({ name, shape }: SyntheticField): Extractor {
    const value = (e: EventView): SyntheticValue => (e as unknown as SyntheticEvent).values[name] ?? null;
    const key = (e: EventView): number => {
      this.keys++;
      const text = value(e);
      return text === null ? -1 : this.id(String(text));
    };
    switch (shape) {
      case "keyed":
        return { shape, dense: true, key, text: this.text };
      case "sparse": {
        const scale = 2 ** 31 + 7;
        return {
          shape: "keyed",
          dense: false,
          key: (e) => {
            const dense = key(e);
            return dense < 0 ? -1 : dense * scale;
          },
          text: (sparse) => this.text(sparse / scale),
        };
      }
      case "number":
        return { shape, get: (e) => (value(e) ?? Number.NaN) as number };
      case "wide":
        return { shape, signed: true, get: (e) => (value(e) ?? undefined) as bigint | undefined };
      case "bool":
        return { shape, get: (e) => (value(e) === null ? -1 : value(e) ? 1 : 0) };
      case "each":
        return {
          shape,
          keys: (e, keys) => {
            const all = (value(e) ?? []) as readonly string[];
            for (const [i, text] of all.entries()) keys[i] = this.id(text);
            return all.length;
          },
          text: this.text,
          output: (e) => ((value(e) ?? null) as readonly string[] | null)?.join(" ") ?? null,
        };
      case "list":
        return { shape, get: (e) => value(e) as readonly string[] | null };
      default:
        return { shape, get: (e) => value(e) as string | null };
    }
  }
}

/** Fields of every shape. */
export const SYNTHETIC: readonly SyntheticField[] = [
  { name: "evt.type", shape: "keyed", type: ParamType.CHARBUF },
  { name: "s.name", shape: "keyed", type: ParamType.CHARBUF, params: 1 },
  { name: "s.path", shape: "keyed", type: ParamType.FSPATH, params: 2 },
  { name: "s.flags", shape: "sparse", type: ParamType.CHARBUF, params: 4 },
  { name: "s.text", shape: "text", type: ParamType.CHARBUF, params: 8 },
  { name: "s.bytes", shape: "bytes", type: ParamType.BYTEBUF, params: 16 },
  { name: "s.each", shape: "each", type: ParamType.CHARBUF },
  { name: "s.pids", shape: "each", type: ParamType.INT64 },
  { name: "n.small", shape: "number", type: ParamType.INT64, params: 32 },
  { name: "n.other", shape: "number", type: ParamType.INT64 },
  { name: "n.byte", shape: "number", type: ParamType.UINT8 },
  { name: "n.wide", shape: "wide", type: ParamType.UINT64 },
  { name: "n.port", shape: "keyed", type: ParamType.PORT },
  { name: "b.flag", shape: "bool", type: ParamType.BOOL },
  { name: "b.keyed", shape: "keyed", type: ParamType.BOOL },
  { name: "l.names", shape: "list", type: ParamType.CHARBUF, list: true },
  { name: "l.numbers", shape: "list", type: ParamType.UINT64, list: true },
  { name: "a.ip", shape: "keyed", type: ParamType.IPADDR, address: "ip" },
  { name: "a.net", shape: "keyed", type: ParamType.IPNET, address: "net" },
  { name: "a.ips", shape: "keyed", type: ParamType.IPADDR, address: "ip-pair" },
  { name: "a.nets", shape: "keyed", type: ParamType.IPNET, address: "net-pair" },
  { name: "a.ports", shape: "keyed", type: ParamType.PORT, address: "port-pair" },
];
