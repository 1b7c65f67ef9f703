"""Reports as files: `-o FORMAT=PATH`, and what becomes of the verdict when one cannot be written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gates.automated import AutomatedQualityGate
from gates.check import main
from gates.formats import FORMATS, render
from gates.gate import GateReport, Verdict
from tests.gates.formats.reports import of, result

ROOT = Path(__file__).parent.parent.parent
STACK = """
services:
  shop: {sli: {preset: prometheus-http, selector: {job: shop}}, objectives: {success_rate: {target: 99%}}}
prometheus: {url: 'http://127.0.0.1:1'}
"""


@pytest.fixture
def stack(tmp_path: Path) -> str:
    path = tmp_path / "stack.yaml"
    path.write_text(STACK)
    return str(path)


def finding(report: GateReport, monkeypatch: pytest.MonkeyPatch) -> GateReport:
    """Lets the gates find this."""
    monkeypatch.setattr(AutomatedQualityGate, "check_all_gates", lambda *_words, **_more: report)
    return report


def test_every_format_can_be_written_at_once(stack: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report = finding(of(result(Verdict.FAIL, reason="ätsch")), monkeypatch)
    paths = {name: tmp_path / f"gates.{name}" for name in FORMATS}
    options = [word for name, path in paths.items() for word in ("-o", f"{name}={path}")]
    assert main(["--stack", stack, *options]) == 1
    assert {name: path.read_bytes().decode() for name, path in paths.items()} == {
        name: f"{render(report, name)}\n" for name in FORMATS
    }
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        [*(f"gates.{name}" for name in FORMATS), "stack.yaml"]
    )


@pytest.mark.parametrize(
    ("verdict", "options", "code"),
    [
        ("pass", [], 2),
        ("pass", ["--dry-run"], 2),
        ("fail", [], 1),
        ("undecided", [], 3),
        ("error", [], 4),
    ],
)
def test_a_report_that_cannot_be_written_costs_a_pass_and_no_other_verdict(
    *,
    stack: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    verdict: str,
    options: list[str],
    code: int,
) -> None:
    report = finding(of(result(Verdict(verdict)), dry_run="--dry-run" in options), monkeypatch)
    nowhere, there = tmp_path / "nowhere" / "gates.xml", tmp_path / "gates.json"
    assert main(["--stack", stack, *options, "-o", f"junit={nowhere}", "-o", f"json={there}"]) == code
    said = capsys.readouterr()
    assert said.err == f"error: the report {nowhere} cannot be written: No such file or directory\n"
    assert said.out == f"{render(report, 'text')}\n"
    assert json.loads(there.read_text())["verdict"] == verdict


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda path: path.mkdir(), "Is a directory"),
        (lambda path: path.symlink_to(path.parent / "stack.yaml" / "gates.xml"), "Not a directory"),
        (lambda path: path.symlink_to("/dev/full"), "No space left on device"),
    ],
)
def test_what_can_be_wrong_with_a_path(
    *,
    stack: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    make,
    problem: str,
) -> None:
    finding(of(result(Verdict.FAIL)), monkeypatch)
    path = tmp_path / "gates.xml"
    make(path)
    assert main(["--stack", stack, "-o", f"junit={path}"]) == 1
    assert capsys.readouterr().err == f"error: the report {path} cannot be written: {problem}\n"


def test_a_report_replaces_what_was_there_and_is_readable_for_others(
    stack: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = finding(of(result()), monkeypatch)
    path, link = tmp_path / "gates.txt", tmp_path / "link.txt"
    path.write_text("a long time ago " * 1000)
    link.symlink_to(path)
    mask = os.umask(0o022)
    try:
        assert main(["--stack", stack, "-o", f"text={link}"]) == 0
    finally:
        os.umask(mask)
    assert path.read_text() == f"{render(report, 'text')}\n"
    assert link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o644


def test_a_report_can_go_into_a_pipe(stack: str) -> None:
    check = [sys.executable, "-m", "gates.check", "--stack", stack, "--no-record", "-o", "json=/dev/stderr"]
    done = subprocess.run(check, capture_output=True, text=True, cwd=ROOT, timeout=60, check=False)
    assert (done.returncode, json.loads(done.stderr)["verdict"]) == (4, "error")


def test_a_screen_without_room_costs_no_verdict(stack: str) -> None:
    check = [sys.executable, "-m", "gates.check", "--stack", stack, "--no-record"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(check, stdout=full, stderr=subprocess.PIPE, text=True, cwd=ROOT, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (4, "error: the report cannot be printed: No space left on device\n")


def test_a_screen_without_unicode_costs_no_verdict(stack: str) -> None:
    program = (
        "import sys; from gates.automated import AutomatedQualityGate; from gates.check import main\n"
        "from tests.gates.formats.reports import of, result\n"
        "AutomatedQualityGate.check_all_gates = lambda *words, **more: of(result(reason='99 ‰'))\n"
        "sys.exit(main(sys.argv[1:]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "--stack", stack],
        capture_output=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"99 \\u2030\n" in done.stdout


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("options", "code"),
    [((), 4), (("--wait", "1s"), 4), (("-o", "json=/nowhere/gates.json"), 4), (("--gate", "typo"), 2)],
)
@pytest.mark.parametrize("trouble", ["2>/dev/full", "2>&-"])
def test_nobody_who_hears_costs_no_verdict(stack: str, trouble: str, options: tuple[str, ...], code: int) -> None:
    check = [sys.executable, "-m", "gates.check", "--stack", stack, "--format", "json", *options]
    done = shell(f'"$@" {trouble}', check)
    assert (done.returncode, done.stderr) == (code, "")
    assert [json.loads(done.stdout)["exit_code"]] == [code] if code == 4 else not done.stdout


def test_a_report_that_nobody_can_read_is_no_pass(stack: str) -> None:
    check = [sys.executable, "-m", "gates.check", "--stack", stack, "--no-record"]
    done = shell('"$@" >&-', [*check, "--dry-run"])
    assert (done.returncode, done.stderr) == (2, "error: the report cannot be printed: the standard output is closed\n")
    assert shell('"$@" >&-', check).returncode == 4


def shell(line: str, words: list[str]) -> subprocess.CompletedProcess[str]:
    """What comes of the words, started by a line of shell."""
    return subprocess.run(
        ["sh", "-c", line, "sh", *words], capture_output=True, text=True, cwd=ROOT, timeout=60, check=False
    )
