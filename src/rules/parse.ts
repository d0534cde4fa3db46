// SPDX-License-Identifier: Apache-2.0

import type { ANTLRErrorStrategy } from "antlr4ts/ANTLRErrorStrategy.js";
import { ANTLRInputStream } from "antlr4ts/ANTLRInputStream.js";
import { CommonTokenStream } from "antlr4ts/CommonTokenStream.js";
import type { Parser } from "antlr4ts/Parser.js";
import type { ParserRuleContext } from "antlr4ts/ParserRuleContext.js";
import type { Token } from "antlr4ts/Token.js";
import type { ParseTree } from "antlr4ts/tree/ParseTree.js";
import type { WritableToken } from "antlr4ts/WritableToken.js";

import type {
  CheckNode,
  ConstantNode,
  FieldNode,
  IdentifierNode,
  ListNode,
  Modifier,
  Node,
  Operator,
  Range,
  Right,
  TransformNode,
} from "./ast.js";
import { Condition } from "./generated/Condition.js";
import { ConditionLexer } from "./generated/ConditionLexer.js";
import { UnquoteError, unquote } from "./quote.js";
import * as expected from "./syntax-messages.js";

/** Why a text is no condition, and where: index counts from 0, line and column from 1, all in bytes. */
export class ParseError extends Error {
  override readonly name = "ParseError";
  readonly line: number;
  readonly column: number;

  constructor(
    message: string,
    text: string,
    readonly index: number,
  ) {
    super(message);
    const before = text.slice(0, index);
    this.line = before.split("\n").length;
    this.column = index - before.lastIndexOf("\n");
  }
}

/** Falco's limit, counted as it counts: five for a pair of parentheses. */
const MAX_DEPTH = 1000;
const GROUP_DEPTH = 5;
const TERM_DEPTH = 4;

/** Leaves the generated parser at the first error. Not a RecognitionException, so no rule catches it. */
class Stop extends Error {
  constructor(
    message: string,
    readonly index: number,
  ) {
    super(message);
  }
}

function isWord(text: string | undefined, word: string): boolean {
  return text?.startsWith(word) ?? false;
}

/** The place where the parser is stuck, as a message in Falco's words. */
function failure(parser: Parser): Stop {
  const token = parser.currentToken;
  const wanted = parser.getExpectedTokens();
  const stuck = (message: string): Stop => new Stop(message, token.startIndex);
  switch (parser.context.ruleIndex) {
    case Condition.RULE_condition:
    case Condition.RULE_check:
    case Condition.RULE_negation: {
      if (wanted.contains(Condition.IDENTIFIER)) return stuck(expected.TERM);
      for (const word of ["and", "or"]) {
        if (isWord(token.text, word)) return new Stop(expected.blankAfter(word), token.startIndex + word.length);
      }
      if (wanted.contains(Condition.RPAREN)) return stuck(expected.CLOSE);
      return stuck(expected.endAfter(tokenText(parser.inputStream.tryLT(-1))));
    }
    case Condition.RULE_comparison:
      if (wanted.contains(Condition.EXISTS)) return stuck(expected.OPERATOR);
      if (wanted.contains(Condition.NUMBER)) return stuck(expected.NUMBER);
      return stuck(wanted.contains(Condition.QUOTED) ? expected.TEXT : expected.LIST);
    case Condition.RULE_list:
      return stuck(wanted.contains(Condition.RPAREN) ? expected.CLOSE : expected.ITEM);
    case Condition.RULE_argument:
      return stuck(expected.ARGUMENT);
    case Condition.RULE_tupleItem:
      return stuck(expected.TUPLE_ITEM);
    case Condition.RULE_tuple:
      // The bracket behind the parenthesis is too much.
      if (token.type === Condition.RPAREN_BRACKET) return new Stop(expected.CLOSE_TRANSFORM, token.startIndex + 1);
      return stuck(parser.inputStream.LA(-1) === Condition.LPAREN ? expected.TUPLE_ITEM : expected.CLOSE_TRANSFORM);
    default:
      if (wanted.contains(Condition.RBRACKET)) return stuck(expected.BRACKET);
      if (wanted.contains(Condition.BARE)) return stuck(expected.FIELD_ARGUMENT);
      if (wanted.contains(Condition.FIELD)) return stuck(expected.VAL_FIELD);
      return stuck(expected.CLOSE_TRANSFORM);
  }
}

const strategy: ANTLRErrorStrategy = {
  reset() {},
  sync() {},
  reportMatch() {},
  inErrorRecoveryMode: () => false,
  recoverInline(parser) {
    throw failure(parser);
  },
  reportError(parser) {
    throw failure(parser);
  },
  recover(_, error) {
    throw error;
  },
};

/**
 * Ends at the first character that begins no token: the parser gets no further. Behind it, each character of a long name could
 * be the begin of one again, and the time would grow with the square of the text.
 */
class Lexer extends ConditionLexer {
  private stopped = false;

  begin(text: string): void {
    this.stopped = false;
    this.inputStream = new ANTLRInputStream(text);
  }

  override nextToken(): Token {
    if (this.stopped) return this.emitEOF();
    const token = super.nextToken();
    this.stopped = token.type === Condition.INVALID;
    return token;
  }
}

const lexer = new Lexer(new ANTLRInputStream(""));
lexer.removeErrorListeners();
const parser = new Condition(new CommonTokenStream(lexer));
parser.removeErrorListeners();
parser.errorHandler = strategy;

function isBlank(code: number): boolean {
  return code === 32 || (code >= 8 && code <= 10) || code === 13;
}

/**
 * Settles what the lexer cannot see: the blanks that must follow words, and the depth.
 * @returns the first thing that is wrong although the words follow each other as they may; null = nothing
 */
function examine(tokens: readonly Token[], text: string): Hidden | null {
  const groups: Group[] = [];
  let depth = TERM_DEPTH;
  let before: Token | undefined;
  let closed: Group | undefined;
  for (const [i, token] of tokens.entries()) {
    // `a or(b)` is whole: an `and` behind it would have to begin within the parentheses.
    if (before?.type === Condition.RPAREN && closed?.afterOr === true && isWord(token.text, "and")) {
      return { token, stop: new Stop(unexpected(groups), token.startIndex) };
    }
    const next = text.charCodeAt(token.stopIndex + 1);
    switch (token.type) {
      case Condition.WORD_OPERATOR:
        if (!isBlank(next)) (token as WritableToken).type = Condition.INVALID;
        break;
      case Condition.AND:
      case Condition.OR:
        if (!isBlank(next) && next !== 40) (token as WritableToken).type = Condition.IDENTIFIER;
        break;
      case Condition.LPAREN:
      case Condition.NOT_PAREN:
      case Condition.TRANSFORM:
      case Condition.VAL: {
        const cost = token.type === Condition.TRANSFORM ? 2 : GROUP_DEPTH;
        depth += cost;
        const afterOr = before?.type === Condition.OR && before.stopIndex + 1 === token.startIndex;
        groups.push({ opener: token.type, cost, afterOr });
        if (depth > MAX_DEPTH) return { token, stop: new Stop(expected.tooDeep(MAX_DEPTH), token.startIndex) };
        break;
      }
      case Condition.RPAREN:
      case Condition.RPAREN_BRACKET:
        closed = groups.pop();
        depth -= closed?.cost ?? 0;
        if (token.type === Condition.RPAREN_BRACKET && closed?.opener === Condition.VAL && isFieldEnd(before)) {
          return { token, stop: new Stop(unexpected(groups), token.startIndex + 1) };
        }
        break;
      case Condition.QUOTED: {
        const stop = escapeFailure(token);
        // The parser passes it, if a text may stand there.
        if (stop !== null) return { token: tokens[i + 1] ?? token, stop };
      }
    }
    before = token;
  }
  return null;
}

function isFieldEnd(token: Token | undefined): boolean {
  return token?.type === Condition.FIELD || token?.type === Condition.RBRACKET;
}

/** What is said of a word behind a parenthesis that should be the end, `groups` being open there. */
function unexpected(groups: readonly Group[]): string {
  return groups.length === 0 ? expected.endAfter(")") : expected.CLOSE;
}

/** What an opening parenthesis begins: the word that has it, what it costs, and whether it stands right behind `or`. */
interface Group {
  readonly opener: number;
  readonly cost: number;
  readonly afterOr: boolean;
}

/** What is wrong although the words follow each other as they may. The parser may have been stuck before it. */
interface Hidden {
  /** Where the parser is to be stopped. */
  readonly token: Token;
  readonly stop: Stop;
}

/** Why a quoted text cannot be read, told behind it as in Falco; null where it can. */
function escapeFailure(token: Token): Stop | null {
  try {
    unquote(token.text ?? "");
    return null;
  } catch (error) {
    if (error instanceof UnquoteError) return new Stop(error.message, token.stopIndex + 1);
    throw error;
  }
}

/**
 * Parses a condition.
 * @param text a binary string: one character a byte of the condition's UTF-8. Ranges of the nodes are offsets in it.
 * @throws ParseError
 */
export function parseCondition(text: string): Node {
  lexer.begin(text);
  const stream = new CommonTokenStream(lexer);
  stream.fill();
  const tokens = stream.getTokens();
  if (text === "") throw new ParseError(expected.EMPTY, text, 0);
  const hidden = examine(tokens, text);
  // There the parser comes no further.
  if (hidden !== null) (hidden.token as WritableToken).type = Condition.INVALID;
  parser.inputStream = stream;
  try {
    return new Builder(text).root(parser.condition().disjunction());
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    const { message, index } = hidden !== null && hidden.token.startIndex <= error.index ? hidden.stop : error;
    throw new ParseError(message, text, index);
  }
}

function tokenText(token: Token | undefined): string {
  if (token === undefined) return "";
  const text = token.text ?? "";
  if (token.type !== Condition.QUOTED) return withoutBlanks(token);
  try {
    return unquote(text);
  } catch {
    return text;
  }
}

type Argument = FieldNode | TransformNode | ConstantNode;

function placed<T extends Argument | ListNode>(node: T, position: number): T {
  return position === node.range.start ? node : { ...node, range: { ...node.range, position } };
}

/** Makes nodes out of ANTLR's contexts. */
class Builder {
  constructor(private readonly text: string) {}

  /** The whole of a condition. For Falco a disjunction begins with the blanks before it, if it is all there is. */
  root(context: ParserRuleContext): Node {
    const node = this.disjunction(context);
    const isAll = node.kind === "or" && context.childCount > 1 && node.range.start > 0;
    return isAll ? { ...node, range: { ...node.range, position: 0 } } : node;
  }

  private disjunction(context: ParserRuleContext): Node {
    const children = this.terms(context, (child) => this.conjunction(child));
    return children.length === 1 ? (children[0] as Node) : { kind: "or", children, range: range(context) };
  }

  private conjunction(context: ParserRuleContext): Node {
    const children = this.terms(context, (child) => this.negation(child));
    return children.length === 1 ? (children[0] as Node) : { kind: "and", children, range: range(context) };
  }

  /** Terms stand at the even places, the words between them at the odd ones. */
  private terms(context: ParserRuleContext, build: (child: ParserRuleContext) => Node): Node[] {
    const children = context.children ?? [];
    const nodes: Node[] = [];
    for (let i = 0; i < children.length; i += 2) nodes.push(build(children[i] as ParserRuleContext));
    return nodes;
  }

  private negation(context: ParserRuleContext): Node {
    let negative = false;
    let node: Node | undefined;
    for (const child of context.children ?? []) {
      const token = symbol(child);
      if (token?.type === Condition.NOT || token?.type === Condition.NOT_PAREN) negative = !negative;
      else if (token === undefined) node = this.term(child as ParserRuleContext);
    }
    if (node === undefined) throw new Error("a negation without a term");
    return negative ? { kind: "not", child: node, range: range(context) } : node;
  }

  private term(context: ParserRuleContext): Node {
    if (context.ruleIndex === Condition.RULE_disjunction) return this.disjunction(context);
    const [first, second] = context.children ?? [];
    const token = symbol(first);
    if (token === undefined) return this.check(context, first as ParserRuleContext, second as ParserRuleContext);
    return token.type === Condition.LPAREN ? this.disjunction(second as ParserRuleContext) : identifier(token);
  }

  private check(context: ParserRuleContext, subject: ParserRuleContext, comparison: ParserRuleContext): CheckNode {
    const left = subject.ruleIndex === Condition.RULE_transform ? this.transform(subject) : this.field(subject);
    const children = comparison.children ?? [];
    const operator = tokenText(symbol(children[0])) as Operator;
    let modifier: Modifier | null = null;
    let right: Right = null;
    const value = children[1];
    if (value !== undefined) {
      const token = symbol(value);
      if (token?.type === Condition.MODIFIER && children[2] !== undefined) {
        modifier = tokenText(token) as Modifier;
        right = this.right(children[2]);
      } else right = this.right(value);
    }
    return { kind: "check", left, operator, modifier, right, range: range(context) };
  }

  private right(tree: ParseTree): Right {
    const token = symbol(tree);
    if (token !== undefined) return token.type === Condition.IDENTIFIER ? identifier(token) : this.constant(token);
    const context = tree as ParserRuleContext;
    if (context.ruleIndex === Condition.RULE_list) return this.list(context);
    return context.ruleIndex === Condition.RULE_val ? this.val(context) : this.transform(context);
  }

  private list(context: ParserRuleContext): ListNode {
    const items: ConstantNode[] = [];
    for (const child of context.children ?? []) {
      const token = symbol(child);
      if (token?.type === Condition.QUOTED || token?.type === Condition.BARE) items.push(this.constant(token));
    }
    return { kind: "list", items, range: range(context) };
  }

  private field(context: ParserRuleContext): FieldNode {
    const [first, second] = context.children ?? [];
    const text = tokenText(symbol(first));
    const arg = second === undefined ? null : this.value(symbol(second) as Token);
    return { kind: "field", name: arg === null ? text : text.slice(0, -1), arg, range: range(context) };
  }

  private val(context: ParserRuleContext): TransformNode {
    const field = this.field(context.getChild(1) as ParserRuleContext);
    return { kind: "transform", name: "val", args: [field], arg: null, range: range(context) };
  }

  private transform(context: ParserRuleContext): TransformNode {
    const children = context.children ?? [];
    const args: (Argument | ListNode)[] = [];
    let arg: string | null = null;
    let position: number | null = null;
    for (const child of children) {
      const token = symbol(child);
      if (token === undefined) args.push(this.argument((child as ParserRuleContext).getChild(0), position));
      else if (token.type === Condition.COMMA) position = token.stopIndex + 1;
      else if (token.type === Condition.QUOTED || token.type === Condition.BARE) arg = this.value(token);
    }
    const name = tokenText(symbol(children[0])).slice(0, -1);
    return { kind: "transform", name, args, arg, range: range(context) };
  }

  /** @param position where the argument begins for Falco; null = where it does */
  private argument(tree: ParseTree, position: number | null): Argument | ListNode {
    const context = tree as ParserRuleContext;
    if (symbol(tree) !== undefined || context.ruleIndex !== Condition.RULE_tuple) return this.item(tree, position);
    const list = this.tuple(context, position ?? range(context).start);
    return position === null ? list : placed(list, position);
  }

  private item(tree: ParseTree, position: number | null): Argument {
    const token = symbol(tree);
    const context = tree as ParserRuleContext;
    let node: Argument;
    if (token !== undefined) node = this.constant(token);
    else node = context.ruleIndex === Condition.RULE_transform ? this.transform(context) : this.field(context);
    return position === null ? node : placed(node, position);
  }

  private tuple(context: ParserRuleContext, position: number): ListNode {
    const items: Argument[] = [];
    for (const child of context.children ?? []) {
      if (symbol(child) === undefined) items.push(this.item((child as ParserRuleContext).getChild(0), position));
    }
    return { kind: "list", items, range: range(context) };
  }

  private constant(token: Token): ConstantNode {
    const text = this.value(token);
    const end = token.stopIndex + 1;
    // A modifier that turned out to be a text has its blanks with it.
    const start = token.type === Condition.MODIFIER ? firstWord(this.text, token.startIndex) : token.startIndex;
    const stop = token.type === Condition.MODIFIER ? start + text.length : end;
    return { kind: "constant", text, number: token.type === Condition.NUMBER, range: { start, end: stop } };
  }

  private value(token: Token): string {
    const text = token.text ?? "";
    return token.type === Condition.QUOTED ? unquote(text) : withoutBlanks(token);
  }
}

/** The text of a word: a modifier has the blanks around it with it. */
function withoutBlanks({ type, text = "" }: Token): string {
  return type === Condition.MODIFIER ? text.replace(/[^a-z]/g, "") : text;
}

function firstWord(text: string, from: number): number {
  let at = from;
  while (isBlank(text.charCodeAt(at))) at++;
  return at;
}

/** The token of a leaf; undefined for a context. */
function symbol(tree: ParseTree | undefined): Token | undefined {
  return (tree as { readonly symbol?: Token } | undefined)?.symbol;
}

function identifier(token: Token): IdentifierNode {
  const range = { start: token.startIndex, end: token.stopIndex + 1 };
  return { kind: "identifier", name: tokenText(token), range };
}

function range(context: ParserRuleContext): Range {
  return { start: context.start.startIndex, end: (context.stop?.stopIndex ?? context.start.stopIndex) + 1 };
}
