"""The first line: how the service stands, in one number each."""

from __future__ import annotations

from grafana.chaos_targets import of_services
from grafana.colours import ALL_STEPS, NEUTRAL_STEPS, Step
from grafana.limit_steps import limit_steps, nearness_steps
from grafana.panels import Panel, stat
from grafana.query import Query
from grafana.service.promql import SERVICE
from grafana.stats import fault_now, measured_now, worst_score
from stack.model import Stack


def status(stack: Stack) -> list[Panel]:
    """Eight stats, 24 columns wide together."""
    return [
        _worst(),
        _number("Rate", "reqps", "service:requests:rate1m", NEUTRAL_STEPS, "Requests a second over the last minute."),
        _number(
            "Errors",
            "percentunit",
            "service:errors:ratio_rate1m",
            limit_steps(stack, "error_spike"),
            "The share of the requests of the last minute that failed. Green, below the limit, is normal; else see "
            "Errors below. No data: no requests.",
        ),
        _number(
            "p95",
            "s",
            "service:latency:p95_1m",
            limit_steps(stack, "latency_shift"),
            "The time within which 95% of the requests of the last minute were answered. Green, below the limit, is "
            "normal; else see Latency below. No data: no requests, or no histogram.",
        ),
        _number(
            "Throttled",
            "percentunit",
            "service:throttled:ratio_rate1m",
            limit_steps(stack, "rate_limit_storm"),
            "The share of the requests of the last minute that were answered 429. Green is normal; else send less. "
            "No data: no requests, or nothing counts 429.",
        ),
        _number(
            "Saturation",
            "percentunit",
            "service:saturation:ratio",
            nearness_steps(stack, "saturation"),
            "How much of its limit is in use, of what is nearest to it. Green is normal; else add capacity or shed "
            "load. No data: nothing of it is exposed.",
        ),
        _targets(),
        _fault(stack),
    ]


def _worst() -> Panel:
    return worst_score(
        "The highest score of the service and its pools: 1 is at the threshold, critical from 3. Below 1 "
        "is normal; else the table says what to do. BLIND: no rules are evaluated, or they see nothing of it.",
        SERVICE,
    )


def _number(title: str, unit: str, series: str, steps: tuple[Step, ...], description: str) -> Panel:
    return measured_now(title, description, f"{series}{{{SERVICE}}}", unit=unit, steps=steps)


def _targets() -> Panel:
    return stat(
        "Targets up",
        "The share of the service's targets that Prometheus can scrape. All is normal; else see which below, and "
        "whether it runs. No data: it is not known from which targets it is scraped.",
        [Query(f"1 - max(service:targets_lost:ratio_1m{{{SERVICE}}})")],
        unit="percentunit",
        steps=ALL_STEPS,
        decimals=0,
    )


def _fault(stack: Stack) -> Panel:
    return fault_now(
        "Whether a fault of ours is in the service or its pools now. None is normal outside a run; dev-hq chaos stop "
        "ends one. BLIND: the exporter, which knows, is not scraped.",
        of_services(stack, "max by (chaos_target) (chaos_fault_active)"),
    )
