"""The labels that a template of an annotation or a label asks its alert for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from prometheus.lint.scanner import Span

_ACTION = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"|`[^`]*`|/\*.*?\*/', re.DOTALL)
_LABEL = re.compile(r"(?P<of>\$labels|(?<![\w$.)])\.Labels)\.(?P<name>[A-Za-z_]\w*)")
_INDEXED = re.compile(r'index\s+(?:\$labels|(?<![\w$.)])\.Labels)\s+"(?P<name>[^"]*)"')
_OPENING = re.compile(r"-?\s*(if|range|with|define|block)\b")
_CLOSING = re.compile(r"-?\s*end\b")
_ASKING = re.compile(r"-?\s*(if|with|else\s+if)\b")


class Asked(NamedTuple):
    """A label, and where the template names it."""

    label: str
    span: Span


def labels_asked(template: str) -> Iterator[Asked]:
    """The labels that are asked for, but those that the template first looks for, by `if` or `with`.

    Inside `range` and `with`, `.Labels` belongs to something else.
    """
    looked_for: set[str] = set()
    found: list[Asked] = []
    blocks: list[str] = []
    for action in _ACTION.finditer(template):
        inside = action[1]
        asked = list(_in_action(inside, action.start(1), moved=any(block in ("range", "with") for block in blocks)))
        if _ASKING.match(inside):
            looked_for |= {one.label for one in asked}
        found += asked
        if opening := _OPENING.match(inside):
            blocks.append(opening[1])
        elif _CLOSING.match(inside) and blocks:
            blocks.pop()
    yield from (one for one in found if one.label not in looked_for)


def _in_action(text: str, start: int, *, moved: bool) -> Iterator[Asked]:
    bare = _STRING.sub(lambda match: " " * len(match[0]), text)
    for match in _LABEL.finditer(bare):
        if match["of"] == "$labels" or not moved:
            yield Asked(match["name"], Span(start + match.start(), start + match.end()))
    for match in _INDEXED.finditer(text):
        if "$labels" in match[0] or not moved:
            yield Asked(match["name"], Span(start + match.start("name"), start + match.end("name")))
