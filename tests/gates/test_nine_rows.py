"""Nine ways in which widely used gates let a release through although they do not know.

A test for each, against a real Prometheus; each passes without the trouble, so that the trouble is what is seen.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.gates.history import History, prometheus_with
from tests.gates.past import Past
from tests.gates.remote_read import remote_read

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parent.parent.parent
SUCCESS = "{success_rate: {target: 99.5%}}"
OBSERVE = "gates: {observe: [error_budget]}\n"


def check(*options: object) -> tuple[int, str]:
    """The exit code of the check, and why: the reason of its first gate, or what it says instead of judging."""
    words = [sys.executable, "-m", "gates.check", "--no-record", "--format", "json", *map(str, options)]
    done = subprocess.run(words, capture_output=True, text=True, cwd=ROOT, timeout=60, check=False)
    return done.returncode, json.loads(done.stdout)["gates"][0]["reason"] if done.stdout else done.stderr.strip()


def passes(*options: object) -> bool:
    return check(*options)[0] == 0


def gates_file(directory: Path, url: str, gates: str) -> Path:
    path = directory / "gates.yaml"
    path.write_text(f"version: 1\nprometheus: {{url: '{url}'}}\ngates: {gates}\n")
    return path


def test_empty_result(past: Past, tmp_path: Path) -> None:
    path = past.stack(tmp_path, "healthy", SUCCESS, OBSERVE)
    assert passes("--stack", path, "--at", past.at)
    path.write_text(path.read_text().replace("{job: healthy}", "{job: haelthy}"))
    assert check("--stack", path, "--at", past.at) == (
        3,
        'there is no data: no series matches http_requests_total{job="haelthy"}',
    )


def test_nan(past: Past, tmp_path: Path) -> None:
    path = past.stack(tmp_path, "not-a-number", SUCCESS, OBSERVE)
    assert passes("--stack", path, "--at", past.at - 120)
    assert check("--stack", path, "--at", past.at) == (
        4,
        "the number of requests is nan; a counter that is not a number spoils every sum",
    )


def test_prometheus_down(tmp_path: Path) -> None:
    history = History(time.time() + 60)
    history.traffic("healthy", rate=10)
    with prometheus_with(history, tmp_path / "prometheus") as url:
        path = Past(url, 0.0, tmp_path).stack(tmp_path, "healthy", SUCCESS, OBSERVE)
        assert passes("--stack", path)
    assert check("--stack", path) == (4, f"Prometheus at {url} refused the connection; is it running?")


def test_several_series(tmp_path: Path) -> None:
    history = History(time.time() + 60)
    for instance in ("one:80", "two:80"):
        history.series("queue_depth", {"job": "queue", "instance": instance}, lambda _: 7.0, since=3600)
    with prometheus_with(history, tmp_path / "prometheus") as url:
        assert passes("-c", gates_file(tmp_path, url, "[{name: queue, promql: max(queue_depth), pass: '< 10'}]"))
        several = check("-c", gates_file(tmp_path, url, "[{name: queue, promql: queue_depth, pass: '< 10'}]"))
    assert several == (4, "the query gives 2 series, where one number is due; make one of them, as sum() and max() do")


def test_too_few_requests(past: Past, tmp_path: Path) -> None:
    path = past.stack(tmp_path, "sparse", SUCCESS, OBSERVE)
    assert passes("--stack", path, "--at", past.at, "--window", "20m")
    code, reason = check("--stack", path, "--at", past.at)
    assert code == 3
    assert reason.startswith("100% of 421 requests succeeded in 10m; at least 99.5% is due, and so few requests prove")


def test_dead_target_while_the_window_still_holds_old_good_samples(past: Past, tmp_path: Path) -> None:
    path = past.stack(tmp_path, "dead", SUCCESS, OBSERVE)
    assert passes("--stack", path, "--at", past.at - 60)
    assert check("--stack", path, "--at", past.at) == (
        3,
        "dead at dead:80 does not answer Prometheus (up is 0): what users get there now is in no count "
        "(100% of 5,555 requests succeeded in 10m)",
    )


def test_history_shorter_than_the_window_of_the_objective(past: Past, tmp_path: Path) -> None:
    more = "gates: {window: 1d}\n"
    of_a_month, of_half_a_month = (
        past.stack(directory, job, SUCCESS, more, interval="4m")
        for job in ("month", "half-month")
        if (directory := tmp_path / job).mkdir() is None
    )
    options = ("--at", past.at, "--gate", "error_budget")
    assert passes("--stack", of_a_month, *options)
    assert check("--stack", of_half_a_month, *options) == (
        3,
        "the history covers about 15d (50%) of the 30d window (so far 648 of 648,034 requests failed, where 3,240 may)",
    )


def test_warnings_in_the_answer(tmp_path: Path) -> None:
    history = History(time.time() + 60)
    history.traffic("healthy", rate=10)
    with remote_read() as remote:
        config = f"remote_read: [{{url: '{remote.url}', read_recent: true}}]\n"
        with prometheus_with(history, tmp_path / "prometheus", config) as url:
            path = Past(url, 0.0, tmp_path).stack(tmp_path, "healthy", SUCCESS, OBSERVE)
            assert passes("--stack", path)
            remote.fails = True
            code, reason = check("--stack", path)
    assert code == 4
    assert reason.startswith("Prometheus warns that its answer is not complete: ")


def test_nothing_configured(past: Past, tmp_path: Path) -> None:
    up = """{name: up, promql: 'min(up{job="healthy"})', pass: == 1"""
    path = gates_file(tmp_path, past.url, f"[{up}}}]")
    assert passes("-c", path, "--at", past.at)
    gates_file(tmp_path, past.url, f"[{up}, required: false}}]")
    assert check("-c", path, "--at", past.at) == (3, "the query gives 1; == 1 is due")
    gates_file(tmp_path, past.url, "[]")
    none = f"gates.check: {path}:3: there are no gates, and without one nothing is judged; list one at least"
    assert check("-c", path, "--at", past.at) == (2, none)
    path.write_text("")
    assert check("-c", path) == (2, f"gates.check: {path}:1: the file is empty")
    path.unlink()
    assert check("-c", path) == (2, f"gates.check: there is no file {path}; name your gates file with --config")
