"""What a server can answer, and the sentence that each wrong answer costs."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest

from hq.remote.client import RemoteClient
from hq.remote.errors import LostError, RefusedError, ServerError
from hq.remote.server import Server, server_at
from tests.addresses import addresses_apart
from tests.hq.remote.fake_server import TOKEN, FakeHq, Says, refuses, token_file
from tests.prometheus.fake_server import FakeServer, http

PATH = "/api/chaos/runs"


def client_of(url: str, directory: Path) -> RemoteClient:
    return RemoteClient(server_at(url, token_file(directory)))


@pytest.mark.parametrize(
    ("reply", "complaint"),
    [
        (b"{", "answered with JSON that breaks off or is not valid"),
        (b'{"a": 1, "a": 2}', "answered with JSON that breaks off or is not valid"),
        (b'{"a": NaN}', "answered with JSON that breaks off or is not valid"),
        (b'{"a": 1e999}', "answered with JSON that breaks off or is not valid"),
        (b"[" * 100_000, "answered with JSON that breaks off or is not valid"),
        (b'"\xff"', "answered with JSON that breaks off or is not valid"),
        (b"<html>", "answered with JSON that breaks off or is not valid"),
        (b"", "answered with JSON that breaks off or is not valid"),
    ],
)
def test_a_body_that_cannot_be_read(reply: bytes, complaint: str, tmp_path: Path) -> None:
    with FakeServer([http(200, reply)]) as server, pytest.raises(ServerError) as caught:
        client_of(server.url, tmp_path).get(PATH)
    assert str(caught.value) == f"the server {server.url} {complaint}"


def test_a_body_without_end_is_read_to_a_bound(tmp_path: Path) -> None:
    def endless(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b" " * 65536)

    with FakeServer([endless]) as server, pytest.raises(ServerError) as caught:
        client_of(server.url, tmp_path).get(PATH)
    assert str(caught.value) == f"the server {server.url} answered with more than 20 MiB"


@pytest.mark.parametrize(
    ("says", "complaint"),
    [
        (
            refuses(401, "a bearer token is needed"),
            "{name} does not know the token in {token}; `dev-hq token add` there makes one",
        ),
        (refuses(403, "this token is not for chaos"), "{name} says: this token is not for chaos"),
        (refuses(409, f"not with {TOKEN}\n\x1b[31m"), "{name} says: not with [redacted] \N{REPLACEMENT CHARACTER}[31m"),
        (refuses(503, "the stack does not run"), "{name} says: the stack does not run"),
        (refuses(500, "something went wrong here"), "{name} says: something went wrong here"),
        (Says(404, "<html>"), "{name} has no API of dev-hq there (404); is the URL right?"),
        (refuses(404, "not found"), "{name} has no API of dev-hq there (404); is the URL right?"),
        (Says(404, {"error": "x"}), "{name} has no API of dev-hq there (404); is the URL right?"),
        (Says(302, "", {"Location": "http://127.0.0.1:1/"}), "{name} redirects elsewhere (302); give the final URL"),
    ],
)
def test_a_refusal_is_a_sentence(says: Says, complaint: str, fake: FakeHq, tmp_path: Path) -> None:
    client = client_of(fake.on(f"GET {PATH}", says).url, tmp_path)
    with pytest.raises(RefusedError) as caught:
        client.get(PATH)
    assert str(caught.value) == complaint.format(name=f"the server {fake.url}", token=tmp_path / "token")
    assert len(fake.asked) == 1


def test_without_a_token_file(fake: FakeHq) -> None:
    fake.on(f"GET {PATH}", refuses(401, "a bearer token is needed"))
    with pytest.raises(RefusedError, match=r"wants a token; name the file that holds it with --token-file$"):
        RemoteClient(Server(fake.url)).get(PATH)
    assert "Authorization" not in fake.asked[0].headers


def test_nobody_is_there(tmp_path: Path) -> None:
    (address,) = addresses_apart(1)
    began = time.monotonic()
    with pytest.raises(LostError) as caught:
        client_of(f"http://{address}", tmp_path).get(PATH)
    assert str(caught.value) == f"the server http://{address} refused the connection; is it running?"
    assert caught.value.unsent
    assert time.monotonic() - began < 5  # nobody waits for a server that never was


def test_an_answer_that_is_lost_is_asked_for_again(fake: FakeHq, tmp_path: Path) -> None:
    fake.on(f"GET {PATH}", Says(breaks=True), Says(502, "<html>"), refuses(503, "busy", Retry_After="0"), Says(body={}))
    assert client_of(fake.url, tmp_path).get(PATH) == {}
    assert len(fake.asked) == 4


def test_a_wish_to_wait_for_ever_is_not_granted(fake: FakeHq, tmp_path: Path) -> None:
    fake.on(f"GET {PATH}", refuses(503, "busy", Retry_After="999999"))
    with pytest.raises(LostError, match=r"cannot answer now \(503\): busy$"):
        client_of(fake.url, tmp_path).get(PATH)


def test_a_token_is_read_at_each_request_and_once_more_when_it_was_replaced(fake: FakeHq, tmp_path: Path) -> None:
    path = tmp_path / "token"
    refused = refuses(401, "a bearer token is needed")
    fake.on(f"GET {PATH}", Says(body={}), Says(401, refused.body, then=lambda: path.write_text("newer")), Says(body={}))
    client = client_of(fake.url, tmp_path)
    assert (client.get(PATH), client.get(PATH)) == ({}, {})
    shown = [one.headers["Authorization"] for one in fake.asked]
    assert shown == [f"Bearer {TOKEN}", f"Bearer {TOKEN}", "Bearer newer"]


def test_nothing_of_the_environment_is_used(fake: FakeHq, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login x password y\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    fake.on(f"GET {PATH}", Says(body={}))
    assert RemoteClient(Server(fake.url)).get(PATH) == {}
    assert "Authorization" not in fake.asked[0].headers


def test_a_post_says_what_it_is(fake: FakeHq, tmp_path: Path) -> None:
    fake.on("POST /api/chaos/stop", Says(body={"run": None}))
    assert client_of(fake.url, tmp_path).post("/api/chaos/stop", {}) == {"run": None}
    (asked,) = fake.asked
    assert asked.headers["Content-Type"] == "application/json"
    assert asked.body == {}


def test_a_stream_that_is_none(fake: FakeHq, tmp_path: Path) -> None:
    client = client_of(fake.on(f"GET {PATH}", Says(body={})).url, tmp_path)
    with (
        pytest.raises(ServerError, match=r"answered with no stream of events; is the URL right\?$"),
        client.events(PATH),
    ):
        pass
    fake.on(f"GET {PATH}", refuses(404, "there is no run of this name"))
    with pytest.raises(RefusedError, match=r"says: there is no run of this name$"), client.events(PATH):
        pass
