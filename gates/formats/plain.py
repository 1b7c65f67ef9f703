"""Text from names, labels and answers, fit for a report: one line, with nothing that a terminal or parser obeys."""

from __future__ import annotations

import re

_BREAK = re.compile(r"[\t-\r\x85\u2028\u2029]+")
_UNPRINTABLE = re.compile(
    r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)


def plain(text: str) -> str:
    """The text on one line: breaks are spaces, and U+FFFD stands for control characters and lone surrogates."""
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", _BREAK.sub(" ", text))


def shortened(text: str, most: int) -> str:
    """The text, cut to `most` characters, with an ellipsis where something is missing."""
    return text if len(text) <= most else f"{text[: most - 1]}…"
