"""The loop: a run, kills at random moments of it, all programs back, and a next run that has to work."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from types import TracebackType

from bench.chaos_monkey.counters import CounterScraper, told_by, unlike
from bench.chaos_monkey.courier import KIND, Courier, hand_in
from bench.chaos_monkey.faults import FaultProber, Look, gone_after, outlived
from bench.chaos_monkey.journal import JournalFollower, hidden, lost, missing
from bench.chaos_monkey.plan import PlannedKill
from bench.chaos_monkey.promise import ALLOWANCE, BACK_SECONDS, Breach, Promise
from bench.chaos_monkey.runs import WatchedRun, start_run
from bench.chaos_monkey.victims import PROGRAMS, RUN
from bench.live import LiveStack
from chaos.lease import TTL
from stack.errors import HqError, NotReadyError
from stack.waiting import wait_for

RUN_SECONDS = 180.0
NOTIFIED_SECONDS = 20.0

Say = Callable[[str], None]


@dataclass
class Kill:
    """One kill as it happened: when (epoch seconds, and seconds into the loop), in which phase, what came after.

    `fault_seconds` is how long after the kill of a run its fault was still seen (None: none was on), `back_seconds`
    how long it took until another victim was ready again (None: it never was).
    """

    planned: PlannedKill
    round: int
    pid: int
    at: float
    into_loop: float
    phase: str
    together_with: tuple[str, ...]
    fault_seconds: float | None = None
    back_seconds: float | None = None


@dataclass
class Monkey:
    """Kills parts of a stack while observers look from outside; entered, they look.

    `breaches` is complete once it was left.
    """

    live: LiveStack
    seed: int
    words: Path
    say: Say
    kills: list[Kill] = field(default_factory=list)
    runs: list[WatchedRun] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    breaches: list[Breach] = field(default_factory=list)
    alerts: list[str] = field(default_factory=list)
    missed: int = 0
    loop_seconds: float = 0.0
    _observers: ExitStack = field(default_factory=ExitStack)

    def __post_init__(self) -> None:
        stack = self.live.stack
        self.prober = FaultProber(stack)
        self.journal = JournalFollower(stack.journal)
        self.scraper = CounterScraper(stack.exporter)
        self.courier = Courier(stack, f"monkey-{self.seed}")

    def __enter__(self) -> Monkey:
        for observer in (self.prober, self.journal, self.scraper):
            self._observers.enter_context(observer)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._observers.__exit__(kind, error, trace)
        self.breaches += self._judged()

    def rehearse(self) -> None:
        """One run that nothing disturbs: how long the loop is; raises HqError when even that does not work."""
        began = time.time()
        self._clean_run()
        if self.breaches:
            raise HqError(f"before anything was killed: {self.breaches[0].sentence}")
        self.loop_seconds = time.time() - began

    def run(self, rounds: Iterable[tuple[PlannedKill, ...]]) -> None:
        """Every round, with notifications delivered all the while."""
        with self.courier:
            try:
                for kills in rounds:
                    self._round(kills)
            except NotReadyError as error:  # what was seen until then is reported nevertheless
                self._broken(str(error))

    def settle(self) -> None:
        """Waits until the observers have seen everything; after the last round."""
        scrapes = self.scraper.scrapes
        try:
            wait_for(lambda: self.scraper.scrapes >= scrapes + 2, 30, "the exporter was not scraped any more")
        except NotReadyError as error:
            self._broken(str(error))

    def _round(self, planned: tuple[PlannedKill, ...]) -> None:
        for observer in (self.prober, self.journal, self.scraper, self.courier):
            observer.check()
        run, others = self._start(), tuple(kill.victim for kill in planned)
        returns: list[threading.Thread] = []
        number = len(self.runs)
        for one in planned:
            moment = run.began + one.moment * self.loop_seconds
            time.sleep(max(0.0, moment - time.time()))  # the moment is what was drawn: there is nothing to wait for
            done = self._kill(one, run, number, tuple(other for other in others if other != one.victim))
            if done and one.victim != RUN:
                returns.append(threading.Thread(target=self._time_return, args=(done,)))
                returns[-1].start()
        self._end(run)
        for kill in self.kills:
            if kill.round == number and kill.planned.victim == RUN:
                self._time_fault(kill)
        for thread in returns:
            thread.join()
        self._clean_run()

    def _kill(self, planned: PlannedKill, run: WatchedRun, number: int, others: tuple[str, ...]) -> Kill | None:
        self.journal.look()
        phase = run.phase(self.journal)
        killed = run.kill() if planned.victim == RUN else PROGRAMS[planned.victim].kill(self.live)
        if killed is None:
            self.missed += 1
            self.say(f"kill {planned.number}: the run had ended")
            return None
        pid, at = killed
        kill = Kill(planned, number, pid, at, at - run.began, phase, others)
        self.kills.append(kill)
        self.say(f"kill {planned.number}: {planned.victim} (pid {pid}), {kill.into_loop:.1f} s into the loop ({phase})")
        return kill

    def _time_return(self, kill: Kill) -> None:
        kill.back_seconds = PROGRAMS[kill.planned.victim].back_after(self.live, kill.pid, kill.at)
        if kill.back_seconds is None or kill.back_seconds > BACK_SECONDS:
            took = "was not ready again" if kill.back_seconds is None else f"took {kill.back_seconds:.1f} s"
            self._broken(f"{kill.planned.victim} {took} after kill {kill.planned.number}")

    def _time_fault(self, kill: Kill) -> None:
        """How long after the kill of a run its fault was still seen."""
        with suppress(NotReadyError):  # the judgement will name it
            wait_for(lambda: not self._fault_is_on(kill), 2 * (TTL + ALLOWANCE), "the fault did not end")
        kill.fault_seconds = gone_after(self._looks_since(kill), kill.at)

    def _fault_is_on(self, kill: Kill) -> bool:
        """Whether it was seen since the kill and not yet seen gone, or nobody could look."""
        looks = self._looks_since(kill)
        return len({look.where for look in looks}) < self.prober.places or gone_after(looks, kill.at) == float("inf")

    def _looks_since(self, kill: Kill) -> list[Look]:
        return list(takewhile(lambda look: look.answered >= kill.at, reversed(self.prober.looks)))[::-1]

    def _clean_run(self) -> None:
        """A run that nothing disturbs, and an alert that Alertmanager has to deliver meanwhile."""
        run, alert = self._start(), f"ChaosMonkeyAlert{len(self.runs)}"
        try:
            hand_in(self.live.stack, alert)
        except OSError as error:
            self._broken(f"Alertmanager did not take {alert}: {error}")
        self._end(run)
        score = run.result.get("score")
        if score is None:
            self._broken(f"run {run.name} after kill {len(self.kills)} has no score: {run.last_words}")
        else:
            self.scores.append(score)
        self.say(f"run {run.name}: {score}")
        self._await_notification(alert)

    def _await_notification(self, alert: str) -> None:
        def arrived() -> bool:
            return any(record["labels"].get("alertname") == alert for record in self.journal.records(KIND))

        try:
            wait_for(arrived, NOTIFIED_SECONDS, f"{alert} was not notified")
        except NotReadyError as error:
            self._broken(str(error))

    def _start(self) -> WatchedRun:
        self.runs.append(start_run(self.live, self.words / f"run-{len(self.runs) + 1}"))
        return self.runs[-1]

    def _end(self, run: WatchedRun) -> None:
        try:
            run.end(RUN_SECONDS)
        except subprocess.TimeoutExpired:
            self._broken(f"run {run.name} did not end within {RUN_SECONDS:g} s: {run.last_words}")

    def _broken(self, sentence: str) -> None:
        self.breaches.append(Breach(Promise.WORK_GOES_ON, sentence))

    def _judged(self) -> list[Breach]:
        """What the observers saw, held against what is promised."""
        self.journal.look()
        lines = self.journal.lines
        acknowledged = [record for run in self.runs for record in run.acknowledged()]
        acknowledged += [(KIND, {"fingerprint": one}) for one in self.courier.acknowledged]
        return [
            *outlived(self.prober.looks, [run.span(self.journal) for run in self.runs]),
            *self.journal.breaches,
            *lost(lines, self.journal.path),
            *hidden(lines),
            *missing(acknowledged, lines),
            *self.scraper.breaches,
            *unlike(self.scraper.counters, told_by(line.record for line in lines)),
        ]
