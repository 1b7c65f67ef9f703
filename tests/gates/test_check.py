"""`python -m gates.check` and `dev-hq quality check`: options, exit codes, reports and records."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gates.automated import AutomatedQualityGate
from gates.check import main
from gates.formats import FORMATS
from gates.gate import GateReport, GateResult, Kind, Verdict
from stack.address import Address, free_address
from stack.journal import Journal
from stack.loader import load_stack
from stack.placement import write_placement
from tests.gates.fake_prometheus import answering
from tests.gates.past import Past

OBJECTIVES = "{success_rate: {target: 99.5%}, latency: {under: 300ms, target: 99%}}"
OBSERVE = "gates: {observe: [error_budget]}\n"
ENOUGH = "UNDECIDED: there is not enough evidence to pass (exit code 3)"
UNMEASURED = "ERROR: what is needed could not be measured (exit code 4)"
NO_TIME = (
    "is not a time; write it with its zone, like 2026-11-22T10:00:00Z, or as seconds since 1970, such as $(date +%s)"
)
NO_DURATION = "is not a duration; write a number and a unit, such as 300ms, 10s, 5m, 1h or 30d"
ROOT = Path(__file__).parent.parent.parent


def result(verdict: Verdict, *, required: bool = True) -> GateResult:
    return GateResult("success_rate", "shop", Kind.SUCCESS_RATE, verdict, required, 600.0, 0.995, "because")


def unreachable(directory: Path, more: str = "") -> Path:
    path = directory / "stack.yaml"
    path.write_text(
        "services:\n  shop:\n    sli: {preset: prometheus-http, selector: {job: shop}}\n"
        f"    objectives: {OBJECTIVES}\nprometheus: {{url: 'http://{free_address('127.0.0.1')}'}}\n{more}"
    )
    return path


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        ("pass", 0),
        ("pass warn", 0),
        ("fail", 1),
        ("undecided", 3),
        ("error", 4),
        ("pass undecided", 3),
        ("undecided error", 4),
        ("error undecided fail warn pass", 1),
        ("", 3),
    ],
)
def test_a_proven_failure_outranks_an_unknown_and_an_unknown_is_never_0(verdicts: str, code: int) -> None:
    assert GateReport(tuple(result(Verdict(word)) for word in verdicts.split()), 0.0).exit_code == code


def test_a_warning_stops_a_release_only_when_strict() -> None:
    warned = (result(Verdict.WARN), result(Verdict.PASS))
    assert GateReport(warned, 0.0, strict=True).exit_code == 1
    assert GateReport(warned, 0.0).exit_code == 0


@pytest.mark.parametrize("verdict", Verdict)
def test_a_gate_that_observes_changes_no_exit_code(verdict: Verdict) -> None:
    assert GateReport((result(Verdict.PASS), result(verdict, required=False)), 0.0).exit_code == 0
    assert GateReport((result(verdict, required=False),), 0.0).exit_code == 3


@pytest.mark.e2e
def test_the_report_says_what_was_measured_the_limit_the_verdict_and_what_to_do(
    past: Past, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = past.stack(tmp_path, "healthy", OBJECTIVES, OBSERVE)
    assert main(["--stack", str(path), "--at", str(past.at), "--no-record"]) == 0
    assert capsys.readouterr() == (
        f"""\
The gates at {datetime.fromtimestamp(past.at, UTC):%Y-%m-%d %H:%M:%S} UTC

PASS      healthy success_rate
  99.9% of 6,000 requests succeeded in 10m; at least 99.5% is due
  With 95% confidence at least 99.78%, and at most 99.96%.

PASS      healthy latency
  99.9% of 6,000 requests took at most 300ms in 10m; at least 99% is due
  With 95% confidence at least 99.78%, and at most 99.96%.

UNDECIDED healthy error_budget (observes)
  the history covers about 2h (0.28%) of the 30d window (so far 36 of 36,145 requests failed, where 181 may)
  What to do: Wait until the window has filled, or judge a shorter one.

PASS: every required gate passes (exit code 0)
""",
        "",
    )
    assert not (tmp_path / "var").exists()


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("job", "more", "last_line"),
    [
        ("failing", "", "FAIL: failing success_rate (exit code 1)"),
        ("sparse", OBSERVE, ENOUGH),
        ("not-a-number", "", UNMEASURED),
        (
            "healthy",
            "gates: {observe: [success_rate, latency, error_budget]}\n",
            "UNDECIDED: no required gate was asked, and nothing judged is no pass (exit code 3)",
        ),
    ],
)
def test_exit_codes(past: Past, tmp_path: Path, job: str, more: str, last_line: str) -> None:
    path = past.stack(tmp_path, job, "{success_rate: {target: 99.5%}}", more)
    check = [sys.executable, "-m", "gates.check", "--stack", str(path), "--at", str(past.at), "--no-record"]
    done = subprocess.run(check, capture_output=True, text=True, cwd=ROOT, timeout=60, check=False)
    assert (done.stdout.splitlines()[-1], done.stderr) == (last_line, "")
    assert last_line.endswith(f"(exit code {done.returncode})")


@pytest.mark.e2e
def test_gates_and_window_can_be_chosen(past: Past, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = past.stack(tmp_path, "sparse", "{success_rate: {target: 99.5%}}")
    options = ["--stack", str(path), "--at", str(past.at), "--no-record"]
    assert main([*options, "--gate", "success_rate", "--window", "20m", "--service", "sparse"]) == 0
    assert "100% of 841 requests succeeded in 20m" in capsys.readouterr().out


@pytest.mark.e2e
def test_json_holds_all_that_the_text_says(past: Past, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = past.stack(tmp_path, "healthy", "{success_rate: {target: 99.5%}}")
    options = ["--stack", str(path), "--at", str(past.at), "--no-record", "--format", "json"]
    assert main([*options, "--gate", "success_rate"]) == 0
    report = json.loads(capsys.readouterr().out)
    (gate,) = report["gates"]
    assert gate.pop("interval") == [pytest.approx(0.99781, abs=1e-5), pytest.approx(0.99964, abs=1e-5)]
    assert gate.pop("actual") == pytest.approx(0.999, abs=1e-4)
    assert gate.pop("requests") == pytest.approx(6000)
    assert gate.pop("bad") == [pytest.approx(6, abs=0.2)] * 2
    assert report == {
        "version": 1,
        "verdict": "pass",
        "exit_code": 0,
        "exit_code_unless_dry_run": 0,
        "at": past.at,
        "run_id": report["run_id"],
        "strict": False,
        "dry_run": False,
        "looks": 1,
        "waited_seconds": 0.0,
        "remediation": None,
        "journal_problem": None,
        "gates": [
            {
                "gate": "success_rate",
                "service": "healthy",
                "kind": "success_rate",
                "verdict": "pass",
                "required": True,
                "threshold": 0.995,
                "confidence": 0.95,
                "dispersion": 1.0,
                "place": f"{path}:5",
                "window_seconds": 600.0,
                "coverage": 1.0,
                "needed": None,
                "needed_seconds": None,
                "reason": "99.9% of 6,000 requests succeeded in 10m; at least 99.5% is due",
                "advice": "",
                "notes": [],
            }
        ],
    }


@pytest.mark.e2e
def test_every_verdict_goes_to_the_journal(past: Past, tmp_path: Path) -> None:
    path = past.stack(tmp_path, "unheard-of", "{success_rate: {target: 99.5%}}", OBSERVE)
    assert main(["--stack", str(path), "--at", str(past.at), "--run-id", "build-7"]) == 3
    reason = 'there is no data: no series matches http_requests_total{job="unheard-of"}'
    of_all = {"run_id": "build-7", "service": "unheard-of", "verdict": "undecided", "actual": None, "reason": reason}
    assert [(record.kind, record.data) for record in Journal(tmp_path / "var" / "journal.jsonl").read()] == [
        ("gate_verdict", {**of_all, "gate": "success_rate", "threshold": 0.995, "required": True}),
        ("gate_verdict", {**of_all, "gate": "error_budget", "threshold": 0.0, "required": False}),
    ]


@pytest.mark.e2e
def test_a_journal_that_cannot_be_written_costs_a_warning_and_no_verdict(
    past: Past, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = past.stack(tmp_path, "healthy", OBJECTIVES, OBSERVE)
    (tmp_path / "var" / "journal.jsonl").mkdir(parents=True)
    assert main(["--stack", str(path), "--at", str(past.at)]) == 0
    said = capsys.readouterr()
    assert said.out.endswith("PASS: every required gate passes (exit code 0)\n")
    journal = tmp_path / "var" / "journal.jsonl"
    assert said.err == (
        f"warning: the verdicts are not recorded: the journal {journal} cannot be written: Is a directory\n"
    )


@pytest.mark.e2e
def test_dev_hq_quality_check_says_the_same(past: Past, tmp_path: Path) -> None:
    path = past.stack(tmp_path, "failing", OBJECTIVES, OBSERVE)
    options = ["--at", str(past.at), "--no-record"]
    ways = (
        ["gates.check", "--stack", str(path), *options],
        ["hq.cli", "--stack", str(path), "quality", "check", *options],
    )
    answers = [
        subprocess.run(
            [sys.executable, "-m", *words], capture_output=True, text=True, cwd=ROOT, timeout=60, check=False
        )
        for words in ways
    ]
    assert [(answer.returncode, answer.stderr) for answer in answers] == [(1, ""), (1, "")]
    assert answers[0].stdout == answers[1].stdout


@pytest.mark.e2e
def test_the_stack_is_asked_where_it_runs(past: Past, tmp_path: Path) -> None:
    path = past.stack(tmp_path, "healthy", OBJECTIVES, OBSERVE)
    wished = free_address("127.0.0.1")
    path.write_text(path.read_text().replace(past.url, f"http://{wished}"))
    options = ["--stack", str(path), "--at", str(past.at), "--no-record"]
    assert main(options) == 4
    write_placement(tmp_path / "var", {wished: Address.of_url(past.url)})
    assert main(options) == 0


@pytest.mark.e2e
def test_the_reader_may_go_away(past: Past, tmp_path: Path) -> None:
    path = past.stack(tmp_path, "failing", OBJECTIVES, OBSERVE)
    reading, writing = os.pipe()
    os.close(reading)
    check = [sys.executable, "-m", "gates.check", "--stack", str(path), "--at", str(past.at), "--no-record"]
    done = subprocess.run(check, stdout=writing, stderr=subprocess.PIPE, text=True, cwd=ROOT, timeout=60, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.e2e
def test_a_moment_in_the_future_is_refused(past: Past, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = past.stack(tmp_path, "healthy", OBJECTIVES)
    assert main(["--stack", str(path), "--at", str(time.time() + 3600)]) == 2
    assert capsys.readouterr().err == (
        "gates.check: the time to judge lies in the future of Prometheus; give one that has passed\n"
    )


def test_prometheus_down_is_an_error_for_every_gate_after_one_wait(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = unreachable(tmp_path)
    url = load_stack(path).prometheus.url
    assert main(["--stack", str(path)]) == 4
    said = capsys.readouterr()
    reason = f"Prometheus at {url} refused the connection; is it running?"
    todo = "Mend what is measured or where it is asked, then check again; nothing is known of the release."
    gates = "\n\n".join(
        f"ERROR     shop {gate}\n  {reason}\n  What to do: {todo}"
        for gate in ("success_rate", "latency", "error_budget")
    )
    assert said == (
        f"The gates, without an answer from Prometheus\n\n{gates}\n\n"
        "ERROR: what is needed could not be measured (exit code 4)\n",
        "",
    )
    assert [record.data["verdict"] for record in Journal(tmp_path / "var" / "journal.jsonl").read()] == ["error"] * 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--service", "shpo"], 'there is no service "shpo"; did you mean "shop"?'),
        (["--gate", "speed"], 'there is no gate "speed"; there is success_rate, latency, error_budget'),
        (
            ["--window", "30s"],
            "the window, 30s, is too short to count in: {url} scrapes every 15s, so make it at least 1m",
        ),
    ],
)
def test_usage_that_the_stack_refuses(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], message: str
) -> None:
    path = unreachable(tmp_path)
    assert main(["--stack", str(path), *options]) == 2
    url = load_stack(path).prometheus.url
    assert capsys.readouterr() == ("", f"gates.check: {message.format(url=url)}\n")


def test_a_gate_without_an_objective_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = unreachable(tmp_path)
    path.write_text(path.read_text().replace(OBJECTIVES, "{success_rate: {target: 99%}}"))
    assert main(["--stack", str(path), "--gate", "latency"]) == 2
    assert capsys.readouterr().err == 'gates.check: there is no gate "latency"; there is success_rate, error_budget\n'


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--window", "10"], f'argument --window: "10" {NO_DURATION}'),
        (["--window", "0s"], 'argument --window: must be a duration from 1ms to 90d, not "0s"'),
        (["--window", "91d"], 'argument --window: must be a duration from 1ms to 90d, not "91d"'),
        (["--at", "noon"], f'argument --at: "noon" {NO_TIME}'),
        (["--at", "2026-11-22T10:00:00"], f'argument --at: "2026-11-22T10:00:00" {NO_TIME}'),
        (["--at", "nan"], f'argument --at: "nan" {NO_TIME}'),
        (["--format", "xml"], f"argument --format: invalid choice: 'xml' (choose from {str(FORMATS)[1:-1]})"),
        (["--wiat"], "unrecognized arguments: --wiat"),
    ],
)  # fmt: skip
def test_usage(capsys: pytest.CaptureFixture[str], options: list[str], message: str) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(options)
    assert stopped.value.code == 2
    assert capsys.readouterr().err.splitlines()[-1] == f"python -m gates.check: error: {message}"


def test_a_stack_that_is_broken_or_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "stack.yaml"
    assert main(["--stack", str(path)]) == 2
    assert capsys.readouterr() == (
        "",
        f"gates.check: there is no file {path}; run this where your stack.yaml lies, "
        "name it with --stack, or write one: dev-hq init\n",
    )
    path.write_text("services: {}\n")
    assert main(["--stack", str(path)]) == 2
    assert capsys.readouterr() == ("", f"gates.check: {path}:1: services must name at least one service\n")


def test_a_mistake_of_ours_is_no_failed_gate(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_words: object, **_more: object) -> GateReport:
        raise ZeroDivisionError

    monkeypatch.setattr(AutomatedQualityGate, "check_all_gates", broken)
    assert main(["--stack", str(unreachable(tmp_path))]) == 4
    assert "ZeroDivisionError" in capsys.readouterr().err


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_says_nothing_and_records_nothing(tmp_path: Path, number: signal.Signals, code: int) -> None:
    asked, let_go = threading.Event(), threading.Event()

    def hang(_query: str) -> bytes:
        asked.set()
        let_go.wait(30)
        return b"{}"

    with answering(hang, asks_time=hang) as url:
        path = unreachable(tmp_path)
        path.write_text(path.read_text().replace(load_stack(path).prometheus.url, url))
        check = subprocess.Popen(
            [sys.executable, "-m", "gates.check", "--stack", str(path)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        assert asked.wait(20)
        check.send_signal(number)
        said = check.communicate(timeout=20)
        let_go.set()
    assert (check.returncode, said) == (code, ("", ""))
    assert not (tmp_path / "var").exists()


def test_the_http_client_is_imported_only_when_prometheus_is_asked() -> None:
    program = "import gates.check, sys; print('requests' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, timeout=60, check=True
    )
    assert done.stdout == "False\n"
