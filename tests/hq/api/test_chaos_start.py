"""POST /api/chaos/run: what is started, once, and what is refused with which words."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from chaos.scenario_file import shipped_scenarios
from hq.api.errors import ApiError
from hq.api.run_models import RunRequest
from hq.api.run_request import Plan, digest_of_body, planned
from hq.api.runs import Runs
from hq.api.token_file import add_token
from hq.api.tokens import Scope
from stack.journal import Journal
from stack.model import Stack
from stack.waiting import wait_for
from tests.hq.api.chaos_api import WAVE, ChaosApi, chaos_api

ACTIVE = "is active; wait until it has ended, or stop it"


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ChaosApi]:
    with chaos_api(tmp_path, monkeypatch) as api:
        yield api


@pytest.fixture(scope="module")
def idle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChaosApi]:
    """One that nothing gets started on: every request to it is refused."""
    with pytest.MonkeyPatch.context() as monkeypatch, chaos_api(tmp_path_factory.mktemp("idle"), monkeypatch) as api:
        yield api
        assert api.journal.read() == []


def refused(api: ChaosApi, body: object, key: str | None = "k") -> tuple[int, str]:
    status, _, sentence = api.start(body, key).error
    return status, sentence


def test_a_run_is_started_and_told_of_at_once(api: ChaosApi) -> None:
    parameters = {"share": 0.5, "intensity": 0.125, "duration_seconds": 12.5, "step_seconds": 2}
    answer = api.start({**WAVE, "target": "proxies", "parameters": parameters})
    run = api.read(answer)
    assert (answer.status, run["state"], run["scenario"], run["target"]) == (
        202, "requested", "proxy-failure-wave", "proxies",
    )  # fmt: skip
    assert run["parameters"] == parameters
    assert answer.headers["location"] == f"/api/chaos/runs/{run['run']}"
    [requested] = api.records("run_requested")
    assert requested.data["parameters"] == {"share": "50%", "intensity": "12.5%", "duration": "12500ms", "step": "2s"}
    assert requested.data["who"] == "chaos"
    wait_for(lambda: api.get(run["run"])["state"] == "running", 20, "the run did not announce itself")
    api.let_finish()
    ended = api.ended(run["run"])
    assert (ended["state"], ended["outcome"], ended["score"], ended["service"]) == (
        "finished", "resilient", 99.5, "shop",
    )  # fmt: skip
    audit = [json.loads(line) for line in (api.served.stack.directory / "audit.jsonl").read_text().splitlines()]
    assert [(line["status"], line["run"]) for line in audit if line["path"] == "/api/chaos/run"] == [(202, run["run"])]


def test_the_request_is_on_disk_before_its_process_begins(api: ChaosApi, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[tuple[str, object]]] = []

    def look(stack: Stack, run: str, _plan: Plan, _output: int) -> None:
        seen.append([(record.kind, record.data["run"] == run) for record in Journal(stack.journal).read()])

    monkeypatch.setattr("hq.api.runs.start_process", look)
    assert api.start().status == 202
    assert seen == [[("run_requested", True)]]


def test_the_key_itself_is_nowhere(api: ChaosApi) -> None:
    api.start(key="canary-of-a-key")
    for path in api.served.stack.directory.rglob("*"):
        assert not path.is_file() or b"canary" not in path.read_bytes()


@pytest.mark.parametrize(
    "name",
    [
        "../x",
        "x\n",
        "X",
        "x" * 64,
        "",
        "network-l\u0430tency",
        "a b",
        "-x",
        "a/b",
        "network-latency.yaml",
        "\u0000",
        "x\u2028",
    ],
)
@pytest.mark.parametrize("where", ["scenario", "target"])
def test_60_what_is_no_name_is_refused(idle: ChaosApi, where: str, name: str) -> None:
    sentence = f"{where}: string should match pattern '^[a-z0-9][a-z0-9_-]{{0,62}}$'"
    assert refused(idle, {**WAVE, where: name}) == (422, sentence)


@pytest.mark.parametrize("name", ["..%2fx", "x%0a", "x" * 101, "%00", "%c3%a4", ".x", "-x"])
@pytest.mark.parametrize("suffix", ["", "/events"])
def test_60_what_is_no_name_of_a_run_is_refused(idle: ChaosApi, suffix: str, name: str) -> None:
    answer = idle.served.ask("read", "GET", f"/api/chaos/runs/{name}{suffix}")
    assert answer.status in (404, 422)
    assert b"root" not in answer.body


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"duration_seconds": 0}, "duration_seconds: input should be greater than or equal to 10"),
        ({"duration_seconds": -1}, "duration_seconds: input should be greater than or equal to 10"),
        ({"duration_seconds": 9.99}, "duration_seconds: input should be greater than or equal to 10"),
        ({"duration_seconds": 1e9}, "duration_seconds: input should be less than or equal to 3600"),
        ({"duration_seconds": 10**400}, "duration_seconds: input should be a valid number"),
        ({"duration_seconds": True}, "duration_seconds: input should be a valid number"),
        ({"duration_seconds": "30s"}, "duration_seconds: input should be a valid number"),
        ({"duration_seconds": [30]}, "duration_seconds: input should be a valid number"),
        ({"step_seconds": -0.001}, "step_seconds: input should be greater than or equal to 0"),
        ({"share": 0}, "share: input should be greater than 0"),
        ({"share": 1.001}, "share: input should be less than or equal to 1"),
        ({"share": False}, "share: input should be a valid number"),
        ({"intensity": 0}, "intensity: input should be greater than 0"),
        ({"intensity": 61}, "intensity: input should be less than or equal to 60"),
        ({"duration": 30}, "duration: extra inputs are not permitted"),
    ],
)
def test_61_a_number_out_of_bounds_is_refused(idle: ChaosApi, parameters: dict[str, Any], sentence: str) -> None:
    status, said = refused(idle, {**WAVE, "parameters": parameters})
    assert (status, said) == (422, f"parameters.{sentence}")


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_61_a_number_that_is_not_finite_is_refused(idle: ChaosApi, number: str) -> None:
    body = f'{{"scenario": "proxy-failure-wave", "parameters": {{"share": {number}}}}}'.encode()
    headers = {"authorization": idle.served.bearer("chaos"), "content-type": "application/json", "idempotency-key": "k"}
    assert idle.served.send("POST", "/api/chaos/run", headers, body).status == 400


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        (
            {"scenario": "network-latncy"}, 404,
            'there is no scenario "network-latncy"; did you mean "network-latency"?',
        ),
        (
            {"scenario": "nothing"}, 404,
            'there is no scenario "nothing"; there are network-latency, proxy-failure-wave, rate-limit-storm',
        ),
        ({**WAVE, "target": "prxies"}, 404, 'there is no target "prxies"; did you mean "proxies"?'),
        ({**WAVE, "target": "other"}, 404, 'there is no target "other"; targets are proxies'),
        (
            {"scenario": "network-latency", "target": "shop"}, 422,
            "service shop has no listen and upstream in stack.yaml, so no fault can stand in front of it",
        ),
        (
            {**WAVE, "parameters": {"step_seconds": 39.5}}, 422,
            "2 members of proxies that fail 39.5s apart would not all be broken in 40s; the smallest duration is "
            "40.5s, or take a smaller step",
        ),
        (
            {**WAVE, "parameters": {"intensity": 30}}, 422,
            "parameters.intensity: must be a ratio, more than 0 and at most 1",
        ),
        (
            {"scenario": "network-latency", "parameters": {"intensity": 0.0001}}, 422,
            'scenario network-latency: intensity must lie between 1ms and 1m, not "0s"',
        ),
        (
            {**WAVE, "parameters": {"share": 1e-13}}, 422,
            "scenario proxy-failure-wave: share must be more than 0%",
        ),
        ({}, 422, "scenario: field required"),
        ({**WAVE, "url": "http://x"}, 422, "url: extra inputs are not permitted"),
        ({"scenario": ["proxy-failure-wave"]}, 422, "scenario: input should be a valid string"),
        (
            {**WAVE, "parameters": None}, 422,
            "parameters: input should be a valid dictionary or object to extract fields from",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_run_is_refused_with_what_would_be_right(
    idle: ChaosApi, body: object, status: int, sentence: str
) -> None:
    assert refused(idle, body) == (status, sentence)


@pytest.mark.parametrize("key", [None, "", "a b", "k\u00e9", "k" * 201, "k\x7f"])
def test_62_a_key_is_needed(idle: ChaosApi, key: str | None) -> None:
    status, sentence = refused(idle, WAVE, key)
    assert (status, sentence.partition(":")[0]) == (422, "Idempotency-Key")


def test_62_two_keys_are_refused(idle: ChaosApi) -> None:
    body = json.dumps(WAVE)
    answer = idle.served.raw(
        f"POST /api/chaos/run HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        f"Authorization: {idle.served.bearer('chaos')}\r\nContent-Type: application/json\r\n"
        f"Idempotency-Key: a\r\nIdempotency-Key: b\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
    )
    assert answer.startswith(b"HTTP/1.1 422 ")
    assert b"Idempotency-Key: must be given once" in answer


def test_62_the_same_key_gives_the_same_run_also_when_it_has_ended(api: ChaosApi) -> None:
    run = api.started()
    again = api.start({"parameters": {}, "target": None, **WAVE})
    assert (again.status, api.read(again)["run"]) == (200, run)
    assert again.headers["location"] == f"/api/chaos/runs/{run}"
    api.let_finish()
    api.ended(run)
    again = api.start()
    assert (again.status, api.read(again)["run"], api.read(again)["state"]) == (200, run, "finished")
    assert len(api.records("run_requested")) == 1


def test_62_the_same_key_for_another_body_is_refused(api: ChaosApi) -> None:
    api.start()
    other = {**WAVE, "parameters": {"share": 0.5}}
    assert refused(api, other, "k1") == (409, "this Idempotency-Key was used for another body; take a new one")
    assert len(api.records("run_requested")) == 1


def test_62_two_callers_with_the_same_key_have_a_run_each(api: ChaosApi) -> None:
    first = api.started()
    other = add_token(api.served.stack.tokens, "another", frozenset({Scope.CHAOS}))
    headers = {"authorization": f"Bearer {other}", "content-type": "application/json", "idempotency-key": "k1"}
    body = json.dumps(WAVE).encode()
    refusal = api.served.send("POST", "/api/chaos/run", headers, body).error
    assert refusal == (409, "conflict", f"run {first} {ACTIVE}")
    api.let_finish()
    api.ended(first)
    second = api.served.send("POST", "/api/chaos/run", headers, body)
    assert second.status == 202
    assert api.read(second)["run"] != first


def test_62_keys_are_remembered_over_a_restart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with chaos_api(tmp_path, monkeypatch) as api:
        run = api.started()
        api.let_finish()
        api.ended(run)
    with chaos_api(tmp_path, monkeypatch) as api:
        again = api.start()
        assert (again.status, api.read(again)["run"]) == (200, run)
        assert len(api.records("run_requested")) == 1


def test_63_while_one_is_active_another_is_refused(api: ChaosApi) -> None:
    run = api.started()
    answer = api.start(key="k2")
    assert answer.error == (409, "conflict", f"run {run} {ACTIVE}")
    assert answer.headers["retry-after"] == "10"
    api.let_finish()
    api.ended(run)
    assert api.start(key="k2").status == 202


def test_63_of_two_at_once_one_is_started(api: ChaosApi) -> None:
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda number: api.start(key=f"k{number}"), range(6)))
    assert sorted(answer.status for answer in answers) == [202, *[409] * 5]
    assert len(api.records("run_requested")) == 1


def test_63_of_six_with_one_key_all_get_the_same_run(api: ChaosApi) -> None:
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: api.start(), range(6)))
    assert sorted(answer.status for answer in answers) == [*[200] * 5, 202]
    assert len({api.read(answer)["run"] for answer in answers}) == 1
    assert len(api.records("run_announced")) <= len(api.records("run_requested")) == 1


def test_63_two_servers_of_one_stack_start_one_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each reads the journal before it asks for a run, and again while nobody else can write."""
    with chaos_api(tmp_path, monkeypatch) as api:
        stack = api.served.stack
        asked = RunRequest(scenario="proxy-failure-wave")
        plan, body = planned(asked, stack, shipped_scenarios()), digest_of_body(asked)

        def ask(number: int) -> str:
            try:
                return Runs(stack).request(plan, str(number), body, "me")[0].run
            except ApiError as error:
                return str(error)

        with ThreadPoolExecutor(6) as pool:
            said = list(pool.map(ask, range(6)))
        assert sum(ACTIVE in sentence for sentence in said) == 5
        assert len(api.records("run_requested")) == 1


def test_64_a_client_that_leaves_before_the_answer_finds_its_run(
    api: ChaosApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, left = threading.Event(), threading.Event()

    def is_up(_stack: object) -> bool:
        asked.set()
        return left.wait(10)

    monkeypatch.setattr("hq.api.chaos.is_up", is_up)
    body = json.dumps(WAVE)
    with socket.create_connection((api.served.address.host, api.served.address.port)) as connection:
        connection.sendall(
            f"POST /api/chaos/run HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            f"Authorization: {api.served.bearer('chaos')}\r\nIdempotency-Key: k1\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
        )
        assert asked.wait(10)
    left.set()
    [requested] = wait_for(lambda: api.records("run_requested"), 10, "the run was not started")
    again = api.start()
    assert (again.status, api.read(again)["run"]) == (200, requested.data["run"])


@pytest.mark.parametrize("scope", ["read", "quality"])
def test_50_only_a_token_for_chaos_starts_or_stops_a_run(idle: ChaosApi, scope: str) -> None:
    sentence = "this token is not for chaos; `dev-hq token add` makes one with that scope"
    for path in ("/api/chaos/run", "/api/chaos/stop"):
        assert idle.served.ask(scope, "POST", path, WAVE).error == (403, "forbidden", sentence)
