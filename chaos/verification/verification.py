"""The life of a verification: one announced run of many trials, with steady stretches between them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from chaos.clock import check_clocks
from chaos.dose import Dose, EnvoyStats, through, unused
from chaos.faults.fault import Fault
from chaos.injection import Injection
from chaos.lease import ControlPlane, FaultLease
from chaos.record import RunRecord, bury_the_dead
from chaos.run import CONNECT_SECONDS, Progress, Step
from chaos.score import Outcome, ResilienceScore
from chaos.stopping import StoppedError, Stopping
from chaos.verification.aim import Aim
from chaos.verification.answer import concluded
from chaos.verification.bars import bars
from chaos.verification.decoys import Decoy, Drift
from chaos.verification.episodes import Episode, Trial
from chaos.verification.level import Gauge
from chaos.verification.observed import episodes
from chaos.verification.schedule import Planned
from chaos.verification.settled import Tried, settled
from chaos.verification.stillness import Stillness
from chaos.verification.verified import Verified, notified, quality_of
from chaos.watch import LONGEST_LOOK, StopConditions
from gates.wording import span
from prometheus.client import PrometheusClient
from stack.errors import HqError, JournalError
from stack.model import Stack
from stack.quantity import format_duration

SEEN_AFTER = 0.5  # seconds after the scrape and the evaluation that a trial's last moments need


@dataclass
class Verification:
    """The trials of `plan` on a stack, lived once by `execute`, within `limit` seconds of its steady beginning.

    Of a `sample`, what chance explains is no weakness.
    """

    stack: Stack
    client: PrometheusClient
    plan: tuple[Planned, ...]
    stopping: Stopping
    record: RunRecord
    progress: Callable[[Progress], None]
    limit: float = float("inf")
    sample: bool = False
    tried: list[Tried] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    stillness: Stillness = field(init=False)
    _since: float = 0.0
    _until: float = 0.0

    def __post_init__(self) -> None:
        self.stillness = Stillness(self.stack, self.client, self.stopping, self._aims)

    @property
    def _aims(self) -> tuple[Aim, ...]:
        return tuple(planned.act for planned in self.plan if isinstance(planned.act, Aim))

    def execute(self) -> Verified:
        """The whole life: whatever happens after the announcement, its end is written down.

        Raises JournalError when it cannot be, with the faults withdrawn.
        """
        began = time.monotonic()
        bury_the_dead(self.record.journal)
        each = {aim.name: aim.faults[0] for aim in self._aims}  # with one member of each: the others are alike
        self.record.announce(self._aims[0].service, tuple(each.values()), time.time() + 2 * self.longest)
        self._say(
            Step.ANNOUNCED, f"verification {self.record.run}: {len(self.plan)} trials, {span(self.longest)} or so"
        )
        outcome, reason = Outcome.COULD_NOT_RUN, "it was ended from outside"
        try:
            outcome, reason = self._lived()
            found = self._judged(outcome, reason)
            outcome, reason = found.outcome, found.reason
        finally:
            end = ResilienceScore(self.record.run, self.record.scenario.name, self.record.target, outcome, reason)
            self.record.finished(end, time.monotonic() - began)
        return found

    def _judged(self, outcome: Outcome, reason: str) -> Verified:
        tried = notified(self.tried, self.record.journal.read())
        found = self._episodes() if self._since else ()
        quality = quality_of(tried, found, self._since, self._until)
        made = Verified(outcome, reason, tried, found, quality, tuple(bars(quality)), tuple(self.left_out))
        return concluded(made, sample=self.sample) if outcome is Outcome.RESILIENT else made

    @property
    def longest(self) -> float:
        """Seconds that all of it takes, about."""
        return sum(planned.gap + self.stillness.estimate(planned.act) for planned in self.plan) + CONNECT_SECONDS

    def _lived(self) -> tuple[Outcome, str]:
        """How it ended, but for the judgement."""
        withdrawn = "everything was tried"
        try:
            with ControlPlane(self.stack.envoy.control_plane, FaultLease()) as plane:
                self._live(plane)
        except StoppedError as error:
            withdrawn = str(error)
            return Outcome.STOPPED, withdrawn
        except JournalError:
            raise
        except HqError as error:
            withdrawn = str(error)
            return Outcome.COULD_NOT_RUN, withdrawn
        except BaseException as error:
            withdrawn = repr(error)
            raise
        finally:
            self.record.withdrawn(withdrawn)
        return Outcome.RESILIENT, withdrawn

    def _live(self, plane: ControlPlane) -> None:
        stats = EnvoyStats(self.stack.envoy.admin)
        stats.read()  # says at once that Envoy is not there
        plane.connected(CONNECT_SECONDS)
        check_clocks(self.client)
        self.stillness.at_first(self._wait)
        self._say(Step.BASELINE, "nothing is anomalous")
        self._since = self._until = time.time()
        began = time.monotonic()
        ahead = [*self.plan]
        for number, planned in enumerate(ahead, 1):
            if time.monotonic() - began + planned.gap + self.stillness.estimate(planned.act) > self.limit:
                self.left_out.append(f"{planned.act.name} was left out: there was no time for it")
                continue
            self.stopping.pause(planned.gap)
            self.stillness.before(planned.act, self._wait)
            self._say(Step.INJECTION, f"{number} of {len(ahead)}: {_announced(planned.act)}")
            self._until = time.time()  # what fires in a trial that is stopped is nobody's
            self.tried.append(self._try(planned.act, plane, stats))
            self._until = time.time()
            self._say(Step.ALERTS, self._fired(self.tried[-1]))
            self.stillness.after(planned.act)
            if self.tried[-1].void and number <= len(self.plan):
                ahead.append(planned)  # once more
            self._until = time.time()

    def _try(self, act: Aim | Decoy, plane: ControlPlane, stats: EnvoyStats) -> Tried:
        if isinstance(act, Aim):
            return self._try_aim(act, plane, stats)
        since = time.time()
        if isinstance(act, Drift):
            self._inject(act.faults, plane, stats)
        else:
            act.play(self.stopping)
        return Tried(act, Trial(act.name, None, since, time.time(), act.service))

    def _try_aim(self, aim: Aim, plane: ControlPlane, stats: EnvoyStats) -> Tried:
        injection = self._inject(aim.faults, plane, stats)
        since, until = injection.injected, injection.withdrawn
        timing = self.stack.prometheus
        self.stopping.pause(timing.scrape_interval + timing.evaluation_interval + SEEN_AFTER)
        gauge = Gauge(self.stack, self.client, aim.anomaly_type, aim.target)
        tried = settled(self.stack, aim, since, until, gauge.between(since, until))
        problem = self._wrong_dose(aim, injection)
        return replace(tried, void=problem or tried.void)

    def _inject(self, faults: tuple[Fault, ...], plane: ControlPlane, stats: EnvoyStats) -> Injection:
        watch = StopConditions(plane, stats, self.client.hurried(LONGEST_LOOK))
        doses: list[Dose] = []
        injection = Injection(plane, stats, faults, self.record.fault, watch, self.stopping, doses=doses)
        injection.run()
        return injection

    def _wrong_dose(self, aim: Aim, injection: Injection) -> str | None:
        if wrong := next((dose.problem for dose in injection.doses if dose.problem), None):
            return wrong
        if pool := self.stack.pools.get(aim.target):
            before, after = (through(counters, pool.name) for counters in injection.counters)
            return unused(pool, aim.faults, after - before)
        return None

    def _fired(self, tried: Tried) -> str:
        """What there is to tell of a trial that is just over."""
        trial, now = tried.trial, time.time()
        every = self.stack.prometheus.evaluation_interval
        found = episodes(self.client, trial.service, trial.since, now, every)
        first = {one.anomaly_type: one.since - trial.since for one in sorted(found, key=lambda one: -one.since)}
        fired = ", ".join(f"{name} fired after {seconds:.1f} s" for name, seconds in sorted(first.items()))
        words = [] if tried.size is None else [f"it came to {tried.size:.2f}x"]
        if tried.void:
            words.append(f"not judged: {tried.void}")
        return "; ".join([*words, fired or "nothing fired"])

    def _episodes(self) -> tuple[Episode, ...]:
        every = self.stack.prometheus.evaluation_interval
        services = sorted({planned.act.service for planned in self.plan})
        found = [one for name in services for one in episodes(self.client, name, self._since, self._until, every)]
        return tuple(sorted(found, key=lambda one: (one.since, one.anomaly_type, one.severity)))

    def _wait(self, sentence: str) -> None:
        self._say(Step.BASELINE, sentence)

    def _say(self, step: Step, sentence: str) -> None:
        self.progress(Progress(step, sentence))


def _announced(act: Aim | Decoy) -> str:
    if isinstance(act, Aim):
        return f"{act.name} on {act.target} for {format_duration(act.seconds)}: {act.words}"
    return f"decoy {act.name} for {format_duration(act.seconds)}"
