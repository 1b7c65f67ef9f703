"""Text from labels and answers, made fit for a terminal: nothing in it moves the cursor or changes the order."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 1000

_BREAK = re.compile(r"[\t-\r\x85\u2028\u2029]+")
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_MARKS = frozenset({"Mn", "Me"})


def printable(text: str, encoding: str = "utf-8") -> str:
    """The text on one line: breaks are spaces, and U+FFFD (or ?) stands for what no terminal should be sent.

    That is every control and format character, such as those that turn the direction of writing. Of marks that stand
    on one character, two stay; variation selectors, on whose width terminals disagree, go.
    """
    shown: list[str] = []
    marks = 0
    for character in _BREAK.sub(" ", text[:LONGEST]):
        kind = unicodedata.category(character)
        marks = marks + 1 if kind in _MARKS else 0
        if marks > 2 or 0xFE00 <= ord(character) <= 0xFE0F or 0xE0100 <= ord(character) <= 0xE01EF:
            continue
        shown.append(" " if kind == "Zs" else "\N{REPLACEMENT CHARACTER}" if kind in _INVISIBLE else character)
    return "".join(shown).encode(encoding, "replace").decode(encoding)
