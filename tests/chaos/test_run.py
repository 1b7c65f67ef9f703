"""Runs that cannot be: each ends with a sentence, a record of its end, and nothing left behind."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaos.engineering import ChaosEngineering
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
    assert [record.kind for record in Journal(stack.journal).read()] == ["run_announced", "run_finished"]
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
    assert score.reason == f"another run is active on this data plane: {address} is in use"


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
        assert [record.kind for record in Journal(live.journal).read()] == ["run_announced", "run_finished"]
