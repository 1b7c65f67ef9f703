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
from prometheus.client import PrometheusClient
from prometheus.recording.recordings import MINUTE
from stack.errors import HqError
from stack.model import Stack
from stack.quantity import format_duration

LONGEST_WAIT = 120.0
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

    def wait(self, say: Callable[[str], None]) -> None:
        """Waits until the service is steady; raises NotSteadyError at once when a gate fails, or when it takes long.

        What can pass by waiting is an alert that still resolves and a gate that wants more requests; for those there
        is the length of a gate's window, and no more than LONGEST_WAIT. Raises ClockError too, since without agreeing
        clocks nobody could say later what was during the faults.
        """
        check_clocks(self.client)
        deadline = time.monotonic() + self.longest
        said = ""
        while problem := self._firing() or self._undecided(deadline - time.monotonic()) or self._bad():
            if time.monotonic() >= deadline:
                raise NotSteadyError(f"{self.service} is not steady: {problem}")
            if said != (said := problem.partition(":")[0]):
                say(f"waiting for a steady state: {problem}")
            self.stopping.pause(ASK_EVERY)

    @property
    def longest(self) -> float:
        """Seconds that `wait` may take."""
        return min(self.stack.gates.window + 15.0, LONGEST_WAIT)

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
