"""The signals behind the anomalies: what is, what is usual, what is too much, and where that fired."""

from __future__ import annotations

from collections.abc import Iterator

from grafana.colours import BY_SEVERITY
from grafana.panels import Panel, link, timeseries
from grafana.promql import SERVICES, firing_once, highest
from grafana.query import Query, Style
from grafana.signal import Signal, limits
from prometheus.catalogue import CATALOGUE
from prometheus.detection.scores import signals
from stack.model import Stack

LINES = 10
ACTUAL = "anomaly:actual"
PLAIN = (
    " Dashed red is the threshold; shaded is what is usual, known after twelve hours: both where one line is left. "
    "Red points: it fires."
)


SIGNALS = (
    Signal(
        "Rate",
        "Requests a second. Inside the band is normal; when requests are missing, look at who calls, when there are "
        "too many, at who began to.",
        "reqps",
        ACTUAL,
        above="traffic_spike",
        below="traffic_drop",
    ),
    Signal(
        "Errors",
        "The share of requests that fail. Below the threshold is normal; else look for the pool or the change that "
        "began just before.",
        "percentunit",
        ACTUAL,
        above="error_spike",
    ),
    Signal(
        "Duration",
        "The 95th percentile of the time that requests take. Below the threshold is normal; else look for what became "
        "slow first, pools before services.",
        "s",
        ACTUAL,
        above="latency_shift",
    ),
    Signal(
        "Pool errors",
        "The share of requests that a pool fails. Below the threshold is normal; else open the pool and take out the "
        "members that fail.",
        "percentunit",
        ACTUAL,
        above="upstream_failure",
    ),
    Signal(
        "Throttled",
        "The share of requests that are answered 429. Below the threshold is normal; else send fewer, or ask for more.",
        "percentunit",
        ACTUAL,
        above="rate_limit_storm",
    ),
    Signal(
        "Saturation",
        "How much of its limit is in use, of what can run full. Below the threshold is normal; else add capacity or "
        "shed load before it is.",
        "percentunit",
        ACTUAL,
        above="saturation",
    ),
)


def signal_panels(stack: Stack) -> list[Panel]:
    """Three in a line; of the signals that can be seen in this stack."""
    return [_panel(one) for one in SIGNALS if any(signals(CATALOGUE[one.above], stack))]


def _panel(signal: Signal) -> Panel:
    return timeseries(
        signal.title,
        f"{signal.description}{PLAIN} At most {LINES} lines, those that came nearest to their thresholds.",
        list(_queries(signal)),
        unit=signal.unit,
        minimum=0,
        links=[
            link("The service", "/d/dev-hq-service?var-service=${__field.labels.service}&${__url_time_range}"),
        ],
    )


def _queries(signal: Signal) -> Iterator[Query]:
    matchers = f'anomaly_type="{signal.above}", {SERVICES}'
    actual, score = f"{signal.series}{{{matchers}}}", f"anomaly:score{{{matchers}}}"
    yield Query(highest(LINES, actual, score, "service, pool"), "{{service}} {{pool}}")
    yield from limits(signal, SERVICES, f"and on () (count({score}) == 1)")
    fires = firing_once(f'anomaly_type=~"{"|".join(signal.types)}", {SERVICES}')
    yield Query(
        f"{actual} and on (service, pool) {fires}",
        "{{service}} {{pool}} fires",
        Style(BY_SEVERITY["high"], points=True),
    )
