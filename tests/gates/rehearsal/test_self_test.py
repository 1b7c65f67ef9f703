"""`--self-test`: what can go wrong is played to the user's own gates."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from gates.check import main
from gates.checklist import Checklist
from gates.conditions.baseline import Baseline
from gates.conditions.burn_rate import BurnRate
from gates.conditions.comparison import Comparison
from gates.conditions.error_budget import ErrorBudget
from gates.conditions.latency import Latency
from gates.conditions.promql import Limit, PromQl
from gates.conditions.success_rate import SuccessRate
from gates.gate import Condition, GateResult, Kind, QualityGate, Verdict
from gates.instant import Instant
from gates.looking import unmeasured
from gates.rehearsal.failures import FAILURES, Failure
from gates.rehearsal.self_test import rehearse
from prometheus.errors import PrometheusError
from stack.errors import HqError
from stack.model import PrometheusSettings
from tests.gates.cases import SLI

pytestmark = pytest.mark.e2e

STACK = """
services:
  shop:
    sli: {preset: prometheus-http, selector: {job: shop}}
    objectives: {success_rate: {target: 99.9%}, latency: {under: 300ms, target: 99%}}
prometheus: {url: "http://prometheus.invalid:9090"}
gates: {observe: [error_budget], on_fail: {run: [/bin/false]}}
"""
TABLE = """\
1 is shop success_rate
2 is shop latency
3 is shop error_budget

what happens                   expected    1           2           3
nobody listens                 error       error       error       error
Prometheus hangs               error       error       error       error
the answer breaks off          error       error       error       error
credentials are refused (401)  error       error       error       error
there is no API (404)          error       error       error       error
an internal error (500)        error       error       error       error
Prometheus is starting (503)   error       error       error       error
a login page                   error       error       error       error
half a JSON document           error       error       error       error
JSON of something else         error       error       error       error
the query fails                error       error       error       error
a part of the data is missing  error       error       error       error
series that nobody asked for   error       error       error       error
several series instead of one  error       error       error       error
NaN                            error       error       error       error
NaN among the bad ones         error       error       error       error
infinity                       error       error       error       error
a negative count               error       error       error       error
more of them than requests     error       error       error       error
each series is there twice     error       error       error       error
no such series                 undecided   undecided   undecided   undecided
no requests                    undecided   undecided   undecided   undecided
a single request               undecided   undecided   undecided   undecided
a dead target                  undecided   undecided   undecided   undecided
stale samples                  undecided   undecided   undecided   undecided
all series have ended          undecided   undecided   undecided   undecided
the history is too short       undecided   undecided   undecided   undecided
the service hangs              undecided   undecided   undecided   undecided
all is bad                     fail        fail        fail        fail
a counter was reset            pass        pass        pass        pass
no series of failures          pass        pass        pass        pass
all is well                    pass        pass        pass        pass

SOUND: 32 things happened to 3 gates, and no verdict is a guess (exit code 0)
"""
HOUR = 3600.0
BAD, SLOW = Kind.SUCCESS_RATE, Kind.LATENCY
STABLE = Baseline((("version", "stable"),))
CANARY = Baseline((("version", "stable"),), (("version", "canary"),))
TIGHT = Decimal("0.999999")


def checklist(*conditions: Condition, window: float = 600.0) -> Checklist:
    gates = tuple(QualityGate(f"gate {n}", "shop", condition, window) for n, condition in enumerate(conditions, 1))
    return Checklist(Path("gates.yaml"), gates, PrometheusSettings(), Path("/nonexistent/journal.jsonl"))


def rehearsed(tested: Checklist) -> tuple[int, str]:
    said: list[str] = []
    return rehearse(tested, said.append), "\n".join(said)


def test_the_gates_of_a_stack_never_guess(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stack = tmp_path / "stack.yaml"
    stack.write_text(STACK)
    assert main(["--stack", str(stack), "--self-test"]) == 0
    out, err = capsys.readouterr()
    assert (out, err) == (TABLE, "")
    assert [path.name for path in tmp_path.iterdir()] == ["stack.yaml"]


@pytest.mark.parametrize(
    "condition",
    [
        SuccessRate(SLI, TIGHT),
        SuccessRate(replace(SLI, bad=None, good="good_total"), TIGHT, Decimal("0.9999995")),
        SuccessRate(replace(SLI, job="shop"), Decimal("0.5")),
        Latency(SLI, 0.3, TIGHT),
        Latency(replace(SLI, bucket_unit=0.001), 0.25, Decimal("0.99"), Decimal("0.999")),
        ErrorBudget(SLI, TIGHT, Decimal("0.5")),
        BurnRate(SLI, Decimal("0.999"), Decimal(6), (300.0, HOUR), Decimal(3)),
        Comparison(SLI, BAD, STABLE, margin=Decimal("0.001")),
        Comparison(SLI, BAD, CANARY, factor=Decimal("1.2")),
        Comparison(replace(SLI, bad=None, good="good_total"), BAD, Baseline(offset=604800.0), Decimal("0.001")),
        Comparison(SLI, BAD, Baseline(previous_release=True), factor=Decimal(2)),
        Comparison(SLI, SLOW, STABLE, margin=Decimal("0.01")),
        Comparison(replace(SLI, bucket_unit=0.001), SLOW, Baseline(offset=604800.0), factor=Decimal("1.5")),
        PromQl("max(queue_depth)", Limit.parse("< 100"), Limit.parse("< 80"), 'queue_depth{job="q"}'),
        PromQl("queue_depth", Limit.parse(">= -3")),
        PromQl("queue_depth", Limit.parse("== 0")),
        PromQl("queue_depth", Limit.parse("!= 0"), Limit.parse("> 5")),
    ],
)
def test_every_kind_of_gate_says_what_is_expected(condition: Condition) -> None:
    code, said = rehearsed(checklist(condition))
    rows = said.partition("what happens")[2].partition("\n\n")[0].splitlines()[1:]
    told = {row[:29].rstrip(): row[31:].split() for row in rows}
    assert [name for name, (expected, verdict) in told.items() if verdict not in (expected, "-")] == []
    assert len(told) >= 20
    assert code == 0
    assert said.endswith(f"SOUND: {len(told)} things happened to 1 gate, and no verdict is a guess (exit code 0)")


def test_a_query_of_which_nothing_else_is_known_guesses() -> None:
    code, said = rehearsed(checklist(PromQl("max(queue_depth)", Limit.parse("< 100"))))
    assert code == 1
    assert "\na dead target                  undecided   pass !\n" in said
    assert said.endswith(
        "\n\nshop gate 1 guesses: it says pass to a dead target, stale samples, all series have ended\n"
        "What to do: name the series behind a query in `alive`, so that it is known whether they live.\n"
        "GUESSED: 22 things happened to 1 gate, and 3 verdicts are guesses (exit code 1)"
    )


def broken(monkeypatch: pytest.MonkeyPatch, expected: type[Exception], verdict: Verdict) -> None:
    """Makes the latency's gate say `verdict` wherever it cannot know."""
    sound = Latency.check

    def check(self: Latency, gate: QualityGate, instant: Instant) -> GateResult:
        try:
            result = sound(self, gate, instant)
        except expected as error:
            return replace(unmeasured(gate, error), verdict=verdict)
        return replace(result, verdict=verdict) if result.verdict is Verdict.UNDECIDED else result

    monkeypatch.setattr(Latency, "check", check)


def test_a_gate_that_passes_without_data_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    broken(monkeypatch, ZeroDivisionError, Verdict.PASS)
    code, said = rehearsed(checklist(SuccessRate(SLI, TIGHT), Latency(SLI, 0.3, TIGHT)))
    assert code == 1
    assert "\nno such series                 undecided   undecided   pass !\n" in said
    assert said.endswith(
        "\n\nshop gate 2 guesses: it says pass to no such series, no requests, a single request, a dead target, "
        "stale samples, all series have ended, the history is too short, the service hangs\n"
        "GUESSED: 32 things happened to 2 gates, and 8 verdicts are guesses (exit code 1)"
    )


def test_a_gate_that_fails_when_nobody_answers_guesses_too(monkeypatch: pytest.MonkeyPatch) -> None:
    broken(monkeypatch, PrometheusError, Verdict.FAIL)
    code, said = rehearsed(checklist(Latency(SLI, 0.3, TIGHT)))
    assert code == 1
    assert "\ncredentials are refused (401)  error       fail !\n" in said


@pytest.mark.parametrize("failure", [failure for failure in FAILURES if failure.expected is Verdict.PASS])
def test_a_gate_that_fails_although_all_is_well_guesses(failure: Failure) -> None:
    assert failure.is_a_guess(Verdict.FAIL)
    assert not failure.is_a_guess(Verdict.UNDECIDED)


def test_a_gate_that_can_never_pass_is_named_with_its_reason() -> None:
    code, said = rehearsed(checklist(SuccessRate(SLI, Decimal("0.99999999"))))
    assert code == 0
    line = next(line for line in said.splitlines() if "never passes" in line)
    assert line.startswith("shop gate 1 never passes here, even when all is well: ")
    assert line.endswith("so few requests prove neither that it is reached nor that it is missed")


def test_more_gates_than_fit_get_more_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gates.rehearsal.self_test.FAILURES", FAILURES[-3:])
    code, said = rehearsed(checklist(*[SuccessRate(SLI, TIGHT)] * 8))
    assert code == 0
    tables = [line for line in said.splitlines() if line.startswith("what happens")]
    assert tables == [
        "what happens           expected    1           2           3           4           5           6",
        "what happens           expected    7           8",
    ]


def test_a_window_that_is_too_short_is_refused_as_in_a_check() -> None:
    with pytest.raises(HqError, match="the window of gate 1 for shop, 30s, is too short to count in"):
        rehearsed(checklist(SuccessRate(SLI, TIGHT), window=30.0))


def test_an_exception_that_is_no_verdict_of_ours_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("gates.rehearsal.self_test.look", crash)
    with pytest.raises(ZeroDivisionError):
        rehearsed(checklist(SuccessRate(SLI, TIGHT)))
