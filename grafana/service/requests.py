"""Rate, errors and duration of the service, and what goes with them: throttling and saturation."""

from __future__ import annotations

from grafana.panels import Panel
from grafana.service.promql import ITS_OWN, SERVICE
from grafana.signal import Signal, signal_panel

SIGNALS = (
    Signal(
        "Rate",
        "Requests a second. Between the thresholds is normal; when they are missing, look at who calls, when there are "
        "too many, at who began to.",
        "reqps",
        "service:requests:rate1m",
        above="traffic_spike",
        below="traffic_drop",
    ),
    Signal(
        "Errors",
        "The share of the requests that fail. Below the threshold is normal; else look at its pools below, then at the "
        "last change. A gap: no requests.",
        "percentunit",
        "service:errors:ratio_rate1m",
        above="error_spike",
    ),
    Signal(
        "Duration",
        "The 95th percentile of the time that requests take. Below the threshold is normal; else look for what became "
        "slow first: pools, saturation, the last change. No data: no requests, or no histogram.",
        "s",
        "service:latency:p95_1m",
        above="latency_shift",
    ),
    Signal(
        "Throttled",
        "The share of the requests that are answered 429. Below the threshold is normal; else someone sends too many, "
        "or the limit is too low. No data: no requests, or nothing counts 429.",
        "percentunit",
        "service:throttled:ratio_rate1m",
        above="rate_limit_storm",
    ),
    Signal(
        "Saturation",
        "How much of its limit is in use, of what is nearest to it: open files, or what stack.yaml names. Below the "
        "threshold is normal; else look for a leak, or add capacity. No data: nothing of it is exposed.",
        "percentunit",
        "service:saturation:ratio",
        above="saturation",
    ),
)


def requests() -> list[Panel]:
    """A panel for each signal: three in the first line, two in the second."""
    return [signal_panel(one, SERVICE, ITS_OWN, 8 if place < 3 else 12) for place, one in enumerate(SIGNALS)]
