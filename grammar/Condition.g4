// SPDX-License-Identifier: Apache-2.0

/*
 * The condition language of rules: the one place where its syntax is defined. Every decision is made on one token, so
 * that the parser predicts nothing at run time. `and` binds tighter than `or`; both take any number of terms.
 */
parser grammar Condition;

options { tokenVocab = ConditionLexer; }

condition: disjunction EOF;

disjunction: conjunction (OR conjunction)*;

conjunction: negation (AND negation)*;

negation: NOT* (NOT_PAREN disjunction RPAREN | check);

check
  : LPAREN disjunction RPAREN
  | (field | transform) comparison
  // In the place of a term the words `and` and `or` are names of macros.
  | (IDENTIFIER | AND | OR)
  ;

comparison
  : EXISTS
  | NUMBER_OPERATOR (transform | val | NUMBER)
  // A modifier with nothing to apply to is a text.
  | (TEXT_OPERATOR | WORD_OPERATOR) (MODIFIER (list | IDENTIFIER)? | transform | val | QUOTED | BARE)
  | LIST_OPERATOR (list | transform | val | IDENTIFIER)
  ;

list: LPAREN ((QUOTED | BARE) (COMMA (QUOTED | BARE))*)? RPAREN;

field: FIELD | FIELD_BRACKET (QUOTED | BARE) RBRACKET;

val: VAL field RPAREN;

transform: TRANSFORM argument (COMMA argument)* (RPAREN | RPAREN_BRACKET (QUOTED | BARE) RBRACKET);

argument: NUMBER | QUOTED | tuple | transform | field;

tuple: LPAREN (tupleItem (COMMA tupleItem)*)? RPAREN;

tupleItem: NUMBER | QUOTED | transform | field;
