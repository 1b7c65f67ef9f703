"""How large an anomaly really was, from raw counters: what was aimed at is not always what comes."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace

from chaos.measurement import Meter, NothingMeasuredError
from chaos.signals import CountedSignal, signal_of
from chaos.windows import Window, rolling, together, touching
from prometheus.client import PrometheusClient
from prometheus.recording.recordings import MINUTE, QUANTILE
from prometheus.slo import latency_quantile
from stack.model import Stack

LATENCY = "latency_shift"
SIZED = (LATENCY, "error_spike", "upstream_failure", "rate_limit_storm")
"""The types whose size can be chosen: a share of the requests, or the percentile of their latency."""

LOOK_BACK = 5  # minutes


@dataclass(frozen=True)
class Level:
    """The value of an anomaly's metric, and of the worst `minute` what a rule on that minute would have seen.

    With the requests of that minute, and the bad ones among them.
    """

    value: float
    minute: float
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
        level = self.between(at - MINUTE, at)
        return replace(level, value=self._slowest(at, at)) if self.anomaly_type == LATENCY else level

    def usual(self, at: float) -> float:
        """The least of the last few minutes: a fault that is just over may still be in the last one.

        Raises PrometheusError and NothingMeasuredError.
        """
        values = [self.now(at).value]
        for minutes in range(1, LOOK_BACK):
            with suppress(NothingMeasuredError):
                values.append(self.now(at - minutes * MINUTE).value)
        return min(values)

    def between(self, since: float, until: float) -> Level:
        """The level between two moments (epoch seconds); raises PrometheusError and NothingMeasuredError.

        Shares are counted from samples, whatever the rules record; the percentile is what PromQL estimates it to be,
        at its highest.
        """
        windows = self._windows(since, until)
        minutes = [one for one in rolling(windows, MINUTE) if since < one.end <= until + self._resolution]
        worst = max(minutes, key=lambda minute: (minute.ratio, minute.requests), default=None)
        inside = together(touching(windows, since, until))
        if worst is None or not inside.requests:
            raise NothingMeasuredError(f"no requests of {self.signal.sli.service} were counted")
        if self.anomaly_type != LATENCY:
            return Level(inside.ratio, worst.ratio, worst.requests, worst.bad)
        slowest = self._slowest(since, until)
        return Level(slowest, slowest, worst.requests, worst.bad)

    @property
    def signal(self) -> CountedSignal:
        """What is counted; raises NothingMeasuredError where nothing is."""
        signal = signal_of(self.anomaly_type, self.stack, self.target)
        if signal is None:
            raise NothingMeasuredError(f"nothing that {self.target} shows tells the size of {self.anomaly_type}")
        return signal

    def _windows(self, since: float, until: float) -> tuple[Window, ...]:
        signal = self.signal
        return Meter(self.client, signal.sli).windows(signal.objective, since - MINUTE, until + self._resolution)

    @property
    def _resolution(self) -> float:
        return self.stack.prometheus.scrape_interval

    def _slowest(self, since: float, until: float) -> float:
        expr = latency_quantile(self.signal.sli, QUANTILE, MINUTE) or ""
        every = self.stack.prometheus.evaluation_interval
        answer = self.client.range(expr, since, until, every)
        return max((value for series in answer.series for _, value in series.points), default=0.0)
