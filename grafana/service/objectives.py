"""What the service promises, what is left of its error budgets, and how fast they burn."""

from __future__ import annotations

from collections.abc import Iterator

from grafana.colours import BUDGET_STEPS, BY_SEVERITY, CALM, LIMIT, LOWEST, NEUTRAL_STEPS, UNKNOWN, Step, Word
from grafana.panels import Panel, stat, timeseries
from grafana.promql import WATCHDOG, first, labelled, number
from grafana.query import Query, Style
from grafana.service.promql import SERVICE
from prometheus.objectives.burn_rate import BUDGET, burn_rate, burning_alerts
from prometheus.objectives.objective import SLOS, objectives
from stack.burn_rate import USUAL_WINDOW, BurnRateAlert
from stack.model import Stack
from stack.quantity import format_duration

FIVE_MINUTES = 300.0
NOT_YET, BLIND = 1000.0, 2000.0  # beyond what a budget or a share can be
NOTHING = (Word(NOT_YET, "no data yet", UNKNOWN), Word(BLIND, "BLIND", UNKNOWN))
COVERAGE_STEPS = (Step(LOWEST, UNKNOWN), Step(0.1, BY_SEVERITY["low"]), Step(0.9, CALM))

_WINDOW = "slo:window:seconds"
_TITLES = {"success_rate": "success rate", "latency": "latency"}


def service_objectives(stack: Stack) -> list[Panel]:
    """The panels: burn rates of the kinds of objectives that some service of the stack has."""
    promised = [slo for slo in SLOS if any(one.slo == slo for one in objectives(stack))]
    return [*_stats(), *(_burn_rates(stack, slo) for slo in promised), _budgets(24 - 8 * len(promised))]


def _stats() -> Iterator[Panel]:
    yield _stat(
        "Promised",
        "The share of the requests that must be good, of each objective. BLIND: no rules are evaluated.",
        f"1 - {BUDGET}{{{SERVICE}}}",
        NEUTRAL_STEPS,
        decimals=3,
    )
    yield _stat(
        "Budget left",
        "What is left of each error budget, of the requests counted so far; below 0 it is overspent. Above 50% is "
        "normal; when it is spent, release nothing but repairs until it is back.",
        f"slo:error_budget_remaining:ratio{{{SERVICE}}}",
        BUDGET_STEPS,
        decimals=1,
    )
    yield _stat(
        "Coverage",
        "How much of each objective's window has been counted. All of it is normal; grey, below a tenth, the budget "
        "says little: wait, or look whether the rules were not evaluated for a while.",
        f"slo:coverage:ratio{{{SERVICE}}}",
        COVERAGE_STEPS,
        decimals=1,
    )
    yield _stat(
        "Whole window",
        "What will be left of the whole window's budget, if as many requests come in the part that has not been "
        "counted, and none of them is bad. Above 50% is normal; else go slow with releases.",
        f"slo:error_budget_unspent:ratio{{{SERVICE}}}",
        BUDGET_STEPS,
        decimals=1,
    )


def _stat(title: str, description: str, expr: str, steps: tuple[Step, ...], decimals: int) -> Panel:
    not_yet = labelled(f"0 * {WATCHDOG} + {NOT_YET:g}", slo="objectives")
    return stat(
        title,
        description,
        [Query(first(expr, not_yet, labelled(number(BLIND), slo="rules")), "{{slo}}")],
        unit="percentunit",
        steps=steps,
        words=NOTHING,
        decimals=decimals,
        named=True,
        width=6,
    )


def _burn_rates(stack: Stack, slo: str) -> Panel:
    matchers = f'{SERVICE}, slo="{slo}"'
    alerts = burning_alerts(stack)
    windows = sorted({FIVE_MINUTES, *(alert.within for alert in alerts)})
    return timeseries(
        f"Burn of the {_TITLES[slo]} budget",
        "How fast the error budget is spent, over windows of several lengths: at 1 it lasts exactly for the "
        "objective's window. Below 1 is normal. Each dashed line is where an alert of that severity is due, when the "
        "line of its own window is above it: then repair before anything else. No data: not promised, or no requests.",
        [
            *(Query(f"{burn_rate(window)}{{{matchers}}}", format_duration(window)) for window in windows),
            *(_rung(alert, matchers) for alert in alerts),
        ],
        unit="none",
        minimum=0,
        height=9,
    )


def _rung(alert: BurnRateAlert, matchers: str) -> Query:
    """The factor of an alert for this objective, which it has by its window; none where it can never fire."""
    window = f"{_WINDOW}{{{matchers}}}"
    factor = f"clamp_min({window}, {USUAL_WINDOW:g}) * {alert.spent} / {alert.within:g}"
    return Query(
        f"({factor} < 1 / {BUDGET}{{{matchers}}}) and {window} >= {2 * alert.within:g}",
        f"{alert.severity}, {format_duration(alert.within)}",
        Style(BY_SEVERITY[alert.severity], dashed=True, width=1),
    )


def _budgets(width: int) -> Panel:
    return timeseries(
        "Budget left over time",
        "What is left of the error budgets; below 0, the red line, they are overspent. A steep fall is an incident, a "
        "slow one a debt. No data: nothing is promised, or nothing was counted yet.",
        [
            Query(f"slo:error_budget_remaining:ratio{{{SERVICE}}}", "{{slo}}"),
            Query(f"0 * max({BUDGET}{{{SERVICE}}})", "spent", Style(LIMIT, dashed=True, width=1)),
        ],
        unit="percentunit",
        maximum=1,
        calcs=("lastNotNull", "min"),
        width=width,
        height=9,
    )
