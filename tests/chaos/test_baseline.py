"""The steady state before a run: which verdicts of the gates it waits for, and which it refuses."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from chaos.baseline import Baseline, NotSteadyError
from chaos.measurement import Meter
from chaos.stopping import Stopping
from gates.gate import GateReport, GateResult, Kind, Verdict
from prometheus.answer import Answer, Sample
from prometheus.client import PrometheusClient
from prometheus.detection.judgement import EXCUSED
from prometheus.indicators import sli_of
from tests.chaos.stacks import SHOP, stack_of


def said(gate: Kind, verdict: Verdict) -> GateResult:
    return GateResult(gate, "shop", gate, verdict, required=True, window=60.0, threshold=0.995, reason="so it is")


YOUNG = "waiting for a steady state: shop has just been started, and is not judged by latency_shift for two minutes"


class Prometheus(PrometheusClient):
    """In it nothing fires and nothing is counted; the shop is excused once, and another service always."""

    asked = 0

    def alerts(self) -> list:
        return []

    def instant(self, query: str, at: float | None = None) -> Answer:
        assert query == EXCUSED
        self.asked += 1
        names = ("till", "shop") if self.asked == 1 else ("till",)
        return Answer(tuple(Sample({"service": name}, 0.0, 1.0) for name in names), (), (), "vector")


def wait(
    directory: Path, monkeypatch: pytest.MonkeyPatch, *results: GateResult, expect: tuple[str, ...] = ()
) -> list[str]:
    """What a baseline says when the gates find `results`, and all passes the second time."""
    reports = iter([GateReport(results, 0.0), GateReport((), 0.0), GateReport((), 0.0)])
    monkeypatch.setattr("gates.automated.AutomatedQualityGate.check_all_gates", lambda *_, **__: next(reports))
    monkeypatch.setattr("chaos.measurement.Meter.windows", lambda *_: ())
    monkeypatch.setattr("chaos.baseline.ASK_EVERY", 0.0)
    monkeypatch.setattr("chaos.baseline.check_clocks", lambda _client: None)
    stack, client = stack_of(directory, SHOP), Prometheus("http://127.0.0.1:1")
    told: list[str] = []
    meter = Meter(client, sli_of(stack.services["shop"]))
    Baseline(stack, "shop", client, meter, Stopping(), expect).wait(told.append)
    return told


def test_a_gate_that_wants_more_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = wait(tmp_path, monkeypatch, said(Kind.SUCCESS_RATE, Verdict.UNDECIDED))
    assert told == ["waiting for a steady state: the gate success_rate says undecided: so it is"]


def test_what_is_expected_must_be_judged_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rules excuse what has just been started: else the first run after `dev-hq up` says that nobody was told."""
    young = wait(tmp_path, monkeypatch, said(Kind.SUCCESS_RATE, Verdict.PASS), expect=("latency_shift",))
    assert young == [YOUNG]
    assert wait(tmp_path, monkeypatch, said(Kind.SUCCESS_RATE, Verdict.PASS), expect=("error_spike",)) == []


def test_an_error_budget_without_its_month_of_history_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else nobody could run anything in the first month."""
    results = said(Kind.SUCCESS_RATE, Verdict.PASS), said(Kind.ERROR_BUDGET, Verdict.UNDECIDED)
    assert wait(tmp_path, monkeypatch, *results) == []


@pytest.mark.parametrize("verdict", [Verdict.FAIL, Verdict.ERROR])
@pytest.mark.parametrize("gate", Kind)
def test_a_gate_that_fails_refuses_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gate: Kind, verdict: Verdict
) -> None:
    with pytest.raises(NotSteadyError, match=f"^shop is not steady: the gate {gate} says {verdict}: so it is$"):
        wait(tmp_path, monkeypatch, said(gate, verdict))


def test_a_window_that_cannot_fill_in_time_refuses_the_run_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    young = replace(said(Kind.SUCCESS_RATE, Verdict.UNDECIDED), window=600.0, coverage=0.25)
    with pytest.raises(NotSteadyError, match=r"says undecided: so it is; try again in 7m$"):
        wait(tmp_path, monkeypatch, young)
    nearly = replace(young, coverage=0.9)
    assert wait(tmp_path, monkeypatch, nearly) == [
        "waiting for a steady state: the gate success_rate says undecided: so it is"
    ]
