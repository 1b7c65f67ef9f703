"""Where the parts of a PromQL expression stand in its text, which the parser does not tell."""

from __future__ import annotations

import re
from dataclasses import field
from typing import NamedTuple

from stack.dataclass import dataclass

AGGREGATIONS = frozenset(
    {"sum", "avg", "min", "max", "count", "group", "stddev", "stdvar", "topk", "bottomk", "count_values", "quantile"}
    | {"limitk", "limit_ratio"}
)
WORD_OPERATORS = frozenset({"and", "or", "unless", "atan2"})
GROUPINGS = frozenset({"by", "without"})
MATCHINGS = frozenset({"on", "ignoring", "group_left", "group_right"})
OPERATORS = frozenset({"+", "-", "*", "/", "%", "^", "==", "!=", "<=", ">=", "<", ">"})

_TOKEN = re.compile(
    r"""(?P<blank>\s+|\#[^\n]*)
    |(?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`)
    |(?P<range>\[[^\]]*\])
    |(?P<number>0[xX][0-9a-fA-F]+|(?:[0-9][0-9_]*(?:ms|[smhdwy]))+|(?:[0-9][0-9_]*\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    |(?P<word>[a-zA-Z_:][a-zA-Z0-9_:]*)
    |(?P<symbol>=~|!~|!=|==|<=|>=|[-+*/%^<>=(){},@])
    |(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)


class Span(NamedTuple):
    """From the first character to behind the last."""

    start: int
    end: int


class Token(NamedTuple):
    """One word, sign or string."""

    kind: str
    text: str
    span: Span


@dataclass(frozen=True)
class Scan:
    """The spans of each kind of part, in the order of the text.

    A selector ends before its range; a call or an aggregation is the word alone; `closing` has where it all ends.
    """

    selectors: list[Span] = field(default_factory=list)
    matchers: list[Span] = field(default_factory=list)
    calls: list[Span] = field(default_factory=list)
    aggregations: list[Span] = field(default_factory=list)
    operators: list[Span] = field(default_factory=list)
    ranges: list[Span] = field(default_factory=list)
    literals: list[Span] = field(default_factory=list)
    modifiers: list[Token] = field(default_factory=list)
    closing: dict[int, int] = field(default_factory=dict)


def tokens(text: str) -> list[Token]:
    """The tokens of a PromQL text, blanks and comments left out."""
    return [
        Token(match.lastgroup or "", match[0], Span(*match.span()))
        for match in _TOKEN.finditer(text)
        if match.lastgroup != "blank"
    ]


def depth(text: str) -> int:
    """How deep the syntax tree can be at most: all brackets that are open at once, and the operators in them."""
    deepest, open_brackets = 0, [0]
    for token in tokens(text):
        if token.text in ("(", "{"):
            open_brackets.append(1)
        elif token.text in (")", "}") and len(open_brackets) > 1:
            open_brackets.pop()
        elif token.text == "," and len(open_brackets) > 1:
            open_brackets[-1] = 1
        elif token.text in OPERATORS or token.text.lower() in WORD_OPERATORS or token.kind == "range":
            open_brackets[-1] += 1
        else:
            continue
        deepest = max(deepest, sum(open_brackets))
    return deepest


def unclosed(text: str) -> Span | None:
    """The last bracket that nothing closes."""
    pending: list[Span] = []
    for token in tokens(text):
        if token.text in ("(", "{"):
            pending.append(token.span)
        elif token.text in (")", "}") and pending:
            pending.pop()
    return pending[-1] if pending else None


def scan(text: str) -> Scan:
    """The spans in an expression that the parser accepts."""
    return _Scanner(tokens(text)).run()


class _Scanner:
    """Goes through the tokens once; what a word means depends on whether an operand or an operator is due."""

    def __init__(self, found: list[Token]) -> None:
        self._tokens = found
        self._at = 0
        self._scan = Scan()
        self._open: list[Token | None] = []

    def run(self) -> Scan:
        operand = True
        while self._at < len(self._tokens):
            operand = self._operand() if operand else self._operator()
        return self._scan

    def _take(self) -> Token:
        self._at += 1
        return self._tokens[self._at - 1]

    def _next(self) -> str:
        return self._tokens[self._at].text if self._at < len(self._tokens) else ""

    def _operand(self) -> bool:
        """Whether an operand is due behind what stands here."""
        token = self._take()
        if token.text == "(":
            self._open.append(None)
            return True
        if token.text == "{":
            self._selector(token)
        elif token.kind == "word":
            return self._word(token)
        elif token.text == ")":
            self._close(token)
        elif token.text in ("-", "+"):
            return True
        else:
            self._scan.literals.append(token.span)
        return False

    def _word(self, token: Token) -> bool:
        following = self._next()
        if token.text.lower() in AGGREGATIONS and following.lower() in (*GROUPINGS, "("):
            self._scan.aggregations.append(token.span)
            self._grouping()
        elif following == "(":
            self._scan.calls.append(token.span)
        elif token.text.lower() in ("inf", "nan"):
            self._scan.literals.append(token.span)
            return False
        else:
            self._selector(token)
            return False
        if self._next() == "(":
            self._take()
            self._open.append(token)
        return True

    def _operator(self) -> bool:
        token = self._take()
        word = token.text.lower()
        if token.text == ")":
            self._close(token)
        elif token.kind == "range":
            self._scan.ranges.append(token.span)
        elif word in ("offset", "@"):
            self._shift(token)
        elif word in OPERATORS or word in WORD_OPERATORS:
            self._scan.operators.append(token.span)
            self._matching()
            return True
        elif word in ("anchored", "smoothed"):
            self._scan.modifiers.append(token)
        return token.text == ","

    def _selector(self, token: Token) -> None:
        """Up to its closing brace; each matcher in it is from its label to its value."""
        end = token.span.end
        if token.text != "{" and self._next() == "{":
            self._take()
        elif token.text != "{":
            self._scan.selectors.append(token.span)
            return
        first: Token | None = None
        while self._at < len(self._tokens):
            part = self._take()
            end = part.span.end
            if part.text in (",", "}") or (first and part.kind == "word" and part.text == "or"):
                first = None
            elif first is None:
                first = part
                self._scan.matchers.append(part.span)
            else:
                self._scan.matchers[-1] = Span(first.span.start, end)
            if part.text == "}":
                break
        self._scan.selectors.append(Span(token.span.start, end))

    def _close(self, token: Token) -> None:
        opened = self._open.pop() if self._open else None
        if opened:
            self._scan.closing[opened.span.start] = token.span.end
            if opened.text.lower() in AGGREGATIONS and (end := self._grouping()):
                self._scan.closing[opened.span.start] = end

    def _grouping(self) -> int | None:
        """Takes `by (…)` or `without (…)`; where it ends."""
        if self._next().lower() not in GROUPINGS:
            return None
        self._take()
        return self._labels()

    def _labels(self) -> int | None:
        if self._next() != "(":
            return None
        token = self._take()
        while self._at < len(self._tokens) and token.text != ")":
            token = self._take()
            if token.kind == "string":
                self._scan.modifiers.append(token)
        return token.span.end

    def _matching(self) -> None:
        while (word := self._next().lower()) in MATCHINGS or word in ("bool", "fill", "fill_left", "fill_right"):
            if word in MATCHINGS:
                self._take()
                self._labels()
                continue
            token = self._take()
            if word != "bool":
                self._scan.modifiers.append(token)
                self._labels()

    def _shift(self, token: Token) -> None:
        """Takes what `offset` or `@` is followed by."""
        if self._next() in ("-", "+"):
            self._take()
        if self._at < len(self._tokens):
            value = self._take()
            if token.text != "@" and value.kind == "number" and not value.text[-1].isalpha():
                self._scan.modifiers.append(value)
            if value.kind == "word" and self._next() == "(":
                self._labels()
