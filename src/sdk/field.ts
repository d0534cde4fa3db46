// SPDX-License-Identifier: Apache-2.0

/**
 * Types that a field of a plugin can have. Times are nanoseconds: reltime a duration, abstime since the epoch. An ipaddr is
 * 4 or 16 bytes in network order; an ipnet is address and mask, 8 or 32 bytes.
 */
export type FieldType = "string" | "uint64" | "bool" | "reltime" | "abstime" | "ipaddr" | "ipnet" | "bytes";

/** What stands in brackets behind a field's name: `json.value[/user/name]` (key), `ka.req.pod.containers.image[0]` (index). */
export interface FieldArgument {
  /** key: any text up to the first `]`; index: decimal digits; either: a key that may be an index. */
  readonly kind: "key" | "index" | "either";
  /** A field without its argument is then an error in a rule. Default: false. */
  readonly required?: boolean;
}

/** How a field is declared. */
export interface FieldSpec {
  readonly type: FieldType;
  /** One sentence for `--list`. Must not be empty. */
  readonly desc: string;
  /** A short name for tables. */
  readonly display?: string;
  /** The field has any number of values. */
  readonly list?: boolean;
  /** Default: the field takes no argument. */
  readonly argument?: FieldArgument;
  /** Not shown by `--list`. */
  readonly hidden?: boolean;
  /** Suggested for the output of rules on the plugin's sources. */
  readonly suggested?: boolean;
  /**
   * With "": an event that has no value satisfies `field = ""` and, as any absent value, fails `field exists` and
   * `field != ""`. Only for strings that are no list.
   */
  readonly absentEquals?: "";
}

/** Field name -> declaration. Names are `prefix.name`, as in `ct.user`. */
export type FieldSpecs = Readonly<Record<string, FieldSpec>>;

/** What an argument of kind "either" becomes. `index` is -1 where the text is no index. */
export interface KeyOrIndex {
  readonly key: string;
  readonly index: number;
}

interface ScalarTypes {
  readonly string: string;
  readonly uint64: number | bigint;
  readonly bool: boolean;
  readonly reltime: number | bigint;
  readonly abstime: number | bigint;
  readonly ipaddr: Uint8Array;
  readonly ipnet: Uint8Array;
  readonly bytes: Uint8Array;
}

/** The value that an extractor of field `S` returns; undefined = absent. An empty list is absent, too. */
export type FieldValueOf<S extends FieldSpec> = S extends { readonly list: true }
  ? readonly ScalarTypes[S["type"]][]
  : ScalarTypes[S["type"]];

interface ArgumentTypes {
  readonly key: string;
  readonly index: number;
  readonly either: KeyOrIndex;
}

/** What an extractor of field `S` is given for its argument; undefined where it is optional and not there. */
export type ArgumentOf<S extends FieldSpec> = S extends { readonly argument: infer A extends FieldArgument }
  ? A extends { readonly required: true }
    ? ArgumentTypes[A["kind"]]
    : ArgumentTypes[A["kind"]] | undefined
  : undefined;
