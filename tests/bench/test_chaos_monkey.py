"""The monkey's observers: each sees what keeps the promise, and what breaks it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bench.chaos_monkey.counters import CounterScraper, counters_in, fallen, told_by, unlike
from bench.chaos_monkey.faults import FaultSpan, Look, gone_after, outlived
from bench.chaos_monkey.journal import JournalFollower, hidden, lost, missing
from bench.chaos_monkey.plan import planned_rounds
from bench.chaos_monkey.promise import Promise
from bench.chaos_monkey.repeating import Repeating
from bench.chaos_monkey.report import tables
from bench.chaos_monkey.victims import VICTIMS
from bench.live import ROOT
from stack.address import Address
from stack.journal import Journal
from stack.waiting import wait_for

MEMBER = "member 1 of vendor-proxies"


def seen(at: float, *, faulty: bool) -> Look:
    return Look(MEMBER, at, at + 0.01, faulty)


def sentences(breaches: object) -> list[str]:
    assert hasattr(breaches, "__iter__")
    return [breach.sentence for breach in breaches]


class TestFaults:
    KILLED = FaultSpan(began=100.0, gone=110.0)

    def test_one_that_ends_with_its_ttl_is_no_breach(self) -> None:
        assert not sentences(outlived([seen(113.9, faulty=True), seen(114.1, faulty=False)], [self.KILLED]))

    def test_one_that_outlives_its_ttl_is_a_breach(self) -> None:
        looks = [seen(114.1, faulty=True), seen(118.0, faulty=True), seen(119.0, faulty=False)]
        assert sentences(outlived(looks, [self.KILLED])) == [
            f"{MEMBER} showed a fault at 118.000, 5.0 s after it had to be over"
        ]

    def test_one_that_outlives_its_deadline_is_a_breach_although_its_run_lives(self) -> None:
        alive = FaultSpan(began=100.0, deadline=115.0)
        assert sentences(outlived([seen(117.0, faulty=True)], [alive])) == [
            f"{MEMBER} showed a fault at 117.000, 2.0 s after it had to be over"
        ]

    def test_one_that_was_withdrawn_and_goes_on_is_a_breach(self) -> None:
        withdrawn = FaultSpan(began=100.0, deadline=115.0, withdrawn=105.0)
        assert sentences(outlived([seen(107.5, faulty=True)], [withdrawn])) == [
            f"{MEMBER} showed a fault at 107.500, 2.5 s after it had to be over"
        ]

    def test_one_that_no_run_asked_for_is_a_breach(self) -> None:
        assert sentences(outlived([seen(99.0, faulty=True)], [self.KILLED])) == [
            f"{MEMBER} showed a fault at 99.000, of no run at all"
        ]

    def test_the_next_runs_fault_is_its_own(self) -> None:
        assert not sentences(outlived([seen(130.0, faulty=True)], [self.KILLED, FaultSpan(began=125.0)]))

    def test_it_is_gone_with_the_first_clean_answer(self) -> None:
        looks = [seen(109.0, faulty=True), seen(112.0, faulty=True), seen(112.5, faulty=False)]
        assert gone_after(looks, 110.0) == pytest.approx(2.51)
        assert gone_after(looks[:2], 110.0) == float("inf")
        assert gone_after(looks, 112.2) is None


class TestJournal:
    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        journal = Journal(tmp_path / "journal.jsonl")
        for run in ("a", "b", "c"):
            journal.append("run_announced", {"run": run})
        return journal.path

    @pytest.fixture
    def follower(self, path: Path) -> JournalFollower:
        follower = JournalFollower(path)
        follower.look()
        return follower

    def test_one_that_only_grows_is_no_breach(self, path: Path, follower: JournalFollower) -> None:
        Journal(path).append("run_announced", {"run": "d"})
        follower.look()
        assert [record["run"] for record in follower.records("run_announced")] == ["a", "b", "c", "d"]
        assert [*lost(follower.lines, path), *hidden(follower.lines), *follower.breaches] == []

    def test_a_line_is_taken_when_it_is_whole(self, path: Path, follower: JournalFollower) -> None:
        with path.open("ab") as file:
            file.write(b'{"v": 1, "kind": "run_ann')
            file.flush()
            follower.look()
            assert len(follower.lines) == 3
            file.write(b'ounced", "at": 1}\n')
        follower.look()
        assert len(follower.records("run_announced")) == 4

    def test_a_record_that_is_lost_is_a_breach(self, path: Path, follower: JournalFollower) -> None:
        first, second, third = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(first + third)
        follower.look()
        assert sentences(follower.breaches) == [
            f"the journal became shorter: {len(first + third)} bytes, {len(first + second + third)} were read"
        ]
        assert sentences(lost(follower.lines, path)) == [
            f"a run_announced at byte {len(first)} is lost or was changed",
            f"a run_announced at byte {len(first + second)} is lost or was changed",
        ]

    def test_a_record_that_was_changed_is_a_breach(self, path: Path, follower: JournalFollower) -> None:
        path.write_bytes(path.read_bytes().replace(b'"run": "a"', b'"run": "x"'))
        assert sentences(lost(follower.lines, path)) == ["a run_announced at byte 0 is lost or was changed"]

    def test_a_journal_that_was_replaced_is_a_breach(self, path: Path, follower: JournalFollower) -> None:
        copy = path.with_suffix(".new")
        copy.write_bytes(path.read_bytes())
        copy.replace(path)
        follower.look()
        assert sentences(follower.breaches) == ["the journal was replaced by another file"]

    def test_a_journal_that_is_gone_is_a_breach(self, path: Path, follower: JournalFollower) -> None:
        path.unlink()
        follower.look()
        assert sentences(follower.breaches) == ["the journal is gone"]
        assert len(list(lost(follower.lines, path))) == 3

    def test_a_record_behind_a_torn_line_is_a_breach(self, path: Path, follower: JournalFollower) -> None:
        size = path.stat().st_size
        with path.open("ab") as file:
            file.write(b'{"v": 1, "ki{"v": 1, "kind": "run_announced", "at": 1}\n')
        follower.look()
        assert sentences(hidden(follower.lines)) == [f"the torn line at byte {size} hides a record"]

    def test_a_torn_line_that_was_ended_is_no_breach(self, path: Path, follower: JournalFollower) -> None:
        with path.open("ab") as file:
            file.write(b'{"v": 1, "ki')
        Journal(path).append("run_announced", {"run": "d"})
        follower.look()
        assert [line.record is None for line in follower.lines] == [False, False, False, True, False]
        assert not list(hidden(follower.lines))

    def test_what_was_acknowledged_and_is_not_there_is_a_breach(self, follower: JournalFollower) -> None:
        assert not list(missing([("run_announced", {"run": "b"})], follower.lines))
        assert sentences(missing([("run_announced", {"run": "z"}), ("notification", {})], follower.lines)) == [
            "a run_announced (run z) was acknowledged, and there is no record of it",
            "a notification () was acknowledged, and there is no record of it",
        ]


class TestCounters:
    RUNS = ("chaos_runs_total", (("scenario", "proxy-failure-wave"),))
    NAME = 'chaos_runs_total{scenario="proxy-failure-wave"}'

    def test_only_what_grows_is_compared(self) -> None:
        text = (
            "# TYPE chaos_runs_total counter\nchaos_runs_total 3\n"
            "# TYPE chaos_run_score gauge\nchaos_run_score 90\n"
            "# TYPE wait_seconds histogram\n"
            'wait_seconds_bucket{le="+Inf"} 2\nwait_seconds_count 2\nwait_seconds_sum 5\n'
        )
        assert {name for name, _ in counters_in(text)} == {
            "chaos_runs_total",
            "wait_seconds_bucket",
            "wait_seconds_count",
            "wait_seconds_sum",
        }

    def test_one_that_rises_or_stays_is_no_breach(self) -> None:
        assert not list(fallen({self.RUNS: 3.0}, {self.RUNS: 3.0}))
        assert not list(fallen({self.RUNS: 3.0}, {self.RUNS: 4.0, ("more_total", ()): 0.0}))

    def test_one_that_falls_is_a_breach(self) -> None:
        assert sentences(fallen({self.RUNS: 3.0}, {self.RUNS: 1.0})) == [f"{self.NAME} fell from 3 to 1"]

    def test_one_that_is_gone_is_a_breach(self) -> None:
        assert sentences(fallen({self.RUNS: 3.0}, {})) == [f"{self.NAME} was 3 and is gone"]

    def test_one_that_is_not_what_the_journal_says_is_a_breach(self) -> None:
        finished = {"kind": "run_finished", "run": "a", "scenario": "proxy-failure-wave", "outcome": "died"}
        told = told_by([finished, finished, None])  # the second is a repetition, the third a torn line
        assert told[self.RUNS] == 1
        assert told["chaos_run_errors_total", self.RUNS[1]] == 1
        assert told["exporter_records_unreadable_total", ()] == 1
        assert not list(unlike(told, told))
        assert sentences(unlike({**told, self.RUNS: 2.0}, told)) == [f"{self.NAME} is 2, and the journal says 1"]
        assert f"{self.NAME} is missing, and the journal says 1" in sentences(unlike({}, told))

    def test_notifications_count_once(self) -> None:
        told = told_by(
            [{"kind": "notification", "fingerprint": name, "status": "firing", "starts_at": 1.0} for name in "aab"]
        )
        assert told["notifications_received_total", (("status", "firing"),)] == 2

    def test_an_exporter_that_is_down_is_no_fall(self) -> None:
        scraper = CounterScraper(Address("127.0.0.1", 1))
        scraper.counters = {self.RUNS: 3.0}
        scraper.look()
        assert (scraper.failures, scraper.breaches, scraper.counters) == (1, [], {self.RUNS: 3.0})

    def test_a_collector_that_was_too_slow_leaves_a_gap_which_is_no_fall(self) -> None:
        scraper = CounterScraper(Address("127.0.0.1", 1))
        scraper.compare(f"# TYPE chaos_runs_total counter\n{self.NAME} 3\n")
        slow = '# TYPE exporter_collector_success gauge\nexporter_collector_success{collector="journal"} 0\n'
        scraper.compare(slow)
        assert (scraper.partial, scraper.breaches) == (1, [])
        scraper.compare(f"{slow}# TYPE chaos_runs_total counter\n{self.NAME} 2\n")
        assert sentences(scraper.breaches) == [f"{self.NAME} fell from 3 to 2"]


class TestPlan:
    def test_it_follows_from_the_seed(self) -> None:
        one, same, other = (list(planned_rounds(VICTIMS, 30, (1, 3), seed)) for seed in (7, 7, 8))
        assert one == same
        assert one != other

    @pytest.mark.parametrize("together", [1, 2, 3, 5])
    def test_every_victim_comes_equally_often_and_once_a_round(self, together: int) -> None:
        rounds = list(planned_rounds(VICTIMS, 50, (1, together), seed=together))
        victims = [kill.victim for one in rounds for kill in one.kills]
        assert {victims.count(victim) for victim in VICTIMS} == {10}
        for one in rounds:
            assert 1 <= len({kill.victim for kill in one.kills}) == len(one.kills) <= together
            assert [kill.moment for kill in one.kills] == sorted(kill.moment for kill in one.kills)
        assert sorted(kill.number for one in rounds for kill in one.kills) == list(range(50))
        assert {one.over_http for one in rounds} == {True, False}


def killed(victim: str, phase: str, moment: float, **measured: float) -> Mapping[str, Any]:
    nothing = {"back_seconds": None, "fault_seconds": None, "together_with": [], "outcome": "resilient"}
    return {"victim": victim, "phase": phase, "into_loop_seconds": moment, **nothing, **measured}


class TestReport:
    SESSION: Mapping[str, Any] = {
        "seed": 7,
        "asked": {"kills": 3, "together": 2},
        "kills": [
            killed("serve", "faults", 4.0, back_seconds=1.2),
            killed("serve", "baseline", 0.5, back_seconds=0.8),
            killed("run", "faults", 3.0, fault_seconds=2.9),
        ],
        "runs_after": 2,
        "seen": {"scrapes": 40, "counters compared": 104},
        "breaches": [],
    }

    def test_it_tells_what_was_measured(self) -> None:
        text = tables([self.SESSION, self.SESSION])
        assert "| `serve` | 4 | 0 | 2 | 2 | 0 | 0 |" in text
        assert "| `serve` | 4 resilient |" in text
        assert "| `serve` | 0.5, 0.5, 4.0, 4.0 |" in text
        assert "| `serve` | 1.0 s, 1.2 s, 1.2 s |" in text
        assert "| `run` | 2 | 2.9 s, 2.9 s, 2.9 s |" in text
        assert "| scrapes | 80 |" in text
        assert "| counters compared | 104 |" in text
        assert all(f"| {promise} | yes |" in text for promise in Promise)

    def test_a_breach_is_in_it(self) -> None:
        broken = {**self.SESSION, "breaches": [{"promise": Promise.FAULTS_END, "what": f"{MEMBER} showed a fault"}]}
        text = tables([self.SESSION, broken])
        assert f"| {Promise.FAULTS_END} | **no**: {MEMBER} showed a fault |" in text
        assert f"| {Promise.COUNTERS_RISE} | yes |" in text

    def test_a_breach_of_what_was_once_promised_is_in_it(self) -> None:
        broken = {**self.SESSION, "breaches": [{"promise": "nothing is lost", "what": "a record is lost"}]}
        assert "| nothing is lost | **no**: a record is lost |" in tables([broken])

    @pytest.mark.e2e
    def test_it_is_written_into_a_page_and_a_breach_is_an_exit_code(self, tmp_path: Path) -> None:
        report, page = tmp_path / "report.json", tmp_path / "page.md"
        page.write_text("before\n<!-- monkey: begin -->\nold\n<!-- monkey: end -->\nafter\n")
        report.write_text(json.dumps(self.SESSION))
        assert self.read(report, page).returncode == 0
        text = page.read_text()
        assert text.startswith("before\n<!-- monkey: begin -->\n* `python -m bench.chaos_monkey --kills 3 --seed 7")
        assert text.endswith("|\n<!-- monkey: end -->\nafter\n")
        breach = {"promise": Promise.RECORDS_STAY, "what": "the journal is gone"}
        report.write_text(json.dumps({**self.SESSION, "breaches": [breach]}))
        done = self.read(report, page)
        assert (done.returncode, done.stderr) == (1, "broken: the journal is gone\n")

    @pytest.mark.e2e
    def test_a_report_that_is_not_there_is_one_line(self, tmp_path: Path) -> None:
        done = self.read(tmp_path / "none.json", tmp_path / "page.md")
        assert (done.returncode, done.stdout) == (2, "")
        assert (
            done.stderr == f"bench.chaos_monkey: {tmp_path / 'none.json'} cannot be read: No such file or directory\n"
        )

    def read(self, report: Path, page: Path) -> subprocess.CompletedProcess[str]:
        words = ["-m", "bench.chaos_monkey", "--read", str(report), "--write", str(page)]
        return subprocess.run(
            [sys.executable, *words], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
        )


def test_what_an_observer_trips_over_comes_out() -> None:
    class Blind(Repeating):
        every = 0.01

        def look(self) -> None:
            raise ValueError("nothing to see")

    with pytest.raises(ValueError, match="nothing to see"), Blind() as blind:
        wait_for(lambda: not blind.is_looking, 5, "it looked on")
