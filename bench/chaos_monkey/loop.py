"""The loop: a run, kills at random moments of it, all programs back, and a next run that has to work."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from itertools import takewhile
from types import TracebackType

from bench.chaos_monkey.counters import CounterScraper, told_by, unlike
from bench.chaos_monkey.courier import KIND, Courier, hand_in
from bench.chaos_monkey.faults import FaultProber, Look, gone_after, outlived
from bench.chaos_monkey.journal import JournalFollower, hidden, lost, missing
from bench.chaos_monkey.plan import HALF, PlannedKill, PlannedRound
from bench.chaos_monkey.promise import ALLOWANCE, BACK_SECONDS, Breach, Promise
from bench.chaos_monkey.run_by_command import RunByCommand
from bench.chaos_monkey.run_over_http import RunOverHttp, token_for_runs
from bench.chaos_monkey.runs import WatchedRun
from bench.chaos_monkey.victims import BYSTANDERS, PROGRAMS, RUN
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

    `outcome` is how the run ended by what it wrote down itself, `killed` when it was (None: it never began).
    `fault_seconds` is how long after the kill of a run its fault was still seen (None: none was on), `back_seconds`
    how long it took until another victim was ready again (None: it never was).
    """

    planned: PlannedKill
    pid: int
    at: float
    into_loop: float
    phase: str
    together_with: tuple[str, ...]
    over_http: bool
    outcome: str | None = None
    fault_seconds: float | None = None
    back_seconds: float | None = None


@dataclass
class Monkey:
    """Kills parts of a stack while observers look from outside; entered, they look.

    `breaches` is complete once it was left.
    """

    live: LiveStack
    seed: int
    say: Say
    kills: list[Kill] = field(default_factory=list)
    runs: list[WatchedRun] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    breaches: list[Breach] = field(default_factory=list)
    missed: list[PlannedKill] = field(default_factory=list)
    loop_seconds: float = 0.0
    _observers: ExitStack = field(default_factory=ExitStack)

    def __post_init__(self) -> None:
        stack = self.live.stack
        self.prober = FaultProber(stack)
        self.journal = JournalFollower(stack.journal)
        self.scraper = CounterScraper(stack.exporter)
        self.token = token_for_runs(self.live)
        self.courier = Courier(stack, f"monkey-{self.seed}")

    def __enter__(self) -> Monkey:
        for observer in (self.prober, self.journal, self.scraper):
            self._observers.enter_context(observer)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for run in self.runs:
            run.kill()  # one that was started over HTTP would outlive us
        self._observers.__exit__(kind, error, trace)
        self.breaches += self._judged()

    def rehearse(self) -> None:
        """One run that nothing disturbs: how long the loop is; raises HqError when even that does not work."""
        began = time.time()
        self._clean_run()
        if self.breaches:
            raise HqError(f"before anything was killed: {self.breaches[0].sentence}")
        self.loop_seconds = time.time() - began

    def run(self, rounds: Iterable[PlannedRound]) -> None:
        """Every round, with notifications delivered all the while."""
        with self.courier:
            try:
                for one in rounds:
                    self._round(one)
                self._make_up()
            except HqError as error:  # what was seen until then is reported nevertheless
                self._broken(str(error))

    def settle(self) -> None:
        """Waits until the observers have seen everything; after the last round."""
        scrapes = self.scraper.scrapes
        try:
            wait_for(lambda: self.scraper.scrapes >= scrapes + 2, 30, "the exporter was not scraped any more")
        except NotReadyError as error:
            self._broken(str(error))

    def _make_up(self) -> None:
        """Kills the runs that had ended when their moment came, each alone and at another moment."""
        chance = random.Random(self.seed + 1)
        for _ in range(3 * len(self.missed)):
            if self.missed:
                kill = replace(self.missed.pop(0), moment=chance.random())
                self._round(PlannedRound((kill,), over_http=chance.random() < HALF))

    def _round(self, planned: PlannedRound) -> None:
        for observer in (self.prober, self.journal, self.scraper, self.courier):
            observer.check()
        run = self._start(over_http=planned.over_http)
        kills, returns = [], []
        for one in planned.kills:
            moment = run.began + one.moment * self.loop_seconds
            time.sleep(max(0.0, moment - time.time()))  # the moment is what was drawn: there is nothing to wait for
            if kill := self._kill(one, run, planned):
                kills.append(kill)
                if one.victim != RUN:
                    returns.append(threading.Thread(target=self._time_return, args=(kill,)))
                    returns[-1].start()
        self._end(run)
        for kill in kills:
            kill.outcome = "killed" if run.killed else run.outcome
            if kill.planned.victim == RUN:
                self._time_fault(kill)
        for thread in returns:
            thread.join()
        if {kill.planned.victim for kill in kills} <= BYSTANDERS and run.score is None:
            self._broken(f"run {run.name} needed nothing of what was killed, and has no score: {run.last_words}")
        if isinstance(run, RunOverHttp) and (answer := run.asked_again()):
            self._broken(f"the key of run {run.name} was given again, and the answer was {answer}")
        self._clean_run()

    def _kill(self, planned: PlannedKill, run: WatchedRun, among: PlannedRound) -> Kill | None:
        self.journal.look()
        phase = run.phase
        killed = run.kill() if planned.victim == RUN else PROGRAMS[planned.victim].kill(self.live)
        if killed is None:
            self.missed.append(planned)
            self.say(f"kill {planned.number}: the run had ended")
            return None
        pid, at = killed
        others = tuple(one.victim for one in among.kills if one != planned)
        kill = Kill(planned, pid, at, at - run.began, phase, others, among.over_http)
        self.kills.append(kill)
        how = " over HTTP" if among.over_http else ""
        self.say(
            f"kill {planned.number}: {planned.victim} (pid {pid}), {kill.into_loop:.1f} s into the loop ({phase}{how})"
        )
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
        run, alert = self._start(over_http=False), f"ChaosMonkeyAlert{len(self.runs)}"
        try:
            hand_in(self.live.stack, alert)
        except OSError as error:
            self._broken(f"Alertmanager did not take {alert}: {error}")
        self._end(run)
        if run.score is None:
            self._broken(f"run {run.name} after kill {len(self.kills)} has no score: {run.last_words}")
        else:
            self.scores.append(run.score)
        self.say(f"run {run.name}: {run.score}")
        self._await_notification(alert)

    def _await_notification(self, alert: str) -> None:
        def arrived() -> bool:
            return any(record["labels"].get("alertname") == alert for record in self.journal.records(KIND))

        try:
            wait_for(arrived, NOTIFIED_SECONDS, f"{alert} was not notified")
        except NotReadyError as error:
            self._broken(str(error))

    def _start(self, *, over_http: bool) -> WatchedRun:
        if over_http:
            run: WatchedRun = RunOverHttp(self.live, self.journal, self.token)
        else:
            run = RunByCommand(self.live, self.journal, self.live.stack.directory / f"run-{len(self.runs) + 1}")
        self.runs.append(run)
        return run

    def _end(self, run: WatchedRun) -> None:
        """Waits for the end of a run; one that lives must write down how it ended."""
        if not run.ended_within(RUN_SECONDS):
            self._broken(f"run {run.name} did not end within {RUN_SECONDS:g} s: {run.last_words}")
        elif not run.killed and run.name and run.outcome is None:
            self._broken(f"run {run.name} was not killed, and did not say how it ended: {run.last_words}")

    def _broken(self, sentence: str) -> None:
        self.breaches.append(Breach(Promise.WORK_GOES_ON, sentence))

    def _judged(self) -> list[Breach]:
        """What the observers saw, held against what is promised."""
        self.journal.look()
        lines = self.journal.lines
        acknowledged = [record for run in self.runs for record in run.acknowledged()]
        acknowledged += [(KIND, {"fingerprint": one}) for one in self.courier.acknowledged]
        return [
            *outlived(self.prober.looks, [run.span for run in self.runs]),
            *self.journal.breaches,
            *lost(lines, self.journal.path),
            *hidden(lines),
            *missing(acknowledged, lines),
            *self.scraper.breaches,
            *unlike(self.scraper.counters, told_by(line.record for line in lines)),
        ]
