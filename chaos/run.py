"""The life of a run: announce, baseline, inject, hold, withdraw, measure recovery and alerts, score, report."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum

from chaos.alerts import AlertWatch
from chaos.baseline import Baseline
from chaos.dose import Dose, DoseError, EnvoyStats, through, unused
from chaos.evidence import evidence
from chaos.faults.fault import Fault
from chaos.findings import Findings
from chaos.impact import impact_of
from chaos.injection import Injection
from chaos.lease import ControlPlane, FaultLease
from chaos.measurement import Meter, measured_sli, objectives_of
from chaos.plan import end_of
from chaos.recommendation import recommendations
from chaos.record import RunRecord, bury_the_dead
from chaos.recovery import recovery_deadline, watch_recovery
from chaos.report import Report, write_report
from chaos.scenario import ChaosScenario
from chaos.score import Outcome, ResilienceScore
from chaos.stopping import StoppedError, Stopping
from chaos.watch import BLIND_SECONDS, LONGEST_LOOK, StopConditions
from gates.wording import count, percent
from prometheus.client import PrometheusClient
from prometheus.recording.recordings import MINUTE
from stack.errors import HqError, JournalError
from stack.model import Stack
from stack.quantity import format_duration

CONNECT_SECONDS = 10.0


class Step(StrEnum):
    """Where a run is."""

    ANNOUNCED = "announced"
    BASELINE = "baseline"
    INJECTION = "injection"
    DOSE = "dose"
    RECOVERY = "recovery"
    ALERTS = "alerts"
    SCORE = "score"


@dataclass(frozen=True)
class Progress:
    """Something that just happened in a run, as a sentence."""

    step: Step
    sentence: str


@dataclass
class Run:
    """One run of a scenario with its planned `faults` on `target`; `execute` lives it once."""

    stack: Stack
    scenario: ChaosScenario
    target: str
    faults: tuple[Fault, ...]
    client: PrometheusClient
    stopping: Stopping
    record: RunRecord
    progress: Callable[[Progress], None]
    doses: list[Dose] = field(default_factory=list)
    findings: Findings | None = None
    meter: Meter = field(init=False)
    measured: str = field(init=False)

    def __post_init__(self) -> None:
        sli, self.measured = measured_sli(self.stack, self.target)
        self.meter = Meter(self.client, sli)

    def execute(self) -> ResilienceScore:
        """The whole life: whatever happens after the announcement, its end is written down.

        Raises JournalError when it cannot be, with the faults withdrawn.
        """
        began = time.monotonic()
        bury_the_dead(self.record.journal)
        baseline = Baseline(self.stack, self.service, self.client, self.meter, self.stopping, self.scenario.expect)
        longest = baseline.longest + CONNECT_SECONDS + max(end_of(fault) for fault in self.faults) + BLIND_SECONDS
        self.record.announce(self.service, self.faults, time.time() + longest)
        try:
            self._say(Step.ANNOUNCED, f"{self.scenario.title}: run {self.record.run} on {self.target}")
            score = self._live(baseline)
        except StoppedError as error:
            score = self._ended(Outcome.STOPPED, str(error))
        except JournalError:
            raise
        except HqError as error:
            score = self._ended(Outcome.COULD_NOT_RUN, str(error))
        except BaseException as error:
            self.record.finished(self._ended(Outcome.COULD_NOT_RUN, repr(error)), time.monotonic() - began)
            raise
        score = self._reported(score)
        found = evidence(self.faults, self.doses, self.findings)
        self.record.finished(score, time.monotonic() - began, found)
        return score

    def _live(self, baseline: Baseline) -> ResilienceScore:
        with ControlPlane(self.stack.envoy.control_plane, FaultLease()) as plane:
            stats = EnvoyStats(self.stack.envoy.admin)
            stats.read()  # says at once that Envoy is not there
            plane.connected(CONNECT_SECONDS)
            self._say(Step.BASELINE, f"asking whether {self.service} is steady")
            baseline.wait(lambda sentence: self._say(Step.BASELINE, sentence))
            self._say(Step.BASELINE, f"{self.service} is steady: its gates pass and nothing is anomalous")
            self.stopping.pause(0)  # who asked during the baseline gets no fault at all
            injection = self._inject(plane, stats)
            self._verify_dose(injection)
            return self._judge(injection)

    def _inject(self, plane: ControlPlane, stats: EnvoyStats) -> Injection:
        watch = StopConditions(plane, stats, self.client.hurried(LONGEST_LOOK))
        injection = Injection(plane, stats, self.faults, self._tell, watch, self.stopping, doses=self.doses)
        reason = "the plan is over"
        try:
            injection.run()
        except BaseException as error:
            reason = str(error) or repr(error)
            raise
        finally:
            self._say(Step.INJECTION, f"everything is withdrawn: {reason}")
            self.record.withdrawn(reason)
        return injection

    def _tell(self, kind: str, fault: Fault) -> None:
        self.record.fault(kind, fault)
        where = fault.target if fault.member is None else f"member {fault.member} of {fault.target}"
        if kind == "fault_injected":
            delay = f" by {format_duration(fault.delay)}" if fault.delay else ""
            self._say(Step.INJECTION, f"{fault.kind} on {where}: {percent(float(fault.share))} of its requests{delay}")
        else:
            self._say(Step.INJECTION, f"{fault.kind} on {where} is over")

    def _verify_dose(self, injection: Injection) -> None:
        for dose in self.doses:
            if dose.problem:
                raise DoseError(f"the dose is not what was asked for: {dose.problem}")
        if pool := self.stack.pools.get(self.target):
            before, after = (through(counters, pool.name) for counters in injection.counters)
            if problem := unused(pool, self.faults, after - before):
                raise DoseError(problem)
        hit, requests = sum(dose.hit for dose in self.doses), sum(dose.requests for dose in self.doses)
        self._say(
            Step.DOSE, f"the dose is verified by Envoy's counters: {count(hit)} of {count(requests)} requests hit"
        )

    def _judge(self, injection: Injection) -> ResilienceScore:
        """Measures impact, recovery and alerts, and scores them."""
        injected, withdrawn = injection.injected, injection.withdrawn
        meter, resolution = self.meter, self.stack.prometheus.scrape_interval
        objectives = objectives_of(self.stack.services[self.service])
        self._say(Step.RECOVERY, "measuring the recovery")
        recovery = watch_recovery(meter, objectives, withdrawn, resolution, self.stopping)
        self._say(Step.RECOVERY, "no recovery" if recovery is None else f"recovered after {recovery:.1f} s")
        since, now = injected - MINUTE, time.time()
        impacts = tuple(
            impact_of(objective, meter.windows(objective, since, now), injected, withdrawn) for objective in objectives
        )
        self._say(Step.ALERTS, "waiting for the alerts to resolve")
        alerts = AlertWatch(self.stack, self.scenario, self.target, self.client, meter.sli, injected, withdrawn)
        self.findings = Findings(
            measured=self.measured,
            impacts=impacts,
            detections=alerts.detections(self.stopping),
            also_fired=alerts.fired_among(self.scenario.may),
            false_alarms=alerts.fired_among(self.scenario.silent),
            recovery=recovery,
            recovery_deadline=recovery_deadline(resolution),
            resolution=resolution,
            in_front=self.target in self.stack.services,
        )
        return self._scored(self.findings)

    def _scored(self, found: Findings) -> ResilienceScore:
        kinds = [planned.kind for planned in self.scenario.faults]
        return replace(
            self._ended(found.outcome, "; ".join(found.weaknesses) or "no weakness was found"),
            score=round(found.score, 1),
            recovery_time=found.recovery,
            detection_time=found.detection_time,
            recommendations=recommendations(found, self.stack, self.target, kinds),
            parts=found.parts(),
        )

    def _ended(self, outcome: Outcome, reason: str) -> ResilienceScore:
        return ResilienceScore(self.record.run, self.scenario.name, self.target, outcome, reason)

    def _reported(self, score: ResilienceScore) -> ResilienceScore:
        """The score with the path of its report; one that cannot be written does not take the score with it."""
        report = Report(score, self.scenario, self.service, self.faults, tuple(self.doses), self.findings)
        try:
            score = replace(score, report=write_report(self.stack.directory / "reports", report))
        except OSError as error:
            self._say(Step.SCORE, f"the report cannot be written: {error.strerror}")
        self._say(Step.SCORE, _verdict(score))
        return score

    @property
    def service(self) -> str:
        """The service that suffers."""
        return self.stack.service_of(self.target).name

    def _say(self, step: Step, sentence: str) -> None:
        self.record.progress(step, sentence)
        self.progress(Progress(step, sentence))


def _verdict(score: ResilienceScore) -> str:
    if score.score is None:
        return f"{score.outcome.value.replace('_', ' ')}: {score.reason}"
    return f"{score.outcome.value}: {score.score:.1f} of 100 points"
