"""Where a character of a YAML scalar stands in its file, however the scalar was written."""

from __future__ import annotations

import re
from functools import cached_property

import yaml

from prometheus.lint.scanner import Span
from stack.dataclass import dataclass

_ESCAPES = {"n": "\n", "t": "\t", "\t": "\t", "0": "\0", "a": "\a", "b": "\b", "e": "\x1b", "f": "\f", "r": "\r"}
_ESCAPES |= {"v": "\v", "N": "\x85", "_": "\xa0", "L": "\u2028", "P": "\u2029"}
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(\r?\n)|(.))", re.DOTALL)


@dataclass(frozen=True)
class Position:
    """Line and column, from 1, and how many characters of the line are meant."""

    line: int
    column: int
    length: int


class Source:
    """The text of a file, and its lines."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text

    @cached_property
    def lines(self) -> list[str]:
        return self.text.split("\n")

    def position(self, start: int, end: int) -> Position:
        """Where the characters from `start` up to `end` are, as far as they are on the line of the first."""
        line = self.text.count("\n", 0, start)
        column = start - (self.text.rfind("\n", 0, start) + 1)
        length = min(end - start, len(self.lines[line].rstrip()) - column)
        return Position(line + 1, column + 1, max(1, length))


def place(source: Source, node: yaml.ScalarNode, span: Span) -> Position:
    """Where the part `span` of a scalar's value is written; the scalar's own beginning when that cannot be told."""
    start, end = _own(source, node)
    visible = [offset for offset in range(*span) if not node.value[offset].isspace()]
    written = _written(source.text[start:end], node) if visible else None
    if written is None:
        return source.position(start, end)
    number = {offset: count for count, offset in enumerate(_visible(node.value))}
    first, last = written[number[visible[0]]], written[number[visible[-1]]]
    return source.position(start + first.start, start + last.end)


def _own(source: Source, node: yaml.ScalarNode) -> Span:
    """What the scalar takes of the file, without the header of a block and the quotes."""
    start, end = node.start_mark.index, node.end_mark.index
    if node.style in ("|", ">"):
        start = source.text.find("\n", start, end) + 1 or end
        return Span(start, end) if start < end else Span(node.start_mark.index, end)
    return Span(start + 1, end - 1) if node.style in ("'", '"') else Span(start, end)


def _visible(text: str) -> list[int]:
    return [offset for offset, letter in enumerate(text) if not letter.isspace()]


def _written(text: str, node: yaml.ScalarNode) -> list[Span] | None:
    """For every visible character of the value, where it is written; None when the two do not agree.

    Folding and indenting add and take away nothing but blanks, so that the others are there one by one.
    """
    found: list[tuple[str, Span]] = []
    at = 0
    while at < len(text):
        letter, end = text[at], at + 1
        if node.style == "'" and text.startswith("''", at):
            end = at + 2
        elif node.style == '"' and letter == "\\" and (escape := _ESCAPE.match(text, at)):
            letter, end = _unescaped(escape), escape.end()
        if letter and not letter.isspace():
            found.append((letter, Span(at, end)))
        at = end
    wanted = [letter for letter in node.value if not letter.isspace()]
    agree = [letter for letter, _ in found[: len(wanted)]] == wanted
    return [span for _, span in found] if agree else None


def _unescaped(escape: re.Match[str]) -> str:
    code = escape[1] or escape[2] or escape[3]
    if code:
        return chr(int(code, 16))
    return "" if escape[4] else _ESCAPES.get(escape[5], escape[5])
