"""The first line: how the pool stands as its service sees it."""

from __future__ import annotations

from grafana.colours import ALL_STEPS, NEUTRAL_STEPS, Step
from grafana.limit_steps import limit_steps, nearness_steps
from grafana.panels import Panel, stat
from grafana.pool.promql import HEALTHY, MEMBERS, POOL
from grafana.query import Query
from grafana.stats import fault_now, measured_now, worst_score
from stack.model import Stack


def status(stack: Stack) -> list[Panel]:
    """Eight stats, 24 columns wide together."""
    return [
        _worst(),
        _stat("Rate", "reqps", "pool:requests:rate1m", NEUTRAL_STEPS, "Requests a second through the pool."),
        _stat(
            "Errors",
            "percentunit",
            "pool:errors:ratio_rate1m",
            limit_steps(stack, "upstream_failure"),
            "The share of the requests of the last minute that were answered with 5xx, or given up. Green, below the "
            "limit, is normal; else see below which member fails.",
        ),
        _stat(
            "Throttled",
            "percentunit",
            "pool:throttled:ratio_rate1m",
            limit_steps(stack, "rate_limit_storm"),
            "The share of the requests of the last minute that a member answered with 429. Green is normal; else send "
            "less, or use more members.",
        ),
        _stat(
            "p95",
            "s",
            "pool:latency:p95_1m",
            NEUTRAL_STEPS,
            "The time within which 95% of the requests of the last minute were answered. What is normal is up to the "
            "service that waits for them; see below which member is slow.",
        ),
        _stat(
            "Saturation",
            "percentunit",
            "pool:saturation:ratio",
            nearness_steps(stack, "saturation"),
            "Requests at once, of those that the members in rotation may have. Green is normal; else add members.",
        ),
        _in_rotation(),
        _fault(),
    ]


def _worst() -> Panel:
    return worst_score(
        "The highest score of the pool: 1 is at the threshold, critical from 3. Below 1 is normal; else the overview "
        "says what to do. BLIND: no rules are evaluated, or they see nothing of the pool.",
        POOL,
    )


def _stat(title: str, unit: str, series: str, steps: tuple[Step, ...], description: str) -> Panel:
    said = f"{description} No data: no requests, or a tunnel, in which Envoy sees none."
    return measured_now(title, said, f"{series}{{{POOL}}}", unit=unit, steps=steps)


def _in_rotation() -> Panel:
    return stat(
        "Healthy",
        "The share of the members that Envoy sends requests to. All is normal; else see below which are ejected, and "
        "why. No data: Envoy or the exporter is not scraped.",
        [Query(f"{HEALTHY} / {MEMBERS}")],
        unit="percentunit",
        steps=ALL_STEPS,
        decimals=0,
    )


def _fault() -> Panel:
    return fault_now(
        "Whether a fault of ours is in members of the pool now. None is normal outside a run; dev-hq chaos stop ends "
        "one. BLIND: the exporter, which knows, is not scraped.",
        'chaos_fault_active{chaos_target="$pool"}',
    )
