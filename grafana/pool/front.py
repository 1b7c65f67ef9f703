"""The pool as a whole over time, counted at its front in Envoy."""

from __future__ import annotations

from grafana.colours import CALM, NEUTRAL
from grafana.panels import Panel, timeseries
from grafana.pool.promql import HEALTHY, MEMBERS, POOL
from grafana.query import Query, Style
from grafana.signal import Signal, signal_panel

_TUNNEL = " No data: no requests, or a tunnel."

SIGNALS = (
    Signal("Rate", f"Requests a second through the pool.{_TUNNEL}", "reqps", "pool:requests:rate1m"),
    Signal(
        "Errors",
        "The share of the requests that were answered with 5xx or given up. Below the threshold is normal; else see "
        f"Members above for which of them fail.{_TUNNEL}",
        "percentunit",
        "pool:errors:ratio_rate1m",
        above="upstream_failure",
    ),
    Signal(
        "Throttled",
        "The share of the requests that a member answered with 429. Below the threshold is normal; else send less, or "
        f"spread it over more members.{_TUNNEL}",
        "percentunit",
        "pool:throttled:ratio_rate1m",
        above="rate_limit_storm",
    ),
    Signal(
        "Duration",
        "The 95th percentile of the time that requests through the pool take. Steady is normal; else see p95 of each, "
        f"above, for the slow members.{_TUNNEL}",
        "s",
        "pool:latency:p95_1m",
    ),
    Signal(
        "Saturation",
        "Requests at once, of those that the members in rotation may have. Below the threshold is normal; else add "
        f"members, or raise max_requests.{_TUNNEL}",
        "percentunit",
        "pool:saturation:ratio",
        above="saturation",
    ),
)


def front() -> list[Panel]:
    """Six panels, three in a line."""
    return [*(signal_panel(one, POOL, POOL) for one in SIGNALS), _in_rotation()]


def _in_rotation() -> Panel:
    return timeseries(
        "Members in rotation",
        "How many members Envoy sends requests to, of how many there are. All is normal; steps down and up again, one "
        "after another, are a wave of failures. No data: Envoy is not scraped.",
        [
            Query(HEALTHY, "in rotation", Style(CALM, width=2)),
            Query(MEMBERS, "members", Style(NEUTRAL, dashed=True, width=1)),
        ],
        unit="none",
        minimum=0,
        calcs=("lastNotNull", "min"),
    )
