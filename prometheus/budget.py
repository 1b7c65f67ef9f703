"""What is recorded of the objectives: how much of the error budget is left, and how fast it burns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial

from prometheus.indicators import sli_of
from prometheus.rule import Recording
from prometheus.slo import errors, requests, slow, timed
from stack.model import Stack

FAST = 300.0

Count = Callable[[str, float], str]


def budgets(stack: Stack) -> Iterator[Recording]:
    """slo:burn_rate:ratio_rate5m and slo:error_budget_remaining:ratio of every objective.

    Both from counts, so that a busy hour weighs more than an idle one; neither is recorded without requests. The
    budget left is 1 - bad / ((1 - target) * all) and falls below 0 when it is overspent; the burn rate is
    bad / ((1 - target) * all), 1 when it would last exactly for the window.
    """
    for service in stack.services.values():
        sli = sli_of(service)
        if success := service.success_rate:
            labels = {"service": service.name, "slo": "success_rate"}
            counts = partial(errors, sli), partial(requests, sli)
            yield from _of_objective(labels, success.target, success.window, *counts)
        if latency := service.latency:
            labels = {"service": service.name, "slo": "latency"}
            counts = partial(slow, sli, latency.under), partial(timed, sli)
            yield from _of_objective(labels, latency.target, latency.window, *counts)


def _of_objective(
    labels: dict[str, str], target: Decimal, window: float, bad: Count, requests: Count
) -> Iterator[Recording]:
    allowed = 1 - target  # exact: the target is a Decimal

    def spent(function: str, seconds: float) -> str:
        return f"{bad(function, seconds)} / ({allowed} * {requests(function, seconds)} > 0)"

    yield Recording("slo:burn_rate:ratio_rate5m", spent("rate", FAST), labels)
    yield Recording("slo:error_budget_remaining:ratio", f"1 - {spent('increase', window)}", labels)
