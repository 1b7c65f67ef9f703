"""PromQL from stack.yaml in a dashboard, where Grafana replaces what looks like a variable, in strings too."""

from __future__ import annotations

import re

from prometheus.selector import quoted
from stack.selector import STRING

_STRING = re.compile(STRING)
_BEGINS_VARIABLE = re.compile(r"\$(?=[\w{])|\[(?=\[\w)", re.ASCII)


def verbatim(expr: str) -> str:
    """`expr` with strings that say the same to Prometheus and nothing to Grafana."""
    return _STRING.sub(lambda string: _verbatim(string[0]), expr)


def _verbatim(string: str) -> str:
    raw = string.startswith("`")
    if not _BEGINS_VARIABLE.search(string) and not (raw and "\n" in string):
        return string
    return _BEGINS_VARIABLE.sub(lambda found: rf"\x{ord(found[0]):02x}", quoted(string[1:-1]) if raw else string)
