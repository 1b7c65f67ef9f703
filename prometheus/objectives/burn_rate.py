"""How fast the error budgets burn, over windows from five minutes to days, and which of them burn too fast."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from prometheus.objectives.objective import Objective, by, for_each, objectives
from prometheus.objectives.request_counts import (
    BAD,
    BAD_TILES,
    FIVE_MINUTES,
    REQUEST_TILES,
    REQUESTS,
    counted,
    tile_interval,
)
from prometheus.rule import Recording
from stack.burn_rate import DEFAULT_LADDER, BurnRateAlert
from stack.model import Stack
from stack.quantity import format_duration, format_percent

HOUR = 3600.0
WINDOWS = (FIVE_MINUTES, 1800.0, HOUR, 2 * HOUR, 6 * HOUR, 24 * HOUR, 72 * HOUR)
LEAST_BAD = 5
BUDGET = "slo:error_budget:ratio"
BURNING = "slo:budget_burning:ratio"


def ladder(stack: Stack) -> tuple[BurnRateAlert, ...]:
    """The alerts on burn rates: the stack's own, or those that are usual."""
    return DEFAULT_LADDER if stack.burn_rate_alerts is None else stack.burn_rate_alerts


def burn_rate(window: float) -> str:
    """The name of the series with the burn rate over `window` seconds."""
    return f"slo:burn_rate:ratio_rate{format_duration(window)}"


def short_burn_rates(stack: Stack) -> Iterator[Recording]:
    """Those over up to an hour: 1 is the rate that spends the budget exactly; none without requests.

    Of the counts of the last five minutes, each as many minutes old, the mean is what a window of five minutes more has
    seen, the newest requests only in part. All bad ones of the last five minutes are bad ones of the whole window: so a
    sudden outage is seen at once, and not five minutes late.
    """
    for window in _windows(stack):
        if window == FIVE_MINUTES:
            yield Recording(burn_rate(window), f"{BAD} / ({BUDGET} * {REQUESTS} > 0)")
        elif window <= HOUR:
            length = format_duration(window)
            bad, part = f"avg_over_time({BAD}[{length}])", f"{FIVE_MINUTES / window:.6g}"
            all_requests = f"avg_over_time({REQUESTS}[{length}])"
            yield Recording(burn_rate(window), f"({part} * {BAD} > {bad} or {bad}) / ({BUDGET} * {all_requests} > 0)")


def long_burn_rates(stack: Stack) -> Iterator[Recording]:
    """Those over more than an hour, from tiles."""
    for window in _windows(stack):
        if window > HOUR:
            bad, requests = (f"sum_over_time({tile}[{format_duration(window)}])" for tile in (BAD_TILES, REQUEST_TILES))
            yield Recording(burn_rate(window), f"{bad} / ({BUDGET} * {requests} > 0)")


def _windows(stack: Stack) -> list[float]:
    asked = {window for one in ladder(stack) for window in (one.within, one.short)}
    return sorted({*WINDOWS, *asked})


def burning(stack: Stack, *, long: bool) -> Iterator[Recording]:
    """slo:budget_burning:ratio, the burn rate of what burns too fast: there only as long as it does.

    Both windows are above the factor, and the long one has seen enough bad requests not to be chance; `long` for those
    whose long window is more than an hour.
    """
    found = objectives(stack)
    every = tile_interval(stack)
    for alert in ladder(stack):
        watched = _watched(alert, found)
        if watched and (alert.within > HOUR) == long:
            labels = {"window": format_duration(alert.within), "severity": alert.severity}
            yield Recording(BURNING, _too_fast(alert, watched, found, every), labels)


def burning_alerts(stack: Stack) -> list[BurnRateAlert]:
    """Those of the ladder that watch some objective."""
    found = objectives(stack)
    return [alert for alert in ladder(stack) if _watched(alert, found)]


def _watched(alert: BurnRateAlert, found: Iterable[Objective]) -> list[Objective]:
    return [one for one in found if alert.fits(one.window) and alert.can_fire(one.target, one.window)]


def _too_fast(alert: BurnRateAlert, watched: list[Objective], among: tuple[Objective, ...], every: float) -> str:
    def write(matchers: str, factor: Decimal) -> str:
        enough = f"{counted(BAD_TILES, alert.within, every, matchers)} >= {LEAST_BAD}"
        if alert.within <= HOUR:
            enough = f"({BAD}{matchers} >= {LEAST_BAD} or {enough})"
        both = " and ".join(f"{burn_rate(window)}{matchers} > {factor:f}" for window in (alert.within, alert.short))
        return f"{both} and {enough}"

    return for_each(lambda one: alert.factor(one.window), watched, among, write)


def unreachable(stack: Stack) -> list[str]:
    """What the usual alerts leave out, in one line for each kind of objective: what could never fire there.

    What the stack asks for itself and could never fire was refused when it was read.
    """
    if stack.burn_rate_alerts is not None:
        return []
    lines = []
    for (slo, target, window), alike in by(lambda one: (one.slo, one.target, one.window), objectives(stack)).items():
        promise = f"{slo} {format_percent(target)} over {format_duration(window)} ({_names(alike)})"
        fitting = [alert for alert in DEFAULT_LADDER if alert.fits(window)]
        silent = [alert for alert in fitting if not alert.can_fire(target, window)]
        if not fitting:
            lines.append(
                f"{promise}: no alert on its burn rate, for it has no room for a window of an hour; make it 2h"
            )
        elif silent:
            factors = ", ".join(f"{alert.factor(window):f} ({alert.severity})" for alert in silent)
            lines.append(
                f"{promise}: no alert on a burn rate of {factors}, for it cannot burn faster than "
                f"{float(1 / (1 - target)):.4g} times; write burn_rate_alerts of your own"
            )
    return lines


def _names(alike: list[Objective]) -> str:
    names = [one.service for one in alike]
    return ", ".join(names) if len(names) <= 3 else f"{', '.join(names[:2])} and {len(names) - 2} more"
