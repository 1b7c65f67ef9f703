"""How large an anomaly really was, from raw counters: what was aimed at is not always what comes."""

from __future__ import annotations

from dataclasses import dataclass

from chaos.measurement import Meter, NothingMeasuredError
from chaos.signals import CountedSignal, signal_of
from chaos.windows import Window, rolling
from prometheus.client import PrometheusClient
from prometheus.recordings import MINUTE, QUANTILE
from prometheus.slo import latency_quantile
from stack.model import Stack

LATENCY = "latency_shift"
SIZED = (LATENCY, "error_spike", "upstream_failure", "rate_limit_storm")
"""The types whose size can be chosen: a share of the requests, or the percentile of their latency."""


@dataclass(frozen=True)
class Level:
    """The worst value of an anomaly's metric, with the requests of that minute, and the bad ones among them."""

    value: float
    requests: float
    bad: float


@dataclass(frozen=True)
class Gauge:
    """Measures the metric of a type that `SIZED` names, as faults on `target` move it."""

    stack: Stack
    client: PrometheusClient
    anomaly_type: str
    target: str

    def now(self, at: float) -> Level:
        """The level of the last minute; raises PrometheusError and NothingMeasuredError."""
        return self.worst(at - self.stack.prometheus.scrape_interval, at)

    def worst(self, since: float, until: float) -> Level:
        """The level at its worst between two moments (epoch seconds); raises PrometheusError and NothingMeasuredError.

        Shares are counted from samples, whatever the rules record; the percentile is what PromQL estimates it to be.
        """
        minutes = self._minutes(since, until)
        worst = max(minutes, key=lambda minute: (minute.ratio, minute.requests))
        value = worst.ratio
        if self.anomaly_type == LATENCY:
            value = self._slowest(since, until)
        return Level(value, worst.requests, worst.bad)

    @property
    def signal(self) -> CountedSignal:
        """What is counted; raises NothingMeasuredError where nothing is."""
        signal = signal_of(self.anomaly_type, self.stack, self.target)
        if signal is None:
            raise NothingMeasuredError(f"nothing that {self.target} shows tells the size of {self.anomaly_type}")
        return signal

    def _minutes(self, since: float, until: float) -> tuple[Window, ...]:
        signal = self.signal
        windows = Meter(self.client, signal.sli).windows(signal.objective, since - MINUTE, until)
        minutes = tuple(one for one in rolling(windows, MINUTE) if since < one.end <= until and one.requests >= 1)
        if not minutes:
            raise NothingMeasuredError(f"no requests of {self.signal.sli.service} were counted")
        return minutes

    def _slowest(self, since: float, until: float) -> float:
        expr = latency_quantile(self.signal.sli, QUANTILE, MINUTE) or ""
        every = self.stack.prometheus.evaluation_interval
        answer = self.client.range(expr, since, until, every)
        return max((value for series in answer.series for _, value in series.points), default=0.0)
