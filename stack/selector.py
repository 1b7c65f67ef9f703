"""PromQL selectors as people write them: `http_requests_total{job="shop"}`, and nothing that does more than select."""

from __future__ import annotations

import re

from stack.document import Value

STRING = r"""(?:"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`)"""
"""The regular expression of a string in PromQL."""
_LABEL = re.compile(r"(?!__)[a-zA-Z_][a-zA-Z0-9_]*", re.ASCII)
_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_MATCHER = rf"\s*[a-zA-Z_][a-zA-Z0-9_]*\s*(?:=~|!~|!=|=)\s*{STRING}\s*"
_MATCHERS = rf"\{{(?:{_MATCHER}(?:,{_MATCHER})*,?)?\s*\}}"
SELECTOR = re.compile(rf"\s*(?P<name>{_NAME})?\s*(?P<matchers>{_MATCHERS})?\s*", re.ASCII)
"""The name of a metric, its matchers in braces, or both."""


def is_label(text: str) -> bool:
    """Whether `text` can be the name of a label that a user has set."""
    return _LABEL.fullmatch(text) is not None


def is_selector(text: str) -> bool:
    """Whether `text` selects series and does nothing else, so that rate() can be taken of it."""
    match = SELECTOR.fullmatch(text)
    return match is not None and bool(match["name"] or match["matchers"])


def read_selector(value: Value) -> str:
    """The selector that a file names, without the white space around it; raises ConfigError for what is none."""
    text = value.text().strip()
    if not is_selector(text):
        raise value.error(
            f"{value.path}: {text} is no selector of series; write it like "
            'http_requests_total{job="shop"}, without functions'
        )
    return text


def read_label(name: str, value: Value) -> str:
    """The name of a label, which is the key of `value`; raises ConfigError for what is none."""
    if not is_label(name):
        raise value.error(f'"{name}" is not a label name; use letters, digits and _, not a digit or __ first')
    return name
