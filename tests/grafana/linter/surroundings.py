"""What a dashboard is held against: the other dashboards, and what is exposed and recorded."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from prometheus.lint.elsewhere import elsewhere
from prometheus.lint.knowledge import Knowledge, parsed
from prometheus.lint.metric import Metric, series_of
from prometheus.lint.of_stack import counted, of_targets, recorded
from prometheus.lint.rule_file import SourceRule
from stack.dataclass import dataclass
from stack.loader import load_stack
from stack.model import Stack
from tests.grafana.linter.dashboard import Dashboard

Rule = tuple[str, str]  # its name and its expression

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "metrics.md"


@dataclass(frozen=True)
class Surroundings:
    """The dashboards by their uid, and what is known of metrics."""

    dashboards: Mapping[str, Dashboard]
    known: Knowledge


def known_of(stack: Stack) -> Knowledge:
    """What is exposed and recorded where the stack is watched.

    What the demo's stack records is known with any stack: a dashboard of pools has sense before there are pools.
    """
    demo = load_stack(ROOT / "stack.yaml")
    rules = {**_recorded_by_the_demo(), **_rules(stack)}
    exposed = [*documented(), *elsewhere(), *counted(stack), *counted(demo), *of_targets()]
    return Knowledge(map(parsed, rules.values()), exposed)


@cache
def _recorded_by_the_demo() -> Mapping[Rule, SourceRule]:
    return _rules(load_stack(ROOT / "stack.yaml"))


def _rules(stack: Stack) -> dict[Rule, SourceRule]:
    return {(rule.name, rule.expr.text()): rule for rule in recorded(stack)}


def documented() -> Iterator[Metric]:
    """What docs/metrics.md says is exposed; a test of the exporter holds the page against a scrape."""
    page, _, _ = PAGE.read_text().partition("## Recorded by the rules")
    for name, kind, labels in re.findall(r"^\| `(\w+)` \| (\w+) \|([^|]*)\|", page, re.MULTILINE):
        yield from series_of(name, kind, frozenset(re.findall(r"`(\w+)`", labels)))
