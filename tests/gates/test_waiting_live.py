"""`--wait` through the command: it looks at a growing window until that proves something, and ends when told to."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gates.check import main
from tests.gates.fake_prometheus import answering, vector
from tests.gates.history import History, prometheus_with

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parent.parent.parent
STACK = """
services:
  shop:
    sli: {{preset: prometheus-http, selector: {{job: shop}}}}
    objectives: {{success_rate: {{target: {target}}}}}
prometheus: {{url: "{url}", scrape_interval: 1s}}
gates: {{window: 20s, observe: [error_budget]{more}}}
"""
TOO_FEW = {
    "requests": "100",
    "counted requests": "0",
    "steps with data": "20",
    "recent requests": "25",
    "newest sample": "1799999998",
}


def stack(directory: Path, url: str, target: str = "99.5%", more: str = "") -> Path:
    path = directory / "stack.yaml"
    path.write_text(STACK.format(url=url, target=target, more=more))
    return path


@pytest.fixture(scope="module")
def present(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Prometheus that holds the last minutes and the next ones of a service with 40 requests a second."""
    now = float(int(time.time()))
    history = History(now, interval=1.0)
    history.traffic("shop", rate=40, since=300.0, until=-900.0)
    history.traffic("bad", rate=40, bad=0.5, since=300.0, until=-900.0)
    with prometheus_with(history, tmp_path_factory.mktemp("present") / "prometheus") as url:
        yield url


def test_the_window_grows_until_it_proves_that_the_target_is_reached(
    tmp_path: Path, present: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = stack(tmp_path, present)
    assert main(["--stack", str(path), "--gate", "success_rate", "--format", "json"]) == 0  # enough for one look
    capsys.readouterr()
    assert main(["--stack", str(path), "--gate", "success_rate", "--wait", "5m", "--every", "1s", "--no-record"]) == 0
    said = capsys.readouterr()
    first, last = said.err.splitlines()
    assert re.fullmatch(
        r"at the first look: undecided: shop success_rate undecided \(\d{3} of about 947 requests\)", first
    )
    assert re.fullmatch(r"after \d+ looks in .*s: pass: shop success_rate pass", last)
    assert re.search(r"^The gates at .* UTC, after \d+ looks in .*s$", said.out, re.MULTILINE)
    found = re.search(r"100% of (\d+|\d,\d{3}) requests succeeded in (\d+)s", said.out)
    assert found is not None
    assert int(found[1].replace(",", "")) >= 947
    assert int(found[2]) > 20


def test_windows_begin_no_earlier_than_the_release_and_grow_from_there(
    tmp_path: Path, present: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = stack(tmp_path, present, target="98%")
    since = str(int(time.time()) - 4)
    options = ["--since", since, "--gate", "success_rate", "--wait", "5m", "--every", "1s", "--no-record"]
    assert main(["--stack", str(path), *options]) == 0
    said = capsys.readouterr()
    assert "at the first look: undecided: shop success_rate undecided (" in said.err  # younger than four scrapes
    assert said.err.splitlines()[-1].endswith("pass: shop success_rate pass")


def test_a_failure_is_not_waited_for(tmp_path: Path, present: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = stack(tmp_path, present)
    path.write_text(path.read_text().replace("job: shop", "job: bad"))
    begun = time.monotonic()
    assert main(["--stack", str(path), "--gate", "success_rate", "--wait", "10m", "--no-record"]) == 1
    assert time.monotonic() - begun < 300
    assert capsys.readouterr().err == "at the first look: fail: shop success_rate fail\n"


def test_at_the_deadline_undecided_is_the_answer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with answering(lambda _: vector(TOO_FEW)) as url:
        path = stack(tmp_path, url)
        options = ["--gate", "success_rate", "--wait", "200ms", "--every", "50ms", "--no-record"]
        assert main(["--stack", str(path), *options]) == 3
    said = capsys.readouterr()
    assert said.err == "at the first look: undecided: shop success_rate undecided (100 of about 947 requests)\n"
    assert "About 947 requests like these settle it; at 5 a second that is 3m more." in said.out


def test_a_replay_tells_how_long_was_waited(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    evidence = tmp_path / "evidence.json"
    with answering(lambda _: vector(TOO_FEW)) as url:
        path = stack(tmp_path, url)
        options = ["--gate", "success_rate", "--wait", "1200ms", "--every", "600ms", "--no-record"]
        assert main(["--stack", str(path), *options, "--evidence", str(evidence)]) == 3
    judged = capsys.readouterr().out
    assert re.match(r"The gates at .* UTC, after \d looks in \d+s\n", judged)
    assert main(["--replay", str(evidence)]) == 3
    assert capsys.readouterr().out == judged


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_while_waiting_remediates_and_records_nothing(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    with answering(lambda _: vector(TOO_FEW)) as url:
        path = stack(tmp_path, url, more=", on_fail: {run: [touch, remediated], when: [fail, error, undecided]}")
        check = subprocess.Popen(
            [sys.executable, "-m", "gates.check", "--stack", str(path), "--gate", "success_rate", "--wait", "10m"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        assert check.stderr is not None
        assert check.stderr.readline().startswith("at the first look: undecided")
        check.send_signal(number)
        said = check.communicate(timeout=60)
    assert (check.returncode, said) == (code, ("", ""))
    assert [found.name for found in tmp_path.iterdir()] == ["stack.yaml"]
