"""`dev-hq serve` as a process: gates of a file, and an end that no stream, look or check holds up."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest

from hq.api.token_file import add_token
from hq.api.tokens import Scope
from stack.journal import Journal
from stack.model import Stack
from stack.waiting import wait_for
from tests.gates.fake_prometheus import HEALTHY, answering, vector
from tests.hq.api.listening import listening
from tests.hq.api.test_quality import CHECK, Held, gates_file
from tests.hq.fake_prometheus import fake_prometheus
from tests.hq.serving import make_stack
from tests.hq.test_serve import run, started

pytestmark = pytest.mark.e2e


def bearer(stack: Stack, scope: str) -> str:
    return f"Bearer {add_token(stack.directory / 'tokens.yaml', scope, frozenset({Scope(scope)}))}"


def check(stack: Stack, authorization: str) -> tuple[int, bytes]:
    connection = HTTPConnection(stack.exporter.host, stack.exporter.port, timeout=20)
    headers = {"authorization": authorization, "content-type": "application/json"}
    try:
        connection.request("POST", CHECK, b"{}", headers)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def test_gates_of_a_file(tmp_path: Path) -> None:
    stack = make_stack(tmp_path)
    authorization = bearer(stack, "quality")
    with answering(lambda _: vector(HEALTHY)) as url:
        path = gates_file(tmp_path, url)
        with started(stack.file, stack.exporter, "--gates", str(path)):
            status, body = check(stack, authorization)
    assert (status, [(gate["gate"], gate["verdict"]) for gate in json.loads(body)["gates"]]) == (
        200,
        [("rate", "pass")],
    )
    assert [record.data["gate"] for record in Journal(stack.journal).read()] == ["rate"]


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        (None, "there is no file {path}; name your gates file with --gates"),
        ("version: 1\ngatez: []\n", '{path}:2: unknown key "gatez"; did you mean "gates"?'),
    ],
)
def test_a_gates_file_that_is_broken_at_the_start_is_refused(
    tmp_path: Path, written: str | None, complaint: str
) -> None:
    stack, path = make_stack(tmp_path), tmp_path / "gates.yaml"
    if written:
        path.write_text(written)
    assert run(stack.file, "--gates", str(path)) == (2, "", f"dev-hq: {complaint.format(path=path)}\n")


def test_streams_end_at_once_although_a_look_is_under_way(tmp_path: Path) -> None:
    with fake_prometheus() as fake:
        stack = make_stack(tmp_path, more=f"prometheus: {{url: {fake.url}}}")
        authorization = bearer(stack, "read")
        with started(stack.file, stack.exporter) as process:
            with listening(stack.exporter, "/api/anomalies/stream", authorization) as listener:
                listener.take(1)
                fake.answering.clear()
                before = len(fake.asked)
                wait_for(lambda: len(fake.asked) > before, 5, "no look begins")
                process.send_signal(signal.SIGTERM)
                assert listener.next() is None
            out, err = process.communicate(timeout=4)
    assert (process.returncode, err.replace(out, "")) == (0, "")


def test_who_waits_for_prometheus_is_told_that_the_server_stops(tmp_path: Path) -> None:
    held = Held()
    with held_until_the_end(held) as url:
        stack = make_stack(tmp_path, more=f"prometheus: {{url: {url}}}")
        quality = bearer(stack, "quality")
        with started(stack.file, stack.exporter) as process, ThreadPoolExecutor(1) as pool:
            checking = pool.submit(check, stack, quality)
            wait_for(lambda: held.waiting, 10, "the check does not begin")
            process.send_signal(signal.SIGTERM)
            out, err = process.communicate(timeout=8)
            status, body = checking.result(5)
    message = "dev-hq serve was stopped before this was done; ask again when it runs"
    assert (status, json.loads(body)) == (503, {"error": {"code": "unavailable", "message": message}})
    assert (process.returncode, err.replace(out, "")) == (0, "")
    (line,) = Journal(stack.directory / "audit.jsonl").read()
    assert (line.data["path"], line.data["status"], "verdict" in line.data) == (CHECK, 503, False)


@contextmanager
def held_until_the_end(held: Held) -> Iterator[str]:
    with answering(held) as url:
        try:
            yield url
        finally:
            held.let_go.set()
