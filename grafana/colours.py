"""What a colour means, the same on every panel. It never stands alone: a value or a word says the same."""

from __future__ import annotations

from prometheus.catalogue import SEVERITIES
from stack.dataclass import dataclass

UNKNOWN = "#8e8e8e"  # no data, undecided: never green
CALM = "green"
NEUTRAL = "blue"  # a quantity that is neither good nor bad
LIMIT = "red"
FAULT = "purple"  # only for what we broke ourselves
BY_SEVERITY = {"low": "yellow", "medium": "orange", "high": "red", "critical": "dark-red"}


@dataclass(frozen=True)
class Step:
    """From the value `at` on, this colour; below the first step nothing is known."""

    at: float
    colour: str


LOWEST = -1e12
"""For a first step that holds however low the value is."""

NEUTRAL_STEPS = (Step(LOWEST, NEUTRAL),)

SCORE_STEPS = (
    Step(0, CALM),
    *(Step(float(score), BY_SEVERITY[severity]) for severity, score in SEVERITIES.items()),
)
"""The score of an anomaly: in thresholds, as the alerts have it."""


@dataclass(frozen=True)
class Word:
    """What is written, and in which colour, in place of a value: one number, a text, or None for no value."""

    of: float | str | None
    text: str
    colour: str


VERDICT_WORDS = (
    Word(1, "PASS", CALM),
    Word(0.5, "WARN", BY_SEVERITY["low"]),
    Word(0, "FAIL", BY_SEVERITY["critical"]),
    Word(-1, "UNDECIDED", UNKNOWN),
    Word(-2, "ERROR", BY_SEVERITY["medium"]),
    Word(-3, "none ran", UNKNOWN),
)
"""quality_gate_verdict, and -3 where a query has to say that there is none."""

SEVERITY_WORDS = tuple(Word(severity, severity, colour) for severity, colour in BY_SEVERITY.items())

BUDGET_STEPS = (
    Step(LOWEST, BY_SEVERITY["critical"]),
    Step(0, BY_SEVERITY["high"]),
    Step(0.25, BY_SEVERITY["medium"]),
    Step(0.5, CALM),
)
"""What is left of an error budget, as a ratio; below 0 it is overspent."""

RUN_SCORE_STEPS = (Step(0, BY_SEVERITY["high"]), Step(50, BY_SEVERITY["medium"]), Step(80, CALM))
"""The resilience score, 0 to 100; a run passes from 80 on."""

BURN_STEPS = (Step(0, CALM), Step(1, BY_SEVERITY["medium"]), Step(14.4, BY_SEVERITY["high"]))
"""A burn rate: above 1 the budget does not last, at 14.4 the objectives' fastest alert is due."""

ALL_STEPS = (Step(LOWEST, BY_SEVERITY["critical"]), Step(0.001, BY_SEVERITY["medium"]), Step(1, CALM))
"""A share of which all is well: none, some, all."""
