"""The steady state before a run: the gates pass and nothing is anomalous yet."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

from chaos.clock import check_clocks
from chaos.measurement import Meter, objectives_of
from chaos.stopping import Stopping
from chaos.windows import together
from gates.automated import AutomatedQualityGate
from gates.counting.evidence import COMPLETE
from gates.gate import GateResult, Kind, Verdict
from gates.objectives import checklist_of
from gates.wording import count
from prometheus.catalogue import CATALOGUE
from prometheus.client import PrometheusClient
from prometheus.detection.judgement import EXCUSED
from prometheus.recording.recordings import MINUTE
from stack.errors import HqError
from stack.model import Stack
from stack.quantity import format_duration

LONGEST_WAIT = 120.0
LONGEST_EXCUSE = 130.0
"""Seconds; the rules excuse a service for two minutes after its start."""
ASK_EVERY = 1.0


class NotSteadyError(HqError):
    """The service is not steady, so that no fault could be told from what is wrong already."""


@dataclass(frozen=True)
class Baseline:
    """Asks for the steady state of one service."""

    stack: Stack
    service: str
    client: PrometheusClient
    meter: Meter
    stopping: Stopping
    expect: tuple[str, ...] = ()

    def wait(self, say: Callable[[str], None]) -> None:
        """Waits until the service is steady; raises NotSteadyError at once when a gate fails, or when it takes long.

        What can pass by waiting is an alert that still resolves and a gate that wants more requests; for those there
        is the length of a gate's window, and no more than LONGEST_WAIT. What the run expects to fire must be judged at
        all: a service that has just been started is waited for, no more than LONGEST_EXCUSE.

        Raises ClockError too, since without agreeing clocks nobody could say later what was during the faults.
        """
        check_clocks(self.client)
        self._until_none(self._unsteady, self._settling, say)
        if self._mutes and self._until_none(self._excused, LONGEST_EXCUSE, say):
            self._until_none(self._unsteady, self._settling, say)

    @property
    def longest(self) -> float:
        """Seconds that `wait` may take."""
        return 2 * self._settling + LONGEST_EXCUSE if self._mutes else self._settling

    @property
    def _settling(self) -> float:
        return min(self.stack.gates.window + 15.0, LONGEST_WAIT)

    @property
    def _mutes(self) -> tuple[str, ...]:
        """What the run expects, and the rules do not judge of a service that has just been started."""
        return tuple(kind for kind in self.expect if CATALOGUE[kind].muted_by_restart)

    def _until_none(
        self, problem_with: Callable[[float], str | None], seconds: float, say: Callable[[str], None]
    ) -> bool:
        """Waits until there is no problem with so many seconds left; whether there was one."""
        deadline = time.monotonic() + seconds
        said = ""
        while problem := problem_with(deadline - time.monotonic()):
            if time.monotonic() >= deadline:
                raise NotSteadyError(f"{self.service} is not steady: {problem}")
            if said != (said := problem.partition(":")[0]):
                say(f"waiting for a steady state: {problem}")
            self.stopping.pause(ASK_EVERY)
        return bool(said)

    def _unsteady(self, left: float) -> str | None:
        return self._firing() or self._undecided(left) or self._bad()

    def _excused(self, _left: float) -> str | None:
        if any(sample.labels.get("service") == self.service for sample in self.client.instant(EXCUSED).samples):
            unjudged = " and ".join(self._mutes)
            return f"{self.service} has just been started, and is not judged by {unjudged} for two minutes"
        return None

    def _firing(self) -> str | None:
        for alert in self.client.alerts():
            kind = alert.labels.get("anomaly_type")
            if kind and alert.state == "firing" and alert.labels.get("service") == self.service:
                return f"{kind} fires already"
        return None

    def _undecided(self, left: float) -> str | None:
        """What the required gates still want; raises NotSteadyError for one that fails or cannot be asked.

        Also for one whose window cannot fill in the `left` seconds.

        An error budget wants weeks of history and tells nothing of now; it only has to be unspent as far as is known.
        """
        checklist = checklist_of(self.stack).only(services={self.service})
        report = AutomatedQualityGate(checklist, self.client).check_all_gates(record=False, remediate=False)
        undecided = None
        for result in report.results:
            if not result.required:
                continue
            if result.verdict in (Verdict.FAIL, Verdict.ERROR):
                raise NotSteadyError(f"{self.service} is not steady: {_describe(result)}")
            if result.verdict is Verdict.UNDECIDED and result.gate != Kind.ERROR_BUDGET:
                undecided = undecided or _describe(result)
                if (missing := _seconds_of_history_missing(result)) > left:
                    wait = format_duration(ceil(missing / 60) * 60)
                    raise NotSteadyError(f"{self.service} is not steady: {_describe(result)}; try again in {wait}")
        return undecided

    def _bad(self) -> str | None:
        """What was bad in the last minute where the run will be measured, which no gate may look at."""
        now = time.time()
        for objective in objectives_of(self.stack.services[self.service]):
            minute = together(self.meter.windows(objective, now - MINUTE, now))
            if minute.proves_more_than(objective.budget):
                share = f"{count(minute.bad)} of {count(minute.requests)} requests"
                return f"{objective.name} was broken in the last minute: {share} were bad"
        return None


def _seconds_of_history_missing(result: GateResult) -> float:
    return 0.0 if result.coverage is None else max(0.0, COMPLETE - result.coverage) * result.window


def _describe(result: GateResult) -> str:
    return f"the gate {result.gate} says {result.verdict.value}: {result.reason}"
