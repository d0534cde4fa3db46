// SPDX-License-Identifier: Apache-2.0

/*
 * Words of the condition language. What a word is depends on where it stands: `in` is an operator behind a field and a
 * name elsewhere, `a.b<5` is a text behind `=`. So the lexer walks through modes, in the order of a check:
 *
 *   (default) --field--> OPERATOR --exists-----------------> (default)
 *                           |-----<-----> NUMBER_VALUE ----> (default)
 *                           |-----=-----> TEXT_VALUE ------> (default), MODIFIED after oneof, anyof, allof
 *                           '-----in----> LIST_VALUE ------> (default)
 *
 * LIST, ARGUMENTS and BRACKET are pushed on top of the mode that comes next and end at their closing bracket.
 * The longest word wins, then the first rule. INVALID takes what nothing else does, so that the parser meets every error.
 */
lexer grammar ConditionLexer;

tokens { QUOTED, BARE, NUMBER, LPAREN, RPAREN, COMMA, TRANSFORM, VAL, IDENTIFIER, AND, OR, FIELD, FIELD_BRACKET, INVALID }

fragment Blank: [ \t\b\r\n];
fragment Name: [a-zA-Z] [a-zA-Z0-9_]*;
fragment FieldName: Name ('.' Name)+;
fragment Transformer: 'tolower' | 'toupper' | 'b64' | 'basename' | 'len' | 'join' | 'concat' | 'getopt';
// A quote behind a backslash does not end the string, whatever stands before the backslash.
fragment Quoted: '"' (~["\\] | '\\'+ ~[\\])* '"' | '\'' (~['\\] | '\\'+ ~[\\])* '\'';
// [[:space:]] also has vertical tab and form feed, which are no blanks; backspace is a blank and no space.
fragment BareFirst: ~[()"'=, \t\n\r\b\u000B\u000C];
fragment Bare: BareFirst ~[()"'=, \t\n\r\u000B\u000C]*;
fragment Number: '0' [xX] [0-9a-fA-F]+ | [+-]? [0-9]+ '.'? [0-9]* ([eE] [+-] [0-9]+)?;

BLANKS: Blank+ -> skip;
OPEN: '(' -> type(LPAREN);
CLOSE: ')' -> type(RPAREN);
CONJUNCTION: 'and' -> type(AND);
DISJUNCTION: 'or' -> type(OR);
// Without a blank or a parenthesis behind it `not` is a name.
NOT: 'not' Blank+;
NOT_PAREN: 'not(';
LEFT_TRANSFORM: Transformer '(' -> type(TRANSFORM), mode(OPERATOR), pushMode(ARGUMENTS);
LEFT_FIELD: FieldName -> type(FIELD), mode(OPERATOR);
LEFT_FIELD_BRACKET: FieldName '[' -> type(FIELD_BRACKET), mode(OPERATOR), pushMode(BRACKET);
MACRO: Name -> type(IDENTIFIER);
DEFAULT_INVALID: . -> type(INVALID);

mode OPERATOR;
OPERATOR_BLANKS: Blank+ -> skip;
EXISTS: 'exists' -> mode(DEFAULT_MODE);
NUMBER_OPERATOR: ('<' | '<=' | '>' | '>=') -> mode(NUMBER_VALUE);
TEXT_OPERATOR: ('==' | '=' | '!=') -> mode(TEXT_VALUE);
// A blank must follow; the parser's driver checks it.
WORD_OPERATOR:
  ( 'glob' | 'iglob' | 'contains' | 'icontains' | 'bcontains' | 'startswith' | 'bstartswith' | 'endswith' | 'regex' )
  -> mode(TEXT_VALUE);
LIST_OPERATOR: ('intersects' | 'in' | 'pmatch') -> mode(LIST_VALUE);
OPERATOR_INVALID: . -> type(INVALID);

mode NUMBER_VALUE;
NUMBER_BLANKS: Blank+ -> skip;
NUMBER_NUMBER: Number -> type(NUMBER), mode(DEFAULT_MODE);
NUMBER_TRANSFORM: Transformer '(' -> type(TRANSFORM), mode(DEFAULT_MODE), pushMode(ARGUMENTS);
NUMBER_VAL: 'val(' -> type(VAL), mode(DEFAULT_MODE), pushMode(ARGUMENTS);
NUMBER_INVALID: . -> type(INVALID);

mode TEXT_VALUE;
TEXT_BLANKS: Blank+ -> skip;
// Blanks are needed on both sides; without them, or without a list behind it, it is a text.
MODIFIER: Blank+ ('oneof' | 'anyof' | 'allof') Blank+ -> mode(MODIFIED);
TEXT_QUOTED: Quoted -> type(QUOTED), mode(DEFAULT_MODE);
TEXT_TRANSFORM: Transformer '(' -> type(TRANSFORM), mode(DEFAULT_MODE), pushMode(ARGUMENTS);
TEXT_VAL: 'val(' -> type(VAL), mode(DEFAULT_MODE), pushMode(ARGUMENTS);
TEXT_BARE: Bare -> type(BARE), mode(DEFAULT_MODE);
TEXT_INVALID: . -> type(INVALID);

mode MODIFIED;
MODIFIED_BLANKS: Blank+ -> skip;
MODIFIED_OPEN: '(' -> type(LPAREN), mode(DEFAULT_MODE), pushMode(LIST);
MODIFIED_CLOSE: ')' -> type(RPAREN), mode(DEFAULT_MODE);
MODIFIED_AND: 'and' -> type(AND), mode(DEFAULT_MODE);
MODIFIED_OR: 'or' -> type(OR), mode(DEFAULT_MODE);
MODIFIED_NAME: Name -> type(IDENTIFIER), mode(DEFAULT_MODE);
MODIFIED_INVALID: . -> type(INVALID);

mode LIST_VALUE;
VALUE_BLANKS: Blank+ -> skip;
VALUE_OPEN: '(' -> type(LPAREN), mode(DEFAULT_MODE), pushMode(LIST);
VALUE_TRANSFORM: Transformer '(' -> type(TRANSFORM), mode(DEFAULT_MODE), pushMode(ARGUMENTS);
VALUE_VAL: 'val(' -> type(VAL), mode(DEFAULT_MODE), pushMode(ARGUMENTS);
VALUE_NAME: Name -> type(IDENTIFIER), mode(DEFAULT_MODE);
VALUE_INVALID: . -> type(INVALID);

mode LIST;
LIST_BLANKS: Blank+ -> skip;
LIST_CLOSE: ')' -> type(RPAREN), popMode;
LIST_COMMA: ',' -> type(COMMA);
LIST_QUOTED: Quoted -> type(QUOTED);
LIST_BARE: Bare -> type(BARE);
LIST_INVALID: . -> type(INVALID);

mode ARGUMENTS;
ARGUMENTS_BLANKS: Blank+ -> skip;
ARGUMENTS_CLOSE: ')' -> type(RPAREN), popMode;
RPAREN_BRACKET: ')[' -> mode(BRACKET);
ARGUMENTS_OPEN: '(' -> type(LPAREN), pushMode(ARGUMENTS);
ARGUMENTS_COMMA: ',' -> type(COMMA);
ARGUMENTS_NUMBER: Number -> type(NUMBER);
ARGUMENTS_QUOTED: Quoted -> type(QUOTED);
ARGUMENTS_TRANSFORM: Transformer '(' -> type(TRANSFORM), pushMode(ARGUMENTS);
ARGUMENTS_FIELD: FieldName -> type(FIELD);
ARGUMENTS_FIELD_BRACKET: FieldName '[' -> type(FIELD_BRACKET), pushMode(BRACKET);
ARGUMENTS_INVALID: . -> type(INVALID);

mode BRACKET;
RBRACKET: ']' -> popMode;
BRACKET_QUOTED: Quoted -> type(QUOTED);
BRACKET_BARE: ~[[\]"' \t\n\r\u000B\u000C]+ -> type(BARE);
BRACKET_INVALID: . -> type(INVALID);
