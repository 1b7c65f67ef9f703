"""When the error budgets will be gone, if what they have spent in the last hours goes on."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus.objectives.burn_rate import LEAST_BAD, burn_rate
from prometheus.objectives.objective import Objective, for_each, objectives, window_of
from prometheus.objectives.request_counts import BAD_TILES, counted, tile_interval
from prometheus.rule import Recording
from stack.model import Stack
from stack.quantity import format_duration

REMAINING = "slo:error_budget_remaining:ratio"
UNSPENT = "slo:error_budget_unspent:ratio"
FITTED, PREDICTED = "slo:error_budget_unspent:fitted", "slo:error_budget_unspent:predicted"
SCORE = "slo:error_budget_exhaustion:score"

LONGEST_LOOK = 6 * 3600.0
HORIZON_PART = 10
MOST = 10
STILL_FALLING = "0.01"


def predictions(stack: Stack) -> Iterator[Recording]:
    """What will be left at the horizon, a tenth of the window ahead, and how near that brings the end.

    The score is the share of what is left that will be spent until the horizon: at 1 the budget is gone exactly then,
    at 3 in a third of that time; at most 10, which is also that of a budget which is gone and still falls. There is
    none before a sixth of the hours that the prediction looks at is known, with at least 5 bad requests, nor when the
    last half hour has burnt no more than it may: an incident that is over predicts nothing.
    """
    found = objectives(stack)
    yield Recording(FITTED, for_each(window_of, found, found, _fitted))
    yield Recording(PREDICTED, for_each(window_of, found, found, _predicted))
    yield Recording(SCORE, _score(found, tile_interval(stack)))
    yield Recording("service:error_budget_remaining:ratio", f"min by (service) ({REMAINING})")
    yield Recording("service:error_budget_exhaustion:score", f"max by (service) ({SCORE})")
    left = f"slo:window:seconds / ({HORIZON_PART} * clamp_min({SCORE}, {1 / HORIZON_PART:g}))"
    yield Recording("service:error_budget_exhaustion:seconds", f"min by (service) ({left} * ({FITTED} > bool 0))")


def _score(found: tuple[Objective, ...], every: float) -> str:
    spent = f"({FITTED} - {PREDICTED})"
    share = f"clamp({spent} / ({FITTED} > 0), 0, {MOST})"
    gone = f"{MOST} * ({spent} > bool {STILL_FALLING})"

    def enough(some: str, window: float) -> str:
        known = format_duration(round(_look(window) / 6))
        bad = counted(BAD_TILES, _look(window), every, some)
        return f"{UNSPENT}{some} offset {known} and {bad} >= {LEAST_BAD}"

    guards = for_each(window_of, found, found, enough)
    return f"({share} or {gone})\nand ({guards})\nand {burn_rate(1800)} > 1"


def _fitted(some: str, window: float) -> str:
    return f"predict_linear({UNSPENT}{some}[{format_duration(_look(window))}], 0)"


def _predicted(some: str, window: float) -> str:
    return f"predict_linear({UNSPENT}{some}[{format_duration(_look(window))}], {window / HORIZON_PART:.15g})"


def _look(window: float) -> float:
    return float(round(min(LONGEST_LOOK, window / 5)))
