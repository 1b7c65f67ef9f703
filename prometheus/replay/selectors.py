"""Which series rules read: the selectors in their expressions, of what the rules do not record themselves."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from itertools import zip_longest

from prometheus.selector import matchers, name_of
from stack.selector import STRING

_WORDS = "and|or|unless|bool|offset|inf|nan|start|end|atan2|by|without|on|ignoring|group_left|group_right"
_MATCHERS = rf"\{{(?:[^{{}}\"'`]|{STRING})*\}}"
_TOKEN = re.compile(
    rf"""\s+ | \#[^\n]* | (?P<string>{STRING})
    | (?P<labels>\b(?:by|without|on|ignoring|group_left|group_right)\b\s*\([^()]*\))
    | (?P<word>\b(?:{_WORDS})\b(?!:))
    | (?P<range>\[[^\]]*\])
    | (?P<selector>[a-zA-Z_:][\w:]*\s*(?:{_MATCHERS})? | {_MATCHERS})
    | (?P<number>\d[\w.]*) | (?P<other>.)""",
    re.VERBOSE | re.ASCII | re.DOTALL | re.IGNORECASE,
)


def selectors(expr: str) -> Iterator[str]:
    """Every selector in a PromQL expression, without its range or offset, in the order in which they stand."""
    tokens = [match for match in _TOKEN.finditer(expr) if match.lastgroup]
    for token, after in zip_longest(tokens, tokens[1:]):
        text = token["selector"]
        is_call = text is not None and "{" not in text and after is not None and (after[0] == "(" or after["labels"])
        if text is not None and not is_call:
            yield text.strip()


def raw_selectors(expressions: Iterable[str], recorded: Collection[str]) -> tuple[str, ...]:
    """The selectors of what is not `recorded`, without those that a wider one of the same metric contains."""
    found: dict[tuple[str | None, frozenset[tuple[str, str, str]]], str] = {}
    for expr in expressions:
        for selector in selectors(expr):
            name = name_of(selector)
            if name not in recorded and name not in ("ALERTS", "ALERTS_FOR_STATE"):
                found.setdefault((name, frozenset(matchers(selector))), selector)
    return tuple(
        selector
        for (name, wanted), selector in found.items()
        if not any(other == name and fewer < wanted for other, fewer in found)
    )


def is_within(selector: str, others: Iterable[str]) -> bool:
    """Whether one of the others selects all that `selector` does, as far as their matchers tell."""
    wanted = set(matchers(selector))
    return any(name_of(other) == name_of(selector) and set(matchers(other)) <= wanted for other in others)
