"""The stats that several dashboards begin with: the worst score, what is measured now, whether a fault is in."""

from __future__ import annotations

from collections.abc import Sequence

from grafana.colours import CALM, FAULT, SCORE_STEPS, UNKNOWN, Step, Word
from grafana.panels import Panel, stat
from grafana.promql import BLIND, EXPORTER, WATCHDOG, first, number
from grafana.query import Query

IS_BLIND = Word(BLIND, "BLIND", UNKNOWN)
FAULT_STEPS = (Step(0, CALM), Step(1, FAULT))
FAULT_WORDS = (IS_BLIND, Word(0, "None", CALM), Word(1, "injected", FAULT))

_DECIMALS = {"reqps": 1, "percentunit": 2, "s": 3}


def worst_score(description: str, matchers: str) -> Panel:
    """The highest of the scores that the matchers select."""
    return stat(
        "Worst",
        description,
        [Query(first(f"max(anomaly:score{{{matchers}}}) and on () {WATCHDOG}", number(BLIND)))],
        unit="none",
        steps=SCORE_STEPS,
        words=[IS_BLIND],
        decimals=1,
    )


def measured_now(title: str, description: str, series: str, *, unit: str, steps: Sequence[Step]) -> Panel:
    """The highest of some series that are in requests a second, a ratio or seconds."""
    return stat(title, description, [Query(f"max({series})")], unit=unit, steps=steps, decimals=_DECIMALS[unit])


def fault_now(description: str, active: str) -> Panel:
    """Whether any series of `active`, which are of chaos_fault_active, is 1."""
    return stat(
        "Fault now",
        description,
        [Query(first(f"max({active}) and on () {EXPORTER}", f"0 * {EXPORTER}", number(BLIND)))],
        unit="none",
        steps=FAULT_STEPS,
        words=FAULT_WORDS,
    )
