"""Runs that cannot be: each ends with a sentence, a record of its end, and nothing left behind."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from chaos.engineering import ChaosEngineering
from chaos.record import bury_the_dead
from chaos.run import Progress, Step
from chaos.score import Outcome
from prometheus.client import PrometheusClient
from stack.errors import HqError, JournalError
from stack.journal import Journal, Record
from stack.model import Stack
from tests.chaos.data_plane import build_stack, run_plane, serve

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    """A stack of which nothing runs."""
    return build_stack(tmp_path, NOWHERE)


def engineering(stack: Stack) -> ChaosEngineering:
    return ChaosEngineering(stack, PrometheusClient(NOWHERE, timeout=0.5, retries=0))


def records(stack: Stack, kind: str) -> list[Record]:
    return [record for record in Journal(stack.journal).read() if record.kind == kind]


def test_a_scenario_that_makes_no_sense_touches_nothing(stack: Stack) -> None:
    for scenario, target in (("network-latncy", None), ("network-latency", "nobody")):
        with pytest.raises(HqError):
            engineering(stack).run_chaos_test(scenario, target)
    assert not stack.directory.exists()


def test_without_envoy_it_could_not_run(stack: Stack) -> None:
    told: list[Progress] = []
    score = engineering(stack).run_chaos_test("network-latency", progress=told.append)
    assert (score.outcome, score.exit_code, score.score) == (Outcome.COULD_NOT_RUN, 2, None)
    assert score.reason.startswith(f"Envoy does not answer at {stack.envoy.admin} (Connection refused); ")
    kinds = [record.kind for record in Journal(stack.journal).read()]
    assert kinds == ["run_announced", *["run_progress"] * len(told), "run_finished"]
    said = [(record.data["step"], record.data["sentence"]) for record in records(stack, "run_progress")]
    assert said == [(progress.step.value, progress.sentence) for progress in told]
    (announced,), (finished,) = records(stack, "run_announced"), records(stack, "run_finished")
    assert announced.data["run"] == finished.data["run"] == score.run
    assert announced.data["pid"] == os.getpid()
    assert announced.data["deadline"] > announced.at + 40
    assert [fault["member"] for fault in announced.data["faults"]] == [0, 1]
    assert (finished.data["outcome"], finished.data["score"]) == ("could_not_run", None)
    assert finished.data["reason"] == score.reason
    [dose] = finished.data["doses"]
    assert (dose["asked"], dose["measured"], dose["verified"]) == (1.0, None, None)
    assert (finished.data["impacts"], finished.data["alerts"], finished.data["parts"]) == ([], [], [])
    assert (told[0].step, told[-1].step) == (Step.ANNOUNCED, Step.SCORE)
    assert told[-1].sentence == f"could not run: {score.reason}"
    assert stack.envoy.control_plane.is_free()


@pytest.mark.parametrize("library", ["grpc", "google.protobuf"])
def test_without_its_libraries_it_could_not_run(stack: Stack, monkeypatch: pytest.MonkeyPatch, library: str) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    score = engineering(stack).run_chaos_test("network-latency")
    assert score.outcome is Outcome.COULD_NOT_RUN
    assert score.reason == "chaos needs grpcio and protobuf: pip install 'dev-hq[chaos]'"
    assert records(stack, "run_finished")[0].data["outcome"] == "could_not_run"


def test_on_a_data_plane_that_is_taken_it_could_not_run(stack: Stack) -> None:
    address = stack.envoy.control_plane
    with socket.create_server((address.host, address.port)):
        score = engineering(stack).run_chaos_test("network-latency")
    assert score.outcome is Outcome.COULD_NOT_RUN
    assert (
        score.reason == f"another run is active on this data plane: {address} is in use; `dev-hq chaos stop` stops it"
    )


def test_a_journal_that_cannot_be_written_is_an_error_before_anything_is_touched(stack: Stack) -> None:
    stack.directory.mkdir()
    stack.journal.mkdir()
    with pytest.raises(JournalError, match=r"journal\.jsonl"):
        engineering(stack).run_chaos_test("network-latency")
    assert stack.envoy.control_plane.is_free()


def test_the_next_run_writes_down_that_one_died(stack: Stack) -> None:
    Journal(stack.journal).append(
        "run_announced",
        {
            "run": "dead",
            "scenario": "network-latency",
            "target": "proxies",
            "pid": 1,
            "process_started": 1,
            "boot": "x",
        },
    )
    Journal(stack.journal).append("run_announced", {"run": "odd", "pid": "none"})
    engineering(stack).run_chaos_test("network-latency")
    engineering(stack).run_chaos_test("network-latency")
    died = [record.data for record in records(stack, "run_finished") if record.data["outcome"] == "died"]
    assert [(data["run"], data["scenario"], data["reason"]) for data in died] == [
        ("dead", "network-latency", "its process is gone"),
        ("odd", "", "its process is gone"),
    ]


def test_a_run_that_ends_while_it_is_looked_at_is_not_buried(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """It writes its end after the journal was read and is gone before its process is asked for, and the other way."""
    journal = Journal(stack.journal)
    nobody = {"scenario": "s", "target": "t", "pid": 1, "process_started": 1, "boot": "x"}
    for run in ("quick", "quicker"):
        journal.append("run_announced", {"run": run, **nobody})
    end = {"scenario": "s", "target": "t", "outcome": "resilient"}

    def looked_at(_process: object) -> bool:
        if not records(stack, "run_finished"):
            journal.append("run_finished", {"run": "quick", **end})
        return False

    append_unless = Journal.append_unless

    def before_it_is_written(*asked: Any) -> object:
        journal.append("run_finished", {"run": "quicker", **end})
        return append_unless(journal, *asked)

    monkeypatch.setattr("stack.process.ProcessIdentity.is_alive", property(looked_at))
    monkeypatch.setattr(Journal, "append_unless", lambda _journal, *asked: before_it_is_written(*asked))
    bury_the_dead(journal)
    ends = [(record.data["run"], record.data["outcome"]) for record in records(stack, "run_finished")]
    assert ends == [("quick", "resilient"), ("quicker", "resilient")]


def test_two_that_bury_at_once_write_one_end(stack: Stack) -> None:
    journal = Journal(stack.journal)
    for number in range(5):
        journal.append("run_announced", {"run": f"r{number}", "pid": 1, "process_started": 1, "boot": "x"})
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(bury_the_dead, [journal] * 4))
    assert sorted(record.data["run"] for record in records(stack, "run_finished")) == [f"r{n}" for n in range(5)]


def test_a_run_is_called_what_its_caller_says_once(stack: Stack) -> None:
    chaos = engineering(stack)
    assert chaos.run_chaos_test("network-latency", run="mine-1").run == "mine-1"
    with pytest.raises(HqError, match=r"^there was a run mine-1 before; choose another run id$"):
        chaos.run_chaos_test("network-latency", run="mine-1")
    for name in ("", "../x", "x\n", ".x", "-x", "ä", "x" * 101):
        with pytest.raises(
            HqError, match=r"^a run id is 1 to 100 letters, digits, - and _, the first a letter or digit"
        ):
            chaos.run_chaos_test("network-latency", run=name)
    assert len(records(stack, "run_announced")) == 1


def test_a_report_that_cannot_be_written_does_not_take_the_run_with_it(stack: Stack) -> None:
    stack.directory.mkdir()
    (stack.directory / "reports").write_text("in the way")
    told: list[Progress] = []
    score = engineering(stack).run_chaos_test("network-latency", progress=told.append)
    assert score.report is None
    assert "the report cannot be written: File exists" in [progress.sentence for progress in told]
    assert records(stack, "run_finished")[0].data["report"] is None


@pytest.mark.e2e
class TestWithEnvoy:
    @pytest.fixture
    def live(self, tmp_path: Path) -> Iterator[Stack]:
        with serve() as upstream, run_plane(tmp_path, f"http://{upstream}") as plane:
            yield plane.stack

    def test_without_prometheus_it_could_not_run(self, live: Stack) -> None:
        score = engineering(live).run_chaos_test("network-latency")
        assert score.outcome is Outcome.COULD_NOT_RUN
        assert score.reason == f"Prometheus at {NOWHERE} refused the connection; is it running?"
        assert not records(live, "fault_injected")

    def test_one_that_is_stopped_during_the_baseline_injects_nothing(
        self, live: Stack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        chaos = engineering(live)
        monkeypatch.setattr("chaos.run.Baseline.wait", lambda *_: chaos.stop())  # and then all is steady
        score = chaos.run_chaos_test("network-latency")
        assert (score.outcome, score.reason) == (Outcome.STOPPED, "its caller asked it to stop")
        kinds = [record.kind for record in Journal(live.journal).read() if record.kind != "run_progress"]
        assert kinds == ["run_announced", "run_finished"]
