"""Waiting ends when it is decided or time is up, on a clock that the tests wind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from gates.gate import GateReport, GateResult, Verdict
from gates.instant import Moment
from gates.waiting import Waiting
from tests.gates.cases import GATE

UNDECIDED, PASS, WARN, FAIL, ERROR = (Verdict(word) for word in ("undecided", "pass", "warn", "fail", "error"))


def result(verdict: Verdict, *, name: str = "success_rate", required: bool = True, needed: int | None = None):
    return GateResult(
        name, "shop", GATE.condition.kind, verdict, required, 600.0, 0.995, "why", needed=needed, requests=412.0
    )


@dataclass
class Days:
    """Looks that find one verdict after the other, on a clock of their own; each takes `takes` seconds."""

    finds: list[Verdict | tuple[GateResult, ...]]
    takes: float = 0.0
    now: float = 100.0
    looked: list[tuple[float, Moment]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def waits(self, seconds: float, every: float) -> GateReport:
        return Waiting(seconds, every, self.said.append, lambda: self.now, self._pause).until_decided(self._look, None)

    @property
    def times(self) -> list[float]:
        return [at - 100.0 for at, _ in self.looked]

    def _look(self, moment: Moment) -> GateReport:
        self.looked.append((self.now, moment))
        found = self.finds[min(len(self.looked), len(self.finds)) - 1]
        results = found if isinstance(found, tuple) else (result(found),)
        at = None if found is ERROR else 1000.0 + self.now
        self.now += self.takes
        return GateReport(results, at, looks=moment.look, waited=moment.waited)

    def _pause(self, seconds: float) -> None:
        assert seconds >= 0
        self.now += seconds


@pytest.mark.parametrize("verdict", [PASS, WARN, FAIL])
def test_what_is_decided_at_the_first_look_is_not_waited_for(verdict: Verdict) -> None:
    days = Days([verdict])
    assert (days.waits(60, 15).verdict, days.times) == (verdict, [0.0])


def test_undecided_and_errors_are_looked_at_again_until_it_is_decided() -> None:
    days = Days([UNDECIDED, ERROR, UNDECIDED, PASS])
    report = days.waits(600, 15)
    assert (report.verdict, report.looks, report.waited, days.times) == (PASS, 4, 45.0, [0.0, 15.0, 30.0, 45.0])


@pytest.mark.parametrize("verdict", [UNDECIDED, ERROR])
def test_the_last_look_is_at_the_deadline(verdict: Verdict) -> None:
    days = Days([verdict])
    report = days.waits(40, 15)
    assert (report.verdict, days.times) == (verdict, [0.0, 15.0, 30.0, 40.0])


def test_a_required_gate_that_fails_ends_it_whatever_the_others_say() -> None:
    days = Days([UNDECIDED, (result(FAIL), result(UNDECIDED, name="latency"), result(ERROR, name="queue"))])
    assert (days.waits(600, 15).verdict, days.times) == (FAIL, [0.0, 15.0])


def test_gates_that_only_observe_are_not_waited_for() -> None:
    days = Days([(result(PASS), result(UNDECIDED, name="error_budget", required=False))])
    assert (days.waits(600, 15).verdict, days.times) == (PASS, [0.0])


def test_slow_looks_push_neither_the_deadline_nor_each_other() -> None:
    days = Days([UNDECIDED], takes=10.0)
    days.waits(45, 15)
    assert days.times == [0.0, 15.0, 30.0, 45.0]
    days = Days([UNDECIDED], takes=25.0)
    days.waits(40, 15)
    assert days.times == [0.0, 25.0]


def test_every_longer_than_the_wait_looks_twice() -> None:
    days = Days([UNDECIDED])
    days.waits(10, 60)
    assert days.times == [0.0, 10.0]


def test_windows_begin_where_the_first_look_that_was_answered_began() -> None:
    days = Days([ERROR, UNDECIDED, UNDECIDED, PASS])
    days.waits(600, 15)
    assert [(moment.look, moment.first, moment.waited) for _, moment in days.looked] == [
        (1, None, 0.0),
        (2, None, 15.0),
        (3, 1115.0, 30.0),
        (4, 1115.0, 45.0),
    ]


def test_progress_is_said_when_a_verdict_changes() -> None:
    days = Days([(result(UNDECIDED, needed=947),), UNDECIDED, UNDECIDED, ERROR, UNDECIDED, PASS])
    days.waits(600, 50)
    assert days.said == [
        "at the first look: undecided: shop success_rate undecided (412 of about 947 requests)",
        "after 4 looks in 2m 30s: error: shop success_rate error (why)",
        "after 5 looks in 3m 20s: undecided: shop success_rate undecided (why)",
        "after 6 looks in 4m 10s: pass: shop success_rate pass",
    ]


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit(143)])
@pytest.mark.parametrize("during", ["the look", "the pause"])
def test_an_interrupt_ends_it_at_once(interrupt: BaseException, during: str) -> None:
    def raising(*_: object) -> None:
        raise interrupt

    def look(moment: Moment) -> GateReport:
        return raising() if during == "the look" else GateReport((result(UNDECIDED),), 1.0)

    pause: Callable[[float], None] = raising
    with pytest.raises(type(interrupt) if isinstance(interrupt, BaseException) else interrupt):
        Waiting(60, 15, pause=pause).until_decided(look, None)
