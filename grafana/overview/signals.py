"""The signals behind the anomalies: what is, what is usual, what is too much, and where that fired."""

from __future__ import annotations

from collections.abc import Iterator

from grafana.colours import BY_SEVERITY, LIMIT, NEUTRAL
from grafana.panels import Panel, link, timeseries
from grafana.promql import SERVICES, firing_once, highest
from grafana.query import Query, Style
from prometheus.catalogue import CATALOGUE
from prometheus.detection.scores import signals
from stack.dataclass import dataclass
from stack.model import Stack

LINES = 10
LOWER, UPPER = "usual at least", "usual at most"
PLAIN = (
    " Dashed red is the threshold; shaded is what is usual, known after twelve hours: both where one line is left. "
    "Red points: it fires."
)


@dataclass(frozen=True)
class Signal:
    """One panel: the types of anomalies of which it shows the actual values, of which `above` is too much.

    `below` is the type for which too little of the same is.
    """

    title: str
    description: str
    unit: str
    above: str
    below: str = ""

    @property
    def types(self) -> tuple[str, ...]:
        return (self.above, self.below) if self.below else (self.above,)


SIGNALS = (
    Signal(
        "Rate",
        "Requests a second. Inside the band is normal; when requests are missing, look at who calls, when there are "
        "too many, at who began to.",
        "reqps",
        "traffic_spike",
        "traffic_drop",
    ),
    Signal(
        "Errors",
        "The share of requests that fail. Below the threshold is normal; else look for the pool or the change that "
        "began just before.",
        "percentunit",
        "error_spike",
    ),
    Signal(
        "Duration",
        "The 95th percentile of the time that requests take. Below the threshold is normal; else look for what became "
        "slow first, pools before services.",
        "s",
        "latency_shift",
    ),
    Signal(
        "Pool errors",
        "The share of requests that a pool fails. Below the threshold is normal; else open the pool and take out the "
        "members that fail.",
        "percentunit",
        "upstream_failure",
    ),
    Signal(
        "Throttled",
        "The share of requests that are answered 429. Below the threshold is normal; else send fewer, or ask for more.",
        "percentunit",
        "rate_limit_storm",
    ),
    Signal(
        "Saturation",
        "How full what can run full is. Below the threshold is normal; else add capacity or shed load before it is.",
        "percentunit",
        "saturation",
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
    actual = f"anomaly:actual{{{matchers}}}"
    yield Query(highest(LINES, actual, f"anomaly:score{{{matchers}}}", "service, pool"), "{{service}} {{pool}}")
    alone = f"and on () (count(anomaly:score{{{matchers}}}) == 1)"
    for name in signal.types:
        threshold = f'anomaly:threshold{{anomaly_type="{name}", {SERVICES}}}'
        yield Query(f"{threshold} {alone}", _threshold(signal, name), Style(LIMIT, dashed=True, width=1))
    if any(CATALOGUE[name].band for name in signal.types):
        lowest = f"clamp_min({_edge(signal.below or signal.above, '-')}, 0)"
        yield Query(f"{lowest} {alone}", LOWER, Style(NEUTRAL, width=0))
        highest_usual = f"{_edge(signal.above, '+')} {alone}"
        yield Query(highest_usual, UPPER, Style(NEUTRAL, width=0, fill=12, fill_below_to=LOWER))
    fires = firing_once(f'anomaly_type=~"{"|".join(signal.types)}", {SERVICES}')
    yield Query(
        f"{actual} and on (service, pool) {fires}",
        "{{service}} {{pool}} fires",
        Style(BY_SEVERITY["high"], points=True),
    )


def _threshold(signal: Signal, name: str) -> str:
    if not signal.below:
        return "threshold"
    return "too few" if name == signal.below else "too many"


def _edge(name: str, sign: str) -> str:
    """One edge of the band of what is usual, which is recorded every five minutes."""
    centre, width = (
        f'last_over_time(anomaly:{part}{{anomaly_type="{name}", {SERVICES}}}[10m])'
        for part in ("band_centre", "band_width")
    )
    return f"({centre} {sign} {width})"
