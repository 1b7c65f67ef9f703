"""What an alert stands on: all the rules that it reads, how seldom they are evaluated, how far they look back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache

from prometheus.replay.selectors import selectors
from prometheus.selector import name_of
from stack.dataclass import dataclass
from stack.quantity import QuantityError, parse_duration

_DURATION = re.compile(r"(?:\[|\boffset\s+)(\d[\w.]*)")


@dataclass(frozen=True)
class Rule:
    """One rule: what it records or alerts, from which expression, every how many seconds."""

    name: str
    expr: str
    every: float


@dataclass(frozen=True)
class Lineage:
    """In seconds: the longest interval of the rules that an alert stands on, and how far they look back at most."""

    every: float
    memory: float


def lineages(alerts: Iterable[Rule], recordings: Iterable[Rule]) -> Mapping[str, Lineage]:
    """The lineage of each alert, of all its rules together; told by the names of series, whatever their labels."""
    by_name: dict[str, list[Rule]] = {}
    for rule in recordings:
        by_name.setdefault(rule.name, []).append(rule)

    @cache
    def stands_on(name: str) -> frozenset[str]:
        return frozenset(read for rule in by_name.get(name, ()) for read in _read(rule.expr) if read in by_name)

    found: dict[str, Lineage] = {}
    for alert in alerts:
        reached, pending = set[str](), {name for name in _read(alert.expr) if name in by_name}
        while pending:
            reached |= pending
            pending = {below for name in pending for below in stands_on(name)} - reached
        rules = [alert, *(rule for name in reached for rule in by_name[name])]
        before = found.get(alert.name, Lineage(0.0, 0.0))
        found[alert.name] = Lineage(
            max(before.every, *(rule.every for rule in rules)),
            max(before.memory, *(_memory(rule.expr) for rule in rules)),
        )
    return found


@cache
def _read(expr: str) -> frozenset[str]:
    return frozenset(name for selector in selectors(expr) if (name := name_of(selector)))


@cache
def _memory(expr: str) -> float:
    """The longest of its ranges and offsets."""
    return max((_seconds(text) for text in _DURATION.findall(expr)), default=0.0)


def _seconds(text: str) -> float:
    try:
        return parse_duration(text)
    except QuantityError:
        return 0.0
