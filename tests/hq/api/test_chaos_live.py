"""Runs over HTTP on a real stack: from the request to the score, through the death of the server, and stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests

from bench.live import LiveStack, copy_stack, live_stack, status
from hq.api.token_file import add_token
from hq.api.tokens import Scope
from stack.address import free_address
from stack.waiting import wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

SHORT = {"scenario": "rate-limit-storm", "target": "vendor-proxies", "parameters": {"duration_seconds": 10}}
LONG = {"scenario": "rate-limit-storm", "target": "vendor-proxies", "parameters": {"duration_seconds": 300}}


@dataclass
class Remote:
    """A `dev-hq serve` of its own beside the stack's, that can be killed and started again."""

    live: LiveStack
    url: str
    token: str
    serving: list[subprocess.Popen[str]] = field(default_factory=list)

    def serve(self) -> None:
        listen = self.url.removeprefix("http://")
        self.serving.append(self.live.start("serve", "--listen", listen, "--enable-chaos-api"))
        wait_for(lambda: status(f"{self.url}/-/ready") == 200, 30, "the API did not start")

    def kill(self) -> None:
        self.serving[-1].kill()
        self.serving.pop().communicate()

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"}

    def start(self, body: object, key: str) -> requests.Response:
        headers = {**self.headers, "idempotency-key": key}
        return requests.post(f"{self.url}/api/chaos/run", json=body, headers=headers, timeout=30)

    def run(self, name: str) -> dict[str, Any]:
        return dict(requests.get(f"{self.url}/api/chaos/runs/{name}", headers=self.headers, timeout=30).json())

    def follow(self, name: str, last: str | None = None) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Name, id and data of each event, until the stream or the server ends."""
        headers = self.headers | ({"last-event-id": last} if last else {})
        try:
            with requests.get(
                f"{self.url}/api/chaos/runs/{name}/events", headers=headers, stream=True, timeout=60
            ) as answer:
                event: dict[str, str] = {}
                for line in answer.iter_lines(chunk_size=1, decode_unicode=True):
                    if line:
                        key, _, value = line.partition(": ")
                        event[key] = value
                    elif "event" in event:
                        yield event["event"], event.get("id", ""), json.loads(event["data"])
                        event = {}
        except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
            return


@pytest.fixture(scope="module")
def remote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Remote]:
    with live_stack(copy_stack(tmp_path_factory.mktemp("remote"))) as live:
        token = add_token(live.stack.tokens, "ops", frozenset({Scope.CHAOS}))
        remote = Remote(live, f"http://{free_address('127.0.0.1', frozenset(live.stack.own_addresses()))}", token)
        try:
            remote.serve()
            live.wait_until_steady()
            yield remote
        finally:
            for serving in remote.serving:
                serving.terminate()
                serving.communicate()


@contextmanager
def ended_whatever_happens(remote: Remote) -> Iterator[None]:
    """A run outlives this test unless somebody ends it."""
    try:
        yield
    finally:
        remote.live.hq("chaos", "stop")


def test_a_run_goes_on_while_its_server_is_killed_and_is_told_whole_by_the_next(remote: Remote) -> None:
    with ended_whatever_happens(remote):
        before: list[tuple[str, str, dict[str, Any]]] = []
        with ThreadPoolExecutor(2) as pool:  # 63: two at once
            answers = list(pool.map(lambda key: remote.start(SHORT, key), ("first", "second")))
        assert sorted(answer.status_code for answer in answers) == [202, 409]
        key = "first" if answers[0].status_code == 202 else "second"
        [name] = [answer.json()["run"] for answer in answers if answer.status_code == 202]
        for event in remote.follow(name):  # 64: whoever follows leaves in the middle, by no will of its own
            before.append(event)
            if event[0] == "fault_injected" and remote.serving:
                remote.kill()
        assert before[-1][0] != "end"
        remote.serve()
        again = remote.start(SHORT, key)  # 62: over a restart
        assert (again.status_code, again.json()["run"], again.json()["state"]) == (200, name, "running")
        after = list(remote.follow(name, before[-1][1]))
    events = before + after
    assert [number for _, number, _ in events[:-1]] == [str(number) for number in range(1, len(events))]
    kinds = [kind for kind, _, _ in events]
    assert (kinds[0], kinds[1], kinds[-2], kinds[-1]) == ("run_requested", "run_announced", "run_finished", "end")
    assert kinds.count("fault_injected") == kinds.count("fault_withdrawn") == 4
    run = remote.run(name)
    assert (run["state"], run["outcome"]) == ("finished", events[-2][2]["outcome"])
    assert run["outcome"] in ("resilient", "weakness"), run["reason"]
    assert run["score"] == events[-1][2]["score"] == run["report"]["score"]
    assert [part["name"] for part in run["parts"]] == ["impact", "detection", "recovery"]
    wait_for(lambda: counted(remote) == 1, 10, "the stack's own exporter did not count the run")
    log = remote.live.stack.directory / "log" / f"{name}.log"
    assert f"resilience score {run['score']:.1f} of 100" in log.read_text()


def counted(remote: Remote) -> float:
    samples = remote.live.prometheus.instant('chaos_runs_total{scenario="rate-limit-storm"}').samples
    return samples[0].value if samples else 0.0


def test_a_run_is_stopped_in_the_middle_and_its_faults_are_gone(remote: Remote) -> None:
    remote.live.wait_until_steady()
    with ended_whatever_happens(remote):
        name = remote.start(LONG, "to-be-stopped").json()["run"]
        assert remote.start(SHORT, "another").status_code == 409
        for kind, _, data in remote.follow(name):
            if kind == "fault_injected" and data["member"] == 0:
                stopped = requests.post(f"{remote.url}/api/chaos/stop", json={}, headers=remote.headers, timeout=30)
                assert (stopped.status_code, stopped.json()) == (202, {"run": name})
            last = kind, data
    assert last[0] == "end"
    assert (last[1]["outcome"], last[1]["reason"]) == ("stopped", "SIGTERM asked it to stop")
    [withdrawn] = remote.live.records("run_withdrawn", since=0)[-1:]
    assert withdrawn.data["run"] == name


def test_a_run_that_is_killed_died_and_its_faults_end(remote: Remote) -> None:
    remote.live.wait_until_steady()
    with ended_whatever_happens(remote):
        name = remote.start(LONG, "to-be-killed").json()["run"]
        for kind, _, data in remote.follow(name):
            if kind == "fault_injected" and data["member"] == 0:
                [announced] = [r for r in remote.live.records("run_announced") if r.data["run"] == name]
                os.kill(announced.data["pid"], signal.SIGKILL)
            last = kind, data
    assert (last[0], last[1]["state"], last[1]["reason"]) == ("end", "died", "its process is gone")
    remote.live.wait_until_steady()


def test_a_stack_that_is_down_is_not_broken(remote: Remote) -> None:
    """The last one here: it takes the stack away, and the API stays."""
    remote.live.up.send_signal(signal.SIGTERM)
    remote.live.up.wait(30)
    answer = remote.start(SHORT, "too-late")
    assert answer.status_code == 503
    assert answer.json()["error"]["message"] == "the stack does not run; `dev-hq up` starts it"
