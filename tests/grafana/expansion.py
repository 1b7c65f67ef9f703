"""What Grafana makes of the variables in an expression before Prometheus sees it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from stack.dataclass import dataclass

VARIABLE = re.compile(r"\$(\w+)|\$\{(\w+)(?:\.([^:}]+))?(?::(\w+))?\}|\[\[(\w+)(?::(\w+))?\]\]")
ALL = "$__all"

Json = dict[str, Any]


@dataclass(frozen=True)
class Window:
    """The stretch of time that is looked at, and its resolution, all in seconds."""

    start: float
    end: float
    scrape_interval: float = 15.0
    points: int = 1000

    @property
    def interval(self) -> float:
        """$__interval: the width of a panel's pixels, but never below the data source's scrape interval."""
        return max(self.scrape_interval, float(round((self.end - self.start) / self.points)))

    @property
    def rate_interval(self) -> float:
        """$__rate_interval: at least four scrapes, so that a rate finds two samples."""
        return max(self.interval + self.scrape_interval, 4 * self.scrape_interval)

    @property
    def globals(self) -> dict[str, str]:
        """The variables that Grafana has by itself."""
        length = round(self.end - self.start)
        return {
            "__interval": f"{self.interval:g}s",
            "__interval_ms": f"{self.interval * 1000:g}",
            "__rate_interval": f"{self.rate_interval:g}s",
            "__range": f"{length}s",
            "__range_s": str(length),
            "__range_ms": str(length * 1000),
            "__from": f"{self.start * 1000:.0f}",
            "__to": f"{self.end * 1000:.0f}",
        }


HOUR = Window(0, 3600)


def used_in(text: str) -> Iterator[str]:
    """The names of the variables in a text; $1 is a group of a regular expression."""
    names = (match[1] or match[2] or match[5] for match in VARIABLE.finditer(text))
    yield from (name for name in names if not name.isdigit())


def expanded(expr: str, chosen: Mapping[str, str], window: Window = HOUR) -> str:
    """The expression with what was `chosen`, as `in_promql` writes it; a variable that nobody defines is left alone."""
    texts = {**window.globals, **chosen}
    return VARIABLE.sub(lambda match: texts.get(match[1] or match[2] or match[5], match[0]), expr)


def in_promql(variable: Json, values: Sequence[str]) -> str:
    """The chosen values as the Prometheus data source writes them into an expression.

    A variable of which only one can be chosen is not taken for a regular expression; of several, each is escaped.
    """
    if list(values) == [ALL]:
        raise_if_not_all(variable)
        return str(variable["allValue"])
    if not variable.get("multi") and not variable.get("includeAll"):
        return _quoted(values[0])
    escaped = [re.sub(r"([$^*{}\[\]'+?.()|])", r"\\\\\1", value.replace("\\", "\\\\\\\\")) for value in values]
    return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"


def raise_if_not_all(variable: Json) -> None:
    """Raises ValueError where All cannot be chosen, or has no value of its own."""
    if not variable.get("includeAll") or not variable.get("allValue"):
        raise ValueError(f'All of the variable "{variable["name"]}" has no value of its own')


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')
