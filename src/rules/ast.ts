// SPDX-License-Identifier: Apache-2.0

/** A half-open range of character offsets in the condition's text as it was parsed. */
export interface Range {
  readonly start: number;
  readonly end: number;
  /**
   * Where the node begins for Falco, if that is elsewhere: an argument of a transformer begins behind the comma before it,
   * blanks included, and whatever is in a list among the arguments begins where the list does.
   */
  readonly position?: number;
}

export type NumericOperator = "<" | "<=" | ">" | ">=";
export type StringOperator =
  | "="
  | "=="
  | "!="
  | "glob"
  | "iglob"
  | "contains"
  | "icontains"
  | "bcontains"
  | "startswith"
  | "bstartswith"
  | "endswith"
  | "regex";
export type ListOperator = "in" | "intersects" | "pmatch";
export type Operator = "exists" | NumericOperator | StringOperator | ListOperator;
export type Modifier = "oneof" | "anyof" | "allof";

/** A field with its argument, not yet looked up. */
export interface FieldNode {
  readonly kind: "field";
  readonly name: string;
  /** Unescaped text between the brackets; null = no brackets. */
  readonly arg: string | null;
  readonly range: Range;
}

/** A constant. Text is as written between the quotes, escapes decoded, one character a byte of its UTF-8. */
export interface ConstantNode {
  readonly kind: "constant";
  readonly text: string;
  readonly number: boolean;
  readonly range: Range;
}

export interface ListNode {
  readonly kind: "list";
  readonly items: readonly (ConstantNode | FieldNode | TransformNode)[];
  readonly range: Range;
}

/** `tolower(x)`, `join(",", (a, b))`, and `val(x)`, which is the identity and only stands on the right. */
export interface TransformNode {
  readonly kind: "transform";
  readonly name: string;
  readonly args: readonly (FieldNode | TransformNode | ConstantNode | ListNode)[];
  /** Text between brackets behind it (getopt), null = none. */
  readonly arg: string | null;
  readonly range: Range;
}

export type Left = FieldNode | TransformNode;
/** null for `exists`. A bare identifier on the right of `in` that names no list stays an IdentifierNode. */
export type Right = ConstantNode | ListNode | FieldNode | TransformNode | IdentifierNode | null;

export interface IdentifierNode {
  readonly kind: "identifier";
  readonly name: string;
  readonly range: Range;
}

export interface CheckNode {
  readonly kind: "check";
  readonly left: Left;
  readonly operator: Operator;
  readonly modifier: Modifier | null;
  readonly right: Right;
  readonly range: Range;
}

export interface AndNode {
  readonly kind: "and";
  readonly children: readonly Node[];
  readonly range: Range;
}

export interface OrNode {
  readonly kind: "or";
  readonly children: readonly Node[];
  readonly range: Range;
}

export interface NotNode {
  readonly kind: "not";
  readonly child: Node;
  readonly range: Range;
}

/** A condition. An IdentifierNode stands for a macro; after resolve there is none left. */
export type Node = AndNode | OrNode | NotNode | CheckNode | IdentifierNode;
