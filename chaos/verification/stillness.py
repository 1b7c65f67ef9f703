"""The stillness between trials: what one did must be over before the next can tell anything."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from chaos.alerts import LATE_SECONDS
from chaos.baseline import NotSteadyError
from chaos.stopping import Stopping
from chaos.verification.aim import Aim
from chaos.verification.decoys import Decoy, Ramp, Restart
from chaos.verification.level import LATENCY, SIZED, Gauge
from chaos.verification.observed import firing
from prometheus.catalogue import CATALOGUE
from prometheus.client import PrometheusClient
from prometheus.recording.recordings import MINUTE
from prometheus.selector import selector
from stack.model import Stack

QUIET = 0.1  # of the threshold: so far from what it was at first a metric may be when the next trial moves it
LONGEST_START = 180.0  # seconds: some types say nothing of a service in the two minutes after its start
ASK_EVERY = 0.5


@dataclass
class Stillness:
    """Waits until nothing is left of the trial before; every wait raises NotSteadyError when it takes too long."""

    stack: Stack
    client: PrometheusClient
    stopping: Stopping
    aims: Sequence[Aim]
    _usual: dict[tuple[str, str], float] = field(default_factory=dict)
    _disturbed_until: float = 0.0

    def at_first(self, say: Callable[[str], None]) -> None:
        """Notes what is usual, and waits until nothing of interest fires and nothing is left of an earlier fault."""
        moved = {(aim.anomaly_type, aim.target): aim for aim in self.aims}
        now = time.time()
        self._usual = {key: self._gauge(aim).usual(now) for key, aim in moved.items()}
        self._wait(
            lambda: self._firing() or next(filter(None, map(self._moved, moved.values())), None), self.longest, say
        )

    def before(self, act: Aim | Decoy, say: Callable[[str], None]) -> None:
        """Waits until what a trial will move is at rest, and is judged."""
        if isinstance(act, Aim):
            self.stopping.pause(self._disturbed_until - time.monotonic())
            self._wait(lambda: self._firing() or self._moved(act), self.longest)
            if CATALOGUE[act.anomaly_type].muted_by_restart:
                self._wait(lambda: self._starting(act.service), LONGEST_START, say)

    def after(self, act: Aim | Decoy) -> None:
        """Waits until what a trial may have fired has resolved."""
        if isinstance(act, Ramp | Restart):  # a window with another rate in it needs longer than its size says
            self._disturbed_until = time.monotonic() + MINUTE
        self._wait(self._firing, self.longest)

    def estimate(self, act: Aim | Decoy) -> float:
        """Seconds that a trial takes with what comes after it, about."""
        if not isinstance(act, Aim) or act.intensity < 1:
            return act.seconds + 3.0
        falls = MINUTE if act.anomaly_type == LATENCY else MINUTE * (1 - 1 / float(act.intensity))
        return act.seconds + falls + self._lag([act.anomaly_type])

    @property
    def longest(self) -> float:
        """Seconds by when everything that was of a trial must be over."""
        return MINUTE + self._lag(self.types) + LATE_SECONDS

    @property
    def types(self) -> tuple[str, ...]:
        """What the trials may fire that is over soon after them; another type does not hinder the next trial."""
        fired = {name for aim in self.aims for name in (aim.anomaly_type, *aim.scenario.may)}
        return tuple(sorted(fired & {*SIZED}))

    def _lag(self, types: Sequence[str]) -> float:
        timing = self.stack.prometheus
        keep = max(CATALOGUE[name].adjusted(self.stack.anomalies).keep_firing_for for name in types)
        return keep + 2 * timing.scrape_interval + 4 * timing.evaluation_interval

    def _wait(
        self, problem: Callable[[], str | None], seconds: float, say: Callable[[str], None] | None = None
    ) -> None:
        deadline = time.monotonic() + seconds
        said = None
        while found := problem():
            if time.monotonic() >= deadline:
                raise NotSteadyError(f"there is no steady state to begin from, after {seconds:.0f} s: {found}")
            if say and found != said:
                say(f"waiting for a steady state: {found}")
                said = found
            self.stopping.pause(ASK_EVERY)

    def _firing(self) -> str | None:
        for service in self._services:
            for name in firing(self.client, service):
                if name in self.types:
                    return f"{name} of {service} fires"
        return None

    def _starting(self, service: str) -> str | None:
        series = selector("service:restarted:bool", {"service": service})
        if any(sample.value == 1 for sample in self.client.instant(series).samples):
            return f"{service} has just been started"
        return None

    def _moved(self, act: Aim) -> str | None:
        now = self._gauge(act).now(time.time()).value
        usual = self._usual[act.anomaly_type, act.target]
        if now > usual + QUIET * act.threshold:
            return f"{act.anomaly_type} of {act.target} is at {act.amount(now)}, and was at {act.amount(usual)}"
        return None

    def _gauge(self, aim: Aim) -> Gauge:
        return Gauge(self.stack, self.client, aim.anomaly_type, aim.target)

    @property
    def _services(self) -> tuple[str, ...]:
        return tuple(sorted({aim.service for aim in self.aims}))
