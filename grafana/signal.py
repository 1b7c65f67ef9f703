"""One recorded signal over time: what is, what is usual, what is too much, and where that fired."""

from __future__ import annotations

from collections.abc import Iterator

from grafana.colours import BY_SEVERITY, LIMIT, NEUTRAL
from grafana.panels import Panel, timeseries
from grafana.promql import firing_once
from grafana.query import Query, Style
from prometheus.catalogue import CATALOGUE
from stack.dataclass import dataclass

LOWER, UPPER = "usual at least", "usual at most"


@dataclass(frozen=True)
class Signal:
    """A recorded series and the types of anomalies that are seen in it.

    Of `above` too much is an anomaly, of `below` too little; "" for none.
    """

    title: str
    description: str
    unit: str
    series: str
    above: str = ""
    below: str = ""

    @property
    def types(self) -> tuple[str, ...]:
        return tuple(name for name in (self.above, self.below) if name)

    @property
    def banded(self) -> bool:
        """Whether what is usual is learned for it."""
        return any(CATALOGUE[name].band for name in self.types)


def signal_panel(signal: Signal, of_series: str, of_anomalies: str, width: int = 8) -> Panel:
    """The panel; the matchers `of_series` select one of the recorded series, `of_anomalies` what is said of it."""
    return timeseries(
        signal.title,
        f"{signal.description}{_legend(signal)}",
        [
            Query(f"{signal.series}{{{of_series}}}", "actual", Style(NEUTRAL, width=2)),
            *limits(signal, of_anomalies),
            *_points(signal, of_series, of_anomalies),
        ],
        unit=signal.unit,
        minimum=0,
        width=width,
    )


def _legend(signal: Signal) -> str:
    if not signal.types:
        return ""
    shaded = " Shaded is what is usual, known after twelve hours." if signal.banded else ""
    return f" Dashed red is the threshold.{shaded} Red points: it fires."


def limits(signal: Signal, matchers: str, where: str = "") -> Iterator[Query]:
    """The thresholds, dashed, and the band of what is usual, shaded; PromQL in `where` may say when to draw them."""
    yield from _thresholds(signal, matchers, where)
    if signal.banded:
        yield from _band(signal, matchers, where)


def _thresholds(signal: Signal, matchers: str, where: str) -> Iterator[Query]:
    for name in signal.types:
        word = "threshold" if not signal.below else "too few" if name == signal.below else "too many"
        threshold = f'anomaly:threshold{{anomaly_type="{name}", {matchers}}}'
        yield Query(f"{threshold} {where}", word, Style(LIMIT, dashed=True, width=1))


def _band(signal: Signal, matchers: str, where: str) -> Iterator[Query]:
    """The lower edge first, for the upper one is filled down to it."""
    lower = f"clamp_min({_edge(signal.below or signal.above, '-', matchers)}, 0)"
    yield Query(f"{lower} {where}", LOWER, Style(NEUTRAL, width=0))
    upper = _edge(signal.above or signal.below, "+", matchers)
    yield Query(f"{upper} {where}", UPPER, Style(NEUTRAL, width=0, fill=12, fill_below_to=LOWER))


def _edge(name: str, sign: str, matchers: str) -> str:
    """One edge of the band, which is recorded every five minutes."""
    centre, width = (
        f'last_over_time(anomaly:{part}{{anomaly_type="{name}", {matchers}}}[10m])'
        for part in ("band_centre", "band_width")
    )
    return f"({centre} {sign} {width})"


def _points(signal: Signal, of_series: str, of_anomalies: str) -> Iterator[Query]:
    if signal.types:
        fires = firing_once(f'anomaly_type=~"{"|".join(signal.types)}", {of_anomalies}')
        yield Query(
            f"{signal.series}{{{of_series}}} and on () {fires}",
            "fires",
            Style(BY_SEVERITY["high"], points=True),
        )
