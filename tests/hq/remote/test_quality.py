"""Gates that are judged on another machine: the report and the exit code are those of a check there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.formats import FORMATS, render
from gates.formats.json import document
from gates.gate import GateReport, GateResult, Kind, Place, Verdict
from gates.remedies.remedy import Remedy
from hq.remote.answer import read_json
from hq.remote.quality import read_report
from tests.hq.remote.conftest import Hq
from tests.hq.remote.fake_server import FakeHq, Says, refuses

CHECK = "POST /api/quality/check"
RESULT = GateResult(
    gate="success_rate",
    service="shop",
    kind=Kind.SUCCESS_RATE,
    verdict=Verdict.FAIL,
    required=True,
    window=600.0,
    threshold=0.995,
    reason="98% of 1,000 requests succeeded, less than 99.5%",
    advice="Roll back.",
    actual=0.98,
    interval=(0.97, 0.99),
    requests=1000.0,
    bad=(20.0, 20.0),
    notes=("one series was stale",),
    place=Place("stack.yaml", 7),
)
REPORT = GateReport((RESULT,), at=1795341600.0, run_id="r1")

numbers = st.floats(allow_nan=False, allow_infinity=False)
pairs = st.none() | st.tuples(numbers, numbers)
words = st.text(max_size=20).filter(lambda text: text.isprintable())
results = st.builds(
    GateResult,
    gate=words, service=words, kind=st.sampled_from(Kind), verdict=st.sampled_from(Verdict), required=st.booleans(),
    window=numbers, threshold=numbers, reason=words, advice=words, needed=st.none() | st.integers(0, 10**9),
    needed_seconds=st.none() | numbers, actual=st.none() | numbers, interval=pairs, confidence=numbers,
    requests=st.none() | numbers, bad=pairs, dispersion=st.none() | numbers, coverage=st.none() | numbers,
    notes=st.lists(words, max_size=2).map(tuple),
    place=st.none() | st.builds(Place, st.sampled_from(["a.yaml", "C:b:7"]), st.integers(1, 99999)),
)  # fmt: skip
reports = st.builds(
    GateReport,
    st.lists(results, max_size=3).map(tuple), at=st.none() | numbers, strict=st.booleans(), run_id=words,
    looks=st.integers(1, 9), waited=numbers, journal_problem=st.none() | words,
    remedy=st.none() | st.builds(Remedy, words, words, st.none() | words),
)  # fmt: skip


@given(reports)
def test_a_report_comes_back_from_its_document(report: GateReport) -> None:
    assert read_report(read_json(json.dumps(document(report)).encode())) == report


def said(report: GateReport) -> Says:
    return Says(body=document(report))


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_that_of_a_check_there(name: str, fake: FakeHq, hq: Hq) -> None:
    fake.on(CHECK, said(REPORT))
    assert hq("quality", "check", "--format", name) == (1, render(REPORT, name) + "\n", "")


def test_what_is_asked(fake: FakeHq, hq: Hq) -> None:
    fake.on(CHECK, said(REPORT))
    hq("quality", "check")
    hq(
        "quality", "check", "--gate", "a", "b", "--service", "shop", "--window", "5m", "--strict", "--no-remediate",
        "--run-id", "release-7",
    )  # fmt: skip
    plain, full = fake.heard(CHECK)
    assert plain.body == {"strict": False, "remediate": True, "run_id": plain.headers["Idempotency-Key"]}
    assert full.body == {
        "gates": ["a", "b"], "services": ["shop"], "window_seconds": 300.0, "strict": True, "remediate": False,
        "run_id": "release-7",
    }  # fmt: skip
    assert full.headers["Idempotency-Key"] == "release-7"


def test_a_dry_run_stops_and_remedies_nothing(fake: FakeHq, hq: Hq) -> None:
    fake.on(CHECK, said(REPORT))
    code, out, _ = hq("quality", "check", "--dry-run")
    assert code == 0
    assert out.endswith("FAIL: shop success_rate (exit code 0, for this is a dry run; it would be 1)\n")
    assert fake.asked[0].body["remediate"] is False


def test_reports_are_written_here(fake: FakeHq, hq: Hq, tmp_path: Path) -> None:
    fake.on(CHECK, said(REPORT))
    assert hq("quality", "check", "-o", "junit=gates.xml")[0] == 1
    assert (tmp_path / "gates.xml").read_text() == render(REPORT, "junit") + "\n"


def judged(verdict: Verdict, **more: Any) -> GateReport:
    from dataclasses import replace

    return replace(REPORT, results=(replace(RESULT, verdict=verdict),), **more)


@pytest.mark.parametrize(
    ("report", "code"),
    [
        (judged(Verdict.PASS), 0),
        (judged(Verdict.WARN), 0),
        (judged(Verdict.WARN, strict=True), 1),
        (judged(Verdict.FAIL), 1),
        (judged(Verdict.UNDECIDED), 3),
        (judged(Verdict.ERROR), 4),
        (judged(Verdict.FAIL, remedy=Remedy.failed("webhook", "answered 500")), 5),
        (GateReport((), None), 3),
    ],
)
def test_exit_codes(report: GateReport, code: int, fake: FakeHq, hq: Hq) -> None:
    fake.on(CHECK, said(report))
    assert hq("quality", "check")[0] == code


BROKEN = [
    {**document(judged(Verdict.FAIL)), "exit_code": 0},
    {**document(judged(Verdict.FAIL)), "gates": []},
    {**document(judged(Verdict.PASS)), "version": 2},
    {**document(judged(Verdict.PASS)), "gates": [{}]},
    {**document(judged(Verdict.PASS)), "gates": None},
    {**document(judged(Verdict.PASS)), "at": "now"},
    {**document(judged(Verdict.PASS)), "remediation": {"action": 1}},
    {**document(judged(Verdict.PASS)), "waited_seconds": [1]},
    {},
    [],
]


@pytest.mark.parametrize("body", BROKEN)
def test_a_report_that_makes_no_sense_is_no_pass(body: object, fake: FakeHq, hq: Hq) -> None:
    fake.on(CHECK, Says(body=body))
    code, out, err = hq("quality", "check")
    assert (code, out) == (4, "")
    assert err.startswith(f"error: the server {fake.url} answered with ")
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("says", "code", "told"),
    [
        (refuses(422, 'there is no gate "x"'), 2, 'dev-hq: the server {url} says: there is no gate "x"'),
        (refuses(403, "not for quality"), 2, "dev-hq: the server {url} says: not for quality"),
        (refuses(500, "the gates cannot be read"), 4, "error: the server {url} says: the gates cannot be read"),
        (Says(200, "<html>"), 4, "error: the server {url} answered with JSON that breaks off or is not valid"),
    ],
)  # fmt: skip
def test_refusals(says: Says, code: int, told: str, fake: FakeHq, hq: Hq) -> None:
    fake.on(CHECK, says)
    assert hq("quality", "check") == (code, "", told.format(url=fake.url) + "\n")


def test_a_busy_server_is_asked_again_with_the_same_run_id(fake: FakeHq, hq: Hq) -> None:
    fake.on(CHECK, refuses(503, "4 checks are going on already", Retry_After="1"), Says(breaks=True), said(REPORT))
    assert hq("quality", "check")[0] == 1
    assert len({one.body["run_id"] for one in fake.heard(CHECK)}) == 1
    assert len(fake.heard(CHECK)) == 3


MOMENT = "the server judges the moment at which it is asked"
OWN = "the server judges its own gates; `dev-hq serve --gates FILE` there names others"
HERE = "it is for gates that are judged on this machine"


@pytest.mark.parametrize(
    ("words", "option", "reason"),
    [
        (["-c", "gates.yaml"], "--config", OWN),
        (["--var", "a=b"], "--var", OWN),
        (["--at", "1795341600"], "--at", MOMENT),
        (["--at", "0"], "--at", MOMENT),
        (["--since", "1795341600"], "--since", MOMENT),
        (["--wait", "1m"], "--wait", MOMENT),
        (["--every", "1m"], "--every", MOMENT),
        (["--evidence", "e.json"], "--evidence", HERE),
        (["--replay", "e.json"], "--replay", HERE),
        (["--validate"], "--validate", HERE),
        (["--explain"], "--explain", HERE),
        (["--self-test"], "--self-test", HERE),
        (["--no-record"], "--no-record", "the server writes every verdict down"),
    ],
)
def test_options_for_this_machine_only(words: list[str], option: str, reason: str, fake: FakeHq, hq: Hq) -> None:
    assert hq("quality", "check", *words) == (2, "", f"dev-hq: {option} cannot be used with --server: {reason}\n")
    assert fake.asked == []


def test_the_module_for_pipelines_has_no_server(fake: FakeHq, capsys: pytest.CaptureFixture[str]) -> None:
    from gates.check import main

    with pytest.raises(SystemExit):
        main(["--server", fake.url])
    assert "unrecognized arguments: --server" in capsys.readouterr().err
