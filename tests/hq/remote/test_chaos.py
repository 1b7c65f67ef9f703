"""Runs on another machine: the same lines and exit codes as here, one run whatever is lost on the way."""

from __future__ import annotations

import json
import os
import re
import signal
import threading

import pytest

from stack.waiting import wait_for
from tests.hq.remote.conftest import Hq
from tests.hq.remote.fake_server import FakeHq, Says, refuses, streams

pytestmark = pytest.mark.e2e

RUN = "20261122T100000Z-network-latency-0c1d"
EVENTS = f"GET /api/chaos/runs/{RUN}/events"
DETAILS = f"GET /api/chaos/runs/{RUN}"
SCENARIO = {
    "name": "network-latency",
    "title": "The network slows down",
    "hypothesis": "Nobody notices.",
    "faults": ["latency"],
    "targets": ["proxies", "shop"],
    "parameters": {"share": 1.0, "intensity": 0.7, "duration_seconds": 40.0, "step_seconds": 0.0},
    "intensity_unit": "seconds",
    "expect": ["latency_shift"],
    "may": [],
    "silent": ["flapping"],
}
FOUND = {
    "run": RUN,
    "state": "finished",
    "scenario": "network-latency",
    "target": "proxies",
    "outcome": "weakness",
    "reason": "it was not resilient",
    "score": 61.25,
    "time_to_detect_seconds": 4.0,
    "time_to_recover_seconds": None,
    "requested_at": "2026-11-22T10:00:00Z",
    "announced_at": "2026-11-22T10:00:01Z",
    "finished_at": "2026-11-22T10:01:00Z",
    "parts": [
        {"name": "impact", "points": 36.25, "of": 50.0, "evidence": ["12 of 100 requests were slow"]},
        {"name": "detection", "points": 25.0, "of": 25.0, "evidence": []},
        {"name": "recovery", "points": 0.0, "of": 0.0, "evidence": ["no recovery was seen"]},
    ],
    "recommendations": ["give up earlier"],
    "report": {"schema": 1, "run": RUN, "score": 61.25},
}


def told(number: int, seconds: float, sentence: str) -> tuple[str, object, object]:
    at = f"2026-11-22T10:00:{1 + seconds:09.6f}+00:00"
    return "run_progress", number, {"at": at, "run": RUN, "step": "inject", "sentence": sentence}


ANNOUNCED = ("run_announced", 1, {"at": "2026-11-22T10:00:01+00:00", "run": RUN})
BASELINE, INJECTED = told(2, 0.25, "the system is steady"), told(3, 12.5, "injecting latency")
END = ("end", None, {"run": RUN})
LINES = "   0.2s  the system is steady\n  12.5s  injecting latency\n"
WEAKNESS = """
resilience score 61.2 of 100: weakness
  impact     36.2 of 50
             12 of 100 requests were slow
  detection  25.0 of 25
  recovery   not scored
             no recovery was seen
  what to change
  - give up earlier
"""


@pytest.fixture
def started(fake: FakeHq) -> FakeHq:
    """A server on which a run goes well."""
    fake.on("POST /api/chaos/run", Says(202, {"run": RUN, "state": "requested"}))
    fake.on(EVENTS, streams(ANNOUNCED, BASELINE, INJECTED, END))
    return fake.on(DETAILS, Says(body=FOUND))


def test_a_run_prints_what_it_prints_here(started: FakeHq, hq: Hq) -> None:
    report = f"report: {started.url}/api/chaos/runs/{RUN}\n"
    assert hq("chaos", "run", "network-latency") == (1, LINES + WEAKNESS + report, "")
    (asked,) = started.heard("POST /api/chaos/run")
    assert asked.body == {"scenario": "network-latency"}
    assert re.fullmatch(r"[!-~]{20,200}", asked.headers["Idempotency-Key"])


def test_a_run_in_json(started: FakeHq, hq: Hq) -> None:
    code, out, err = hq("chaos", "run", "network-latency", "--json")
    assert (code, err) == (1, LINES)
    assert json.loads(out) == {**FOUND["report"], "report": f"{started.url}/api/chaos/runs/{RUN}"}


@pytest.mark.parametrize(
    ("outcome", "code"), [("resilient", 0), ("weakness", 1), ("could_not_run", 2), ("stopped", 3), ("died", 2)]
)
def test_each_outcome_has_its_exit_code(outcome: str, code: int, started: FakeHq, hq: Hq) -> None:
    bare = {"outcome": outcome, "score": None, "parts": [], "recommendations": [], "report": None, "reason": "so"}
    started.on(DETAILS, Says(body={**FOUND, **bare}))
    words = outcome.replace("_", " ")
    assert hq("chaos", "run", "network-latency") == (code, LINES, f"dev-hq: {words}: so\n")
    started.on(EVENTS, streams(END))
    assert json.loads(hq("chaos", "run", "network-latency", "--json")[1]) == {
        "run": RUN, "outcome": outcome, "reason": "so", "score": None,
    }  # fmt: skip


def test_parameters_are_sent_as_numbers(started: FakeHq, hq: Hq) -> None:
    started.on("GET /api/chaos/scenarios", Says(body={"scenarios": [SCENARIO]}))
    settings = ["--set", "share=12.5%", "--set", "intensity=700ms", "--set", "step=2s", "--duration", "1m"]
    assert hq("chaos", "run", "network-latency", "--target", "shop", *settings)[0] == 1
    (asked,) = started.heard("POST /api/chaos/run")
    assert asked.body == {
        "scenario": "network-latency",
        "target": "shop",
        "parameters": {"share": 0.125, "intensity": 0.7, "step_seconds": 2.0, "duration_seconds": 60.0},
    }


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (
            ["network-latency", "--set", "intensity=30%"],
            'scenario network-latency: intensity: "30%" is not a duration; write a number and a unit, '
            "such as 300ms, 10s, 5m, 1h or 30d",
        ),
        (["network-latency", "--set", "shares=1%"], 'there is no parameter "shares"; did you mean "share"?'),
        (["latency", "--set", "intensity=1s"], 'there is no scenario "latency"; did you mean "network-latency"?'),
        (["network-latency", "--set", "x"], '--set wants key=value, such as --set intensity=30%, not "x"'),
        (
            ["./mine.yaml"],
            "./mine.yaml is a file on this machine; a server runs the scenarios that it has, by their names",
        ),
        (
            ["network-latency", "--dry-run"],
            "--dry-run cannot be used with --server: it has no plan to show before a run; "
            "`dev-hq chaos show` says what a scenario does",
        ),
        (["network-latency", "--run-id", "x"], "--run-id cannot be used with --server: it names its runs itself"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_not_even_asked_for(words: list[str], complaint: str, started: FakeHq, hq: Hq) -> None:
    started.on("GET /api/chaos/scenarios", Says(body={"scenarios": [SCENARIO]}))
    assert hq("chaos", "run", *words) == (2, "", f"dev-hq: {complaint}\n")
    assert started.heard("POST /api/chaos/run") == []


def test_what_the_server_refuses(fake: FakeHq, hq: Hq) -> None:
    fake.on("POST /api/chaos/run", refuses(409, "run r1 is active; wait until it has ended", Retry_After="10"))
    complaint = f"dev-hq: the server {fake.url} says: run r1 is active; wait until it has ended\n"
    assert hq("chaos", "run", "network-latency") == (2, "", complaint)
    assert len(fake.asked) == 1


def test_an_answer_that_is_lost_starts_no_second_run(started: FakeHq, hq: Hq) -> None:
    started.on("POST /api/chaos/run", Says(breaks=True), Says(502, "<html>"), Says(200, {"run": RUN}))
    assert hq("chaos", "run", "network-latency")[0] == 1
    asked = started.heard("POST /api/chaos/run")
    assert len(asked) == 3
    assert len({(one.headers["Idempotency-Key"], json.dumps(one.body)) for one in asked}) == 1


def test_another_run_has_another_key(started: FakeHq, hq: Hq) -> None:
    hq("chaos", "run", "network-latency")
    hq("chaos", "run", "network-latency")
    assert len({one.headers["Idempotency-Key"] for one in started.heard("POST /api/chaos/run")}) == 2


def test_a_stream_that_is_lost_goes_on_where_it_was(started: FakeHq, hq: Hq) -> None:
    started.on(
        EVENTS,
        streams(ANNOUNCED, BASELINE),  # the server is restarted
        Says(breaks=True),
        Says(502, "<html>"),
        streams(INJECTED, END),
    )
    code, out, err = hq("chaos", "run", "network-latency")
    assert (code, out.partition("\n\n")[0]) == (1, LINES.rstrip("\n"))
    assert err == f"warning: the server {started.url} ended the stream; trying again\n"
    last = [one.headers.get("Last-Event-ID") for one in started.heard(EVENTS)]
    assert last == [None, "2", "2", "2"]


def test_a_run_that_ended_while_nobody_followed(started: FakeHq, hq: Hq) -> None:
    started.on(EVENTS, streams(ANNOUNCED, BASELINE, INJECTED), Says(204))
    assert hq("chaos", "run", "network-latency")[0] == 1


def test_a_server_that_stays_away_is_given_up(started: FakeHq, hq: Hq) -> None:
    started.on(EVENTS, streams(ANNOUNCED, BASELINE), Says(breaks=True))
    code, out, err = hq("chaos", "run", "network-latency", "--patience", "1s")
    assert (code, out) == (2, "   0.2s  the system is steady\n")
    name = f"the server {started.url}"
    assert err == (
        f"warning: {name} ended the stream; trying again\n"
        f"dev-hq: no word for 1s: {name} broke off the connection; run {RUN} may go on; "
        f"`dev-hq chaos stop --server {started.url}` stops it\n"
    )


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {**FOUND, "outcome": "splendid"},
        {**FOUND, "score": "61"},
        {**FOUND, "score": True},
        {**FOUND, "parts": [{"name": "x"}]},
        {**FOUND, "parts": None},
        {**FOUND, "recommendations": "none"},
        {**FOUND, "recommendations": [1]},
        {**FOUND, "state": "running"},
        [],
    ],
)
def test_an_answer_that_makes_no_sense_is_no_score(answer: object, started: FakeHq, hq: Hq) -> None:
    started.on(DETAILS, Says(body=answer))
    code, out, err = hq("chaos", "run", "network-latency")
    assert (code, out) == (2, LINES)
    assert len(err.splitlines()) == 1
    assert err.startswith(f"dev-hq: the server {started.url} ")


@pytest.mark.parametrize("run", [None, 1, "", "../../metrics", "a b", "x" * 101])
def test_a_run_whose_name_could_be_no_path(run: object, started: FakeHq, hq: Hq) -> None:
    started.on("POST /api/chaos/run", Says(202, {"run": run}))
    code, _, err = hq("chaos", "run", "network-latency")
    assert code == 2
    assert "answered with what this dev-hq does not understand" in err
    assert len(started.asked) == 1


def test_what_a_server_says_moves_no_cursor(started: FakeHq, hq: Hq) -> None:
    started.on(EVENTS, streams(ANNOUNCED, told(2, 0.25, "steady\x1b[2J\n  99.9s  forged"), END))
    out = hq("chaos", "run", "network-latency")[1]
    assert out.startswith("   0.2s  steady\N{REPLACEMENT CHARACTER}[2J   99.9s  forged\n")


def interrupt_when(condition, number: int = signal.SIGINT) -> None:
    def wait() -> None:
        wait_for(condition, 10, "nothing to interrupt")
        os.kill(os.getpid(), number)

    threading.Thread(target=wait, daemon=True).start()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_stops_the_run_as_it_does_here(number: int, started: FakeHq, hq: Hq) -> None:
    stopped = {**FOUND, "outcome": "stopped", "reason": "SIGTERM asked it to stop", "score": None, "report": None}
    told_to = threading.Event()
    started.on("POST /api/chaos/stop", Says(202, {"run": RUN}, then=told_to.set))
    silent = Says(200, "", {"Content-Type": "text/event-stream"}, then=lambda: told_to.wait(10))
    started.on(EVENTS, streams(ANNOUNCED, BASELINE), silent, streams(END))
    started.on(DETAILS, Says(body=stopped))
    interrupt_when(lambda: len(started.heard(EVENTS)) == 2, number)
    code, out, err = hq("chaos", "run", "network-latency")
    assert (code, out) == (3, "   0.2s  the system is steady\n")
    assert err.splitlines()[1:] == [
        f"stopping run {RUN}; Ctrl-C again leaves it alone",
        "dev-hq: stopped: SIGTERM asked it to stop",
    ]
    assert [one.body for one in started.heard("POST /api/chaos/stop")] == [{"run": RUN}]


def test_ctrl_c_twice_leaves_the_run_alone(started: FakeHq, hq: Hq) -> None:
    left = threading.Event()
    silent = Says(200, "", {"Content-Type": "text/event-stream"}, then=lambda: left.wait(10))
    started.on(EVENTS, silent)
    started.on("POST /api/chaos/stop", Says(202, {"run": RUN}, then=lambda: left.wait(10)))
    interrupt_when(lambda: len(started.heard(EVENTS)) == 1)
    interrupt_when(lambda: len(started.heard("POST /api/chaos/stop")) == 1)
    code, out, err = hq("chaos", "run", "network-latency")
    left.set()
    assert (code, out) == (130, "")
    assert err == (
        f"stopping run {RUN}; Ctrl-C again leaves it alone\n"
        f"run {RUN} may go on; `dev-hq chaos stop --server {started.url}` stops it\n"
    )


def test_ctrl_c_before_the_run_has_a_name(started: FakeHq, hq: Hq) -> None:
    left = threading.Event()
    started.on("POST /api/chaos/run", Says(202, {"run": RUN}, then=lambda: left.wait(10)))
    interrupt_when(lambda: len(started.asked) == 1)
    code, out, err = hq("chaos", "run", "network-latency")
    left.set()
    assert (code, out) == (130, "")
    assert err == f"a run may have started; `dev-hq chaos stop --server {started.url}` stops it\n"


def test_list_and_show(fake: FakeHq, hq: Hq) -> None:
    fake.on("GET /api/chaos/scenarios", Says(body={"scenarios": [SCENARIO]}))
    assert hq("chaos", "list") == (0, "network-latency       The network slows down\n", "")
    assert hq("chaos", "show", "network-latency") == (
        0,
        "scenario    network-latency\n"
        "title       The network slows down\n"
        "hypothesis  Nobody notices.\n"
        "targets     proxies, shop\n"
        "parameters  share 100%, intensity 700ms, duration 40s, step 0s\n"
        "faults      latency\n"
        "expect      latency_shift\n"
        "may         nothing\n"
        "silent      flapping\n",
        "",
    )
    assert hq("chaos", "show", "x")[2] == 'dev-hq: there is no scenario "x"; there are network-latency\n'


def test_runs(fake: FakeHq, hq: Hq) -> None:
    fake.on("GET /api/chaos/runs?limit=2", Says(body={"runs": [FOUND, {**FOUND, "outcome": None, "score": None}]}))
    assert hq("chaos", "runs", "--limit", "2") == (
        0,
        "run                                    when                  scenario         target   outcome   score\n"
        f"{RUN}  2026-11-22 10:00:00Z  network-latency  proxies  weakness  61.2\n"
        f"{RUN}  2026-11-22 10:00:00Z  network-latency  proxies  finished  -\n",
        "",
    )
    assert json.loads(hq("chaos", "runs", "--limit", "2", "--json")[1])[0] == {
        "run": RUN, "at": 1795341600.0, "scenario": "network-latency", "target": "proxies", "state": "finished",
        "outcome": "weakness", "score": 61.25,
    }  # fmt: skip
    fake.on("GET /api/chaos/runs?limit=20", Says(body={"runs": []}))
    assert hq("chaos", "runs") == (0, "there was no run yet\n", "")


def test_stop_waits_until_the_run_has_ended(fake: FakeHq, hq: Hq) -> None:
    fake.on("POST /api/chaos/stop", Says(202, {"run": RUN}))
    fake.on(DETAILS, Says(body={**FOUND, "state": "running"}), Says(body=FOUND))
    assert hq("chaos", "stop") == (0, "stopped: network-latency on proxies\n", "")
    assert len(fake.heard(DETAILS)) == 2
    fake.on("POST /api/chaos/stop", Says(200, {"run": None}))
    assert hq("chaos", "stop") == (0, "no run is active\n", "")
