"""The error budgets: how much may go wrong, how much of that is left, and the groups of rules that record it.

What has to be new is evaluated often and reads little; what reads weeks is evaluated seldom.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from prometheus.objectives.burn_alerts import burn_alerts
from prometheus.objectives.burn_rate import BUDGET, HOUR, burning, long_burn_rates, short_burn_rates
from prometheus.objectives.exhaustion import REMAINING, UNSPENT, predictions
from prometheus.objectives.objective import for_each, objectives, window_of
from prometheus.objectives.request_counts import (
    BAD,
    BAD_TILES,
    REQUEST_TILES,
    REQUESTS,
    request_counts,
    tile_interval,
    tiles,
)
from prometheus.rule import AlertRule, Recording, RuleGroup
from stack.model import Stack
from stack.quantity import format_duration

COVERAGE = "slo:coverage:ratio"
WINDOW = "slo:window:seconds"

# How many evaluations of the fastest rules lie between two of these, and how many seconds at most. What another group
# reads must be newer than the five minutes for which Prometheus takes a sample for the present.
SHORT = 2, 60.0
LONG = 8, 120.0
WHOLE = 16, 240.0


def budget_groups(stack: Stack) -> tuple[RuleGroup, ...]:
    """The groups of the rules about objectives."""

    def group(name: str, interval: float, *rules: Iterable[Recording | AlertRule]) -> RuleGroup:
        return RuleGroup(name, interval, tuple(rule for some in rules for rule in some))

    def every(pace: tuple[int, float]) -> float:
        evaluations, seconds = pace
        return min(seconds, evaluations * stack.prometheus.evaluation_interval)

    short = request_counts(stack), _promised(stack), short_burn_rates(stack), burning(stack, long=False)
    return (
        group("budgets", every(SHORT), *short, burn_alerts(stack)),
        group("budget-tiles", tile_interval(stack), tiles(stack)),
        group("budget-long", every(LONG), long_burn_rates(stack), burning(stack, long=True)),
        group("budget-window", every(WHOLE), _left(stack, every(SHORT)), predictions(stack)),
    )


def _promised(stack: Stack) -> Iterator[Recording]:
    """What each objective allows, as series: from the first request that is counted on, for as long as it is promised.

    They remember themselves, so that what is known of a service does not vanish when its series do.
    """
    found = objectives(stack)

    def constant(record: str, matchers: str, value: str) -> str:
        return f"0 * ({REQUESTS}{matchers} or last_over_time({record}{matchers}[1h])) + {value}"

    yield Recording(
        BUDGET, for_each(lambda one: one.budget, found, found, lambda some, value: constant(BUDGET, some, f"{value:f}"))
    )
    yield Recording(
        WINDOW,
        for_each(lambda one: one.window, found, found, lambda some, value: constant(WINDOW, some, f"{value:.15g}")),
    )


def _left(stack: Stack, short: float) -> Iterator[Recording]:
    """What is left of each budget; 1 - bad / (allowed * all), below 0 when overspent, and none without requests."""
    found, tile = objectives(stack), tile_interval(stack)

    def remaining(some: str, window: float) -> str:
        total, bad, requests = _counts(window)
        length = format_duration(window)
        return f"1 - {total}({bad}{some}[{length}]) / ({BUDGET}{some} * {total}({requests}{some}[{length}]) > 0)"

    def coverage(some: str, window: float) -> str:
        counts, interval = (REQUEST_TILES, tile) if window > HOUR else (REQUESTS, short)
        seen = f"count_over_time({counts}{some}[{format_duration(window)}])"
        return f"clamp_max({interval / window:.6g} * {seen}, 1)"

    yield Recording(REMAINING, for_each(window_of, found, found, remaining))
    yield Recording(COVERAGE, for_each(window_of, found, found, coverage))
    yield Recording(UNSPENT, f"1 - (1 - {REMAINING}) * {COVERAGE}")


def _counts(window: float) -> tuple[str, str, str]:
    """How the requests of a whole window are added up; tiles are too coarse for a short one."""
    return ("sum_over_time", BAD_TILES, REQUEST_TILES) if window > HOUR else ("avg_over_time", BAD, REQUESTS)
