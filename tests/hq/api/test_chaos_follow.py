"""Seeing, following and stopping runs over HTTP, and what becomes of runs whose process or server dies."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from statistics import median

import pytest

from chaos.requested import held, log_of
from hq.cli import main
from stack.journal import Journal, JournalTail, Record
from stack.waiting import wait_for
from tests.hq.api.chaos_api import WAVE, ChaosApi, chaos_api, events_in

pytestmark = pytest.mark.e2e

NOBODY = {"pid": 1, "process_started": 1, "boot": "x"}
KINDS = ["run_requested", "run_announced", "run_progress", "run_progress", "run_finished", "end"]
REQUESTED = {"scenario": "s", "target": "t", "parameters": {}, "key": "0", "body": "0", "who": "me"}


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ChaosApi]:
    with chaos_api(tmp_path, monkeypatch) as api:
        yield api


def test_the_scenarios_are_listed_with_their_targets(api: ChaosApi) -> None:
    scenarios = api.read(api.served.ask("read", "GET", "/api/chaos/scenarios"))["scenarios"]
    assert [(one["name"], one["targets"], one["intensity_unit"]) for one in scenarios] == [
        ("network-latency", ["proxies"], "seconds"),
        ("proxy-failure-wave", ["proxies"], "ratio"),
        ("rate-limit-storm", ["proxies"], "ratio"),
    ]
    assert scenarios[2]["parameters"] == {"share": 1.0, "intensity": 0.5, "duration_seconds": 40, "step_seconds": 0}
    assert (scenarios[2]["faults"], scenarios[2]["expect"]) == (["rate-limit"], ["rate_limit_storm"])


def test_a_run_is_followed_to_its_end(api: ChaosApi) -> None:
    run = api.started()
    with ThreadPoolExecutor(1) as pool:
        following = pool.submit(api.events, run)
        api.let_finish()
        events = following.result(20)
    assert [event.name for event in events] == KINDS
    assert [event.id for event in events] == ["1", "2", "3", "4", "5", ""]
    assert [event.data["run"] for event in events] == [run] * 6
    assert events[2].data["sentence"] == f"The proxies fail one after another and come back: run {run} on proxies"
    assert (events[4].data["outcome"], events[4].data["score"]) == ("resilient", 99.5)
    assert events[5].data == {name: value for name, value in api.get(run).items() if name in events[5].data}
    shown = json.dumps([event.data for event in events])
    assert not any(word in shown for word in ("pid", "boot", '"key"', '"body"', str(api.served.stack.directory)))


def test_who_comes_back_gets_what_was_missed(api: ChaosApi) -> None:
    run = api.started()
    with api.following(run) as response:
        assert (response.status, response.headers["cache-control"]) == (200, "no-store")
        assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert response.readline() == b"retry: 2000\n"
        events = events_in(response)
        first = [next(events), next(events)]
    api.let_finish()
    rest = api.events(run, first[-1].id)
    assert [event.name for event in first + rest] == KINDS
    assert [event.name for event in api.events(run, "4")] == KINDS[4:]
    for strange in ("x", "-1", "6", "99999999999999999999", "1.0", "\u0663", "0"):
        answer = api.served.ask(
            "read", "GET", f"/api/chaos/runs/{run}/events", last_event_id=strange.encode().decode("latin-1")
        )
        assert answer.body.count(b"event: ") == 6, strange
    answer = api.served.ask("read", "GET", f"/api/chaos/runs/{run}/events", last_event_id="5")
    assert (answer.status, answer.body) == (204, b"")


def test_64_a_client_that_stops_following_changes_nothing(api: ChaosApi) -> None:
    run = api.started()
    for _ in range(5):
        with api.following(run) as response:
            next(events_in(response))
    assert api.get(run)["state"] == "running"
    api.let_finish()
    assert api.ended(run)["outcome"] == "resilient"


def test_many_who_follow_have_the_journal_read_as_often_as_one(api: ChaosApi, monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[float] = []
    real = JournalTail.new

    def counted(tail: JournalTail) -> list[Record]:
        reads.append(time.monotonic())
        return real(tail)

    run = api.started()
    with ExitStack() as left:
        following = [events_in(left.enter_context(api.following(run))) for _ in range(30)]
        for events in following:
            next(events)
        monkeypatch.setattr(JournalTail, "new", counted)
        wait_for(lambda: len(reads) >= 10, 20, "the journal is not read on")
        monkeypatch.setattr(JournalTail, "new", real)
        api.let_finish()
        assert all([event.name for event in events] == KINDS[1:] for events in following)
    gaps = [later - earlier for earlier, later in pairwise(reads)]
    assert median(gaps) > 0.1, "else each of them reads"


def test_a_comment_is_sent_while_nothing_happens(api: ChaosApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hq.api.events.HEARTBEAT_SECONDS", 0.1)
    run = api.started()
    with api.following(run) as response:
        lines = iter(response.readline, b"")
        wait_for(lambda: next(lines) == b":\n", 10, "no heartbeat came", every=0)


def test_the_server_stops_although_somebody_follows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its stream ends with it, not when the server loses patience."""
    with ExitStack() as left, ThreadPoolExecutor(1) as pool:
        with chaos_api(tmp_path, monkeypatch) as api:
            events = events_in(left.enter_context(api.following(api.started())))
            next(events)
            rest = pool.submit(list, events)
        assert "end" not in [event.name for event in rest.result(10)]


def test_a_run_that_is_killed_died_and_its_events_end(api: ChaosApi) -> None:
    run = api.started()
    [announced] = api.records("run_announced")
    with ThreadPoolExecutor(1) as pool:
        following = pool.submit(api.events, run)
        os.kill(announced.data["pid"], signal.SIGKILL)
        events = following.result(20)
    assert [event.name for event in events] == [*KINDS[:3], "run_finished", "end"]
    assert (events[-1].data["state"], events[-1].data["outcome"]) == ("died", "died")
    assert events[-1].data["reason"] == "its process is gone"
    assert api.get(run)["state"] == "died"
    assert len(api.records("run_finished")) == 1
    assert api.start(key="k2").status == 202


@pytest.mark.parametrize(
    ("program", "end"),
    [
        (
            "import sys; sys.exit('a line\\n\\ndev-hq: no luck today\\n')",
            ("finished", "could_not_run", "no luck today"),
        ),
        ("1 / 0", ("finished", "could_not_run", "ZeroDivisionError: division by zero")),
        ("", ("died", "died", "its process is gone")),
        ("import os; os.kill(os.getpid(), 9)", ("died", "died", "its process is gone")),
        ("print('x' * 100_000)", ("finished", "could_not_run", "x" * 4095)),
    ],
)
def test_a_run_that_ends_before_it_announces_itself_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, end: tuple[str, str, str]
) -> None:
    state, outcome, reason = end
    with chaos_api(tmp_path, monkeypatch, program) as api:
        run = api.read(api.start())["run"]
        [finished] = wait_for(lambda: api.records("run_finished"), 20, "its end was not written down by itself")
        assert (finished.data["run"], finished.data["outcome"]) == (run, outcome)
        ended = api.get(run)
        assert (ended["state"], ended["outcome"], ended["reason"], ended["announced_at"]) == (
            state, outcome, reason, None,
        )  # fmt: skip
        assert [event.name for event in api.events(run)] == ["run_requested", "run_finished", "end"]
        metrics = api.served.get("/metrics").body
        assert b'chaos_run_errors_total{scenario="proxy-failure-wave"} 1.0' in metrics


def test_a_request_whose_server_was_killed_is_settled_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed before the process was started, while it starts, and after it ended with a word."""
    journal = Journal(tmp_path / "var" / "journal.jsonl")
    for run in ("never", "said", "starting"):
        journal.append("run_requested", {"run": run, **REQUESTED})
    log_of(journal.path, "said").parent.mkdir()
    log_of(journal.path, "said").write_text("dev-hq: no luck\n")
    with held(log_of(journal.path, "starting")) as output:
        starting = subprocess.Popen(["sleep", "60"], stdout=output)
    try:
        with chaos_api(tmp_path, monkeypatch) as api:
            assert (api.get("never")["outcome"], api.get("never")["reason"]) == ("died", "its process is gone")
            assert (api.get("said")["outcome"], api.get("said")["reason"]) == ("could_not_run", "no luck")
            assert api.get("starting")["state"] == "requested"
            assert api.start().error[2].startswith("run starting is active")
            starting.kill()
            starting.wait()
            assert api.get("starting")["state"] == "died"
            assert api.start().status == 202
    finally:
        starting.kill()
        starting.wait()


def test_stop_ends_the_run_that_is_active(api: ChaosApi) -> None:
    run = api.started()
    assert api.stop({"run": "another"}).error == (404, "not_found", "there is no run of this name")
    answer = api.stop()
    assert (answer.status, api.read(answer)) == (202, {"run": run})
    ended = api.ended(run)
    assert (ended["outcome"], ended["reason"]) == ("stopped", "SIGTERM asked it to stop")
    for body in ({}, {"run": run}):
        answer = api.stop(body)
        assert (answer.status, api.read(answer)) == (200, {"run": None})
    audit = [json.loads(line) for line in (api.served.stack.directory / "audit.jsonl").read_text().splitlines()]
    stops = [(line["status"], line.get("run")) for line in audit if line["path"] == "/api/chaos/stop"]
    assert stops == [(404, None), (202, run), (200, None), (200, None)]


def test_stop_leaves_a_run_alone_that_was_not_named(api: ChaosApi) -> None:
    api.journal.append("run_finished", {"run": "old", "scenario": "s", "target": "t", "outcome": "resilient"})
    run = api.started()
    assert api.read(api.stop({"run": "old"})) == {"run": None}
    assert api.get(run)["state"] == "running"
    assert api.read(api.stop({"run": run})) == {"run": run}


def test_stop_ends_one_that_is_suspended(api: ChaosApi) -> None:
    run = api.started()
    [announced] = api.records("run_announced")
    os.kill(announced.data["pid"], signal.SIGSTOP)
    assert api.stop().status == 202
    assert api.ended(run)["outcome"] == "stopped"


def test_stop_waits_for_one_that_is_just_being_started(api: ChaosApi) -> None:
    run = api.read(api.start())["run"]
    assert api.read(api.stop()) == {"run": run}
    assert api.ended(run)["outcome"] == "stopped"


def test_stop_says_when_one_does_not_begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chaos.stop.BEGIN_SECONDS", 0.2)
    with chaos_api(tmp_path, monkeypatch, "import time; time.sleep(60)") as api:
        api.start()
        assert api.stop().error == (503, "unavailable", "the run has not begun yet; ask again")


def test_runs_are_listed_newest_first_however_they_were_started(
    api: ChaosApi, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(3):
        announced = {"run": f"r{number}", "scenario": "s", "target": "t", "service": "shop", "parameters": {}, **NOBODY}
        api.journal.append("run_announced", announced, at=1000.0 + number)
    api.journal.append("fault_injected", {"run": "odd", "scenario": "s"})
    api.journal.append("run_announced", {"run": ["no", "name"]})
    api.journal.append("gate_verdict", {"run": "of-a-pipeline"})
    runs = api.read(api.served.ask("read", "GET", "/api/chaos/runs"))["runs"]
    assert [(run["run"], run["state"]) for run in runs][:3] == [("r2", "died"), ("r1", "died"), ("r0", "died")]
    assert runs[0]["announced_at"] == "1970-01-01T00:16:42Z"
    assert [run["run"] for run in runs[3:]] == ["odd"]
    limited = api.read(api.served.ask("read", "GET", "/api/chaos/runs?limit=1"))["runs"]
    assert [run["run"] for run in limited] == ["r2"]
    for limit in ("0", "1001", "x", "1.5", "-1", "9" * 5000):
        assert api.served.ask("read", "GET", f"/api/chaos/runs?limit={limit}").status == 422
    assert main(["--stack", str(api.served.stack.file), "chaos", "runs", "--limit", "2"]) == 0
    assert capsys.readouterr().out == (
        "run  when                  scenario  target  outcome  score\n"
        "r2   1970-01-01 00:16:42Z  s         t       died     -\n"
        "r1   1970-01-01 00:16:41Z  s         t       died     -\n"
    )


def test_a_run_of_long_ago_is_still_told_whole(api: ChaosApi) -> None:
    """Records of only so many runs are kept in memory; the others are in the journal."""
    for number in range(30):
        run = {"run": f"r{number}", "scenario": "s", "target": "t"}
        api.journal.append("run_announced", {**run, **NOBODY})
        api.journal.append("run_finished", {**run, "outcome": "resilient"})
    for run_id in ("r0", "r29"):
        assert [event.name for event in api.events(run_id)] == ["run_announced", "run_finished", "end"]


def test_a_run_tells_what_its_report_says(api: ChaosApi) -> None:
    api.journal.append("run_finished", {"run": "r1", "scenario": "s", "target": "t", "outcome": "weakness"})
    reports = api.served.stack.directory / "reports"
    reports.mkdir()
    part = {"name": "impact", "points": 1.5, "of": 50.0, "evidence": ["much"]}
    report = {"schema": 1, "parts": [part], "recommendations": ["retry"], "reason": "x"}
    (reports / "r1.json").write_text(json.dumps(report))
    run = api.get("r1")
    assert (run["parts"], run["recommendations"], run["report"]) == ([part], ["retry"], report)
    for damaged in ("{", "[]", '{"parts": 1, "recommendations": [2]}', "[" * 100_000, '{"schema": NaN}'):
        (reports / "r1.json").write_text(damaged)
        run = api.get("r1")
        assert (run["parts"], run["recommendations"], run["outcome"]) == ([], [], "weakness")


def test_an_unknown_run_is_404(api: ChaosApi) -> None:
    for path in ("/api/chaos/runs/nothing", "/api/chaos/runs/nothing/events"):
        assert api.served.ask("read", "GET", path).error == (404, "not_found", "there is no run of this name")


def test_a_journal_that_cannot_be_read_is_said_without_its_path(
    api: ChaosApi, caplog: pytest.LogCaptureFixture
) -> None:
    journal = api.served.stack.journal
    journal.unlink(missing_ok=True)
    journal.mkdir()
    refusal = (500, "internal", "the journal cannot be read or written; the log of dev-hq serve says why")
    assert api.start().error == refusal
    assert api.stop().error == refusal
    assert api.served.ask("read", "GET", "/api/chaos/runs").error == refusal
    assert str(journal) in caplog.text
    journal.rmdir()
    assert api.start().status == 202


def test_a_journal_that_was_replaced_is_read_from_its_start(api: ChaosApi) -> None:
    api.journal.append("run_finished", {"run": "before", "scenario": "s", "target": "t", "outcome": "resilient"})
    assert api.get("before")["state"] == "finished"
    api.served.stack.journal.unlink()
    api.journal.append("run_finished", {"run": "after-a", "scenario": "s", "target": "t", "outcome": "resilient"})
    api.journal.append("run_finished", {"run": "after-b", "scenario": "s", "target": "t", "outcome": "resilient"})
    runs = api.read(api.served.ask("read", "GET", "/api/chaos/runs"))["runs"]
    assert {run["run"] for run in runs} == {"after-a", "after-b"}


def test_who_follows_while_the_journal_is_replaced_is_let_go(api: ChaosApi) -> None:
    """And asks again, as after every stream that ends without `end`."""
    api.journal.append("run_requested", {"run": "before", **REQUESTED})
    with held(log_of(api.journal.path, "before")), api.following("before") as response:
        events = events_in(response)
        next(events)
        api.served.stack.journal.unlink()
        api.journal.append("notification", {"of": "another journal"})
        assert list(events) == []
    assert api.served.ask("read", "GET", "/api/chaos/runs/before/events").status == 404


def test_the_cli_stops_a_run_that_was_started_over_http(api: ChaosApi) -> None:
    run = api.read(api.start(WAVE))["run"]
    done = subprocess.run(
        [sys.executable, "-m", "hq.cli", "--stack", str(api.served.stack.file), "chaos", "stop"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "stopped: proxy-failure-wave on proxies\n")
    assert api.get(run)["outcome"] == "stopped"
