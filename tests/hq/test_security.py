"""Who may call what: tokens, scopes, passwords, web pages, and what is written down about it."""

from __future__ import annotations

import base64
import json
import threading
from pathlib import Path

import bcrypt
import pytest

from hq.api.token_file import add_token, revoke_token
from hq.api.tokens import Scope
from hq.serving.passwords import MOST_WAITING, BusyError, Passwords
from hq.serving.web import Web
from stack.journal import Journal
from tests.hq.serving import Answer, Served, serving

REFUSED = (401, "unauthorized", "a bearer token is needed")
STRANGE = [
    "", "Bearer", "Bearer ", "Bearer no", "Bearer dev-hq-" + "x" * 43, "Basic YTpi", "Token {0}", "{0}",
    "Bearer {0} {0}", "Bearer {0}x", "Bearer \u00e9", "Bearer " + "x" * 5000,
]  # fmt: skip


@pytest.fixture(autouse=True)
def every_stranger_has_a_line(monkeypatch) -> None:
    monkeypatch.setattr("hq.api.audit.STRANGERS_A_MINUTE", 1000)


def posts(served: Served) -> list[str]:
    """Every path that changes something, from the document."""
    paths = json.loads(served.get("/openapi.json").body)["paths"]
    return sorted(path for path, operations in paths.items() if "post" in operations)


def gets(served: Served) -> list[str]:
    paths = json.loads(served.get("/openapi.json").body)["paths"]
    return sorted(path.format(run="none", id="none") for path, operations in paths.items() if "get" in operations)


def line(served: Served) -> dict[str, object]:
    return dict(Journal(served.stack.directory / "audit.jsonl").read()[-1].data)


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("security")) as served:
        yield served


def test_48_whoever_is_not_known_gets_the_same_answer_whatever_is_wrong(served: Served) -> None:
    token = served.bearer("read").removeprefix("Bearer ")
    answers: list[Answer] = []
    for path in ["/api/anomalies", *posts(served)]:
        method = "GET" if path == "/api/anomalies" else "POST"
        good = served.token if path == "/api/alerts" else token
        headers = [{}, *({"authorization": shown.format(good)} for shown in STRANGE)]
        answers += [served.send(method, path, sent) for sent in headers]  # type: ignore[arg-type]
    assert {answer.error for answer in answers} == {REFUSED}
    assert len({answer.body for answer in answers}) == 1
    assert (
        len({tuple(sorted(set(answer.headers.items()) - {("date", answer.headers["date"])})) for answer in answers})
        == 1
    )


def test_48_two_tokens_are_none(served: Served) -> None:
    header = f"Authorization: {served.bearer('read')}\r\n".encode()
    answer = served.raw(
        b"GET /api/anomalies HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + header * 2 + b"\r\n"
    )
    assert answer.startswith(b"HTTP/1.1 401 ")


@pytest.mark.parametrize("name", ["token", "access_token", "authorization", "api_key"])
def test_49_a_token_in_the_query_is_none(served: Served, name: str) -> None:
    token = served.bearer("read").removeprefix("Bearer ")
    assert served.get(f"/api/anomalies?{name}={token}").error == REFUSED


@pytest.mark.parametrize(
    ("path", "scope"), [("/api/chaos/run", "read"), ("/api/chaos/stop", "quality"), ("/api/quality/check", "chaos")]
)
def test_50_a_token_of_another_scope_is_refused(served: Served, path: str, scope: str) -> None:
    needed = "quality" if "quality" in path else "chaos"
    message = f"this token is not for {needed}; `dev-hq token add` makes one with that scope"
    assert served.ask(scope, "POST", path, {}).error == (403, "forbidden", message)
    assert (line(served)["who"], line(served)["path"], line(served)["status"]) == (scope, path, 403)


def test_50_the_token_of_the_webhook_opens_nothing_else_and_none_else_the_webhook(served: Served) -> None:
    webhook = {"authorization": f"Bearer {served.token}"}
    assert served.send("POST", "/api/chaos/stop", webhook).error == REFUSED
    assert served.send("GET", "/api/anomalies", webhook).error == REFUSED
    assert served.ask("chaos", "POST", "/api/alerts", {}).error == REFUSED


def test_a_token_that_is_made_or_revoked_while_it_serves_counts_at_once(served: Served) -> None:
    token = add_token(served.stack.tokens, "passing", frozenset({Scope.QUALITY}))
    sent = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    assert served.send("POST", "/api/quality/check", sent, b'{"no": 1}').status == 422
    revoke_token(served.stack.tokens, "passing")
    assert served.send("POST", "/api/quality/check", sent, b'{"no": 1}').error == REFUSED


def test_every_digest_is_compared_wherever_the_right_one_stands(monkeypatch) -> None:
    from hq.api import tokens

    compared = []
    monkeypatch.setattr(tokens.hmac, "compare_digest", lambda one, other: compared.append(one) or one == other)
    made = [tokens.Token(tokens.Caller(str(n), frozenset()), tokens.digest_of(str(n).encode())) for n in range(5)]
    for shown in (b"0", b"4", b"none"):
        compared.clear()
        tokens.caller_of(tuple(made), shown)
        assert len(compared) == 5


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.nip.io", "hq.example.evil.example"])
def test_51_no_path_is_open_to_a_name_that_was_rebound(served: Served, host: str) -> None:
    for path in gets(served):
        sent = {"host": host, "authorization": served.bearer("read")}
        assert served.send("GET", path, sent).status == 400
    for path in posts(served):
        sent = {"host": host, "authorization": served.bearer("chaos"), "content-type": "application/json"}
        assert served.send("POST", path, sent, b"{}").status == 400
        assert (line(served)["who"], line(served)["path"], line(served)["status"]) == (None, path, 400)


@pytest.mark.parametrize(
    "headers", [{"origin": "http://localhost"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}]
)
def test_52_no_web_page_reaches_any_path_not_even_with_a_token(served: Served, headers: dict[str, str]) -> None:
    for path in gets(served):
        sent = {**headers, "authorization": served.bearer("read"), "accept": "text/event-stream"}
        assert served.send("GET", path, sent).error == (403, "forbidden", "requests from web pages are refused")
    for path in posts(served):
        sent = {**headers, "authorization": served.bearer("chaos"), "content-type": "application/json"}
        assert served.send("POST", path, sent, b"{}").status == 403
        assert (line(served)["who"], line(served)["path"], line(served)["status"]) == (None, path, 403)


def test_52_no_page_is_told_that_it_might_ask(served: Served) -> None:
    preflight = {"origin": "http://evil.example", "access-control-request-method": "POST"}
    answer = served.send("OPTIONS", "/api/chaos/run", preflight)
    assert answer.status == 403
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_every_call_that_may_change_something_has_its_line(served: Served) -> None:
    assert len(posts(served)) >= 4
    for path in posts(served):
        before = len(Journal(served.stack.directory / "audit.jsonl").read())
        statuses = []
        for headers, body in (
            ({}, b"{}"),
            ({"authorization": served.bearer("read")}, b"{}"),
            ({"authorization": bearer_for(served, path)}, b"{}"),
            ({"authorization": bearer_for(served, path), "content-type": "application/json"}, b"[1"),
            ({"authorization": bearer_for(served, path), "content-type": "application/json"}, b'{"none": 1}'),
        ):
            statuses.append(served.send("POST", path, headers, body).status)
        records = Journal(served.stack.directory / "audit.jsonl").read()[before:]
        assert [record.data["status"] for record in records] == statuses
        assert {record.kind for record in records} == {"api_call"}
        assert all(record.data["path"] == path and record.data["method"] == "POST" for record in records)
        assert all(record.data["from"] == "127.0.0.1" for record in records)
        assert records[0].data["who"] is None
        assert records[-1].data["who"] == ("alertmanager" if path == "/api/alerts" else "both")


def bearer_for(served: Served, path: str) -> str:
    if path == "/api/alerts":
        return f"Bearer {served.token}"
    if "both" not in served.bearers:
        made = add_token(served.stack.tokens, "both", frozenset({Scope.CHAOS, Scope.QUALITY}))
        served.bearers["both"] = f"Bearer {made}"
    return served.bearers["both"]


def test_strangers_cannot_fill_the_disk_with_lines(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("hq.api.audit.STRANGERS_A_MINUTE", 3)
    with serving(tmp_path) as served:
        for _ in range(10):
            served.send("POST", "/api/chaos/stop")
        lines = len(Journal(served.stack.directory / "audit.jsonl").read())
        assert lines in (3, 4, 5, 6), "a minute may have ended between them"
        served.ask("chaos", "POST", "/api/chaos/stop", {"none": 1})
        assert line(served)["who"] == "chaos"


@pytest.fixture(scope="module")
def exposed(tmp_path_factory):
    directory = tmp_path_factory.mktemp("exposed")
    (directory / "web.yml").write_text(f"basic_auth_users: {{me: {digest(b'canary')}, you: {digest(b'other')}}}\n")
    with serving(directory / "stack", open_to_all=False, web=Web(directory / "web.yml")) as served:
        yield served


def test_beyond_loopback_only_health_is_for_everybody(exposed: Served) -> None:
    known = {"authorization": exposed.bearer("read")}
    paths = json.loads(exposed.send("GET", "/openapi.json", known).body)["paths"]
    open_paths = [path for path, operations in paths.items() if "get" in operations and exposed.get(path).status != 401]
    assert open_paths == ["/-/healthy", "/-/ready"]
    for path in ("/", "/metrics", "/openapi.json", "/api"):
        assert exposed.send("HEAD", path).status == 401
        assert exposed.send("GET", path, known).status == 200


def test_beyond_loopback_a_password_opens_what_is_read(exposed: Served) -> None:
    for path in ("/metrics", "/", "/api/chaos/runs"):
        assert exposed.get(path, authorization=basic("me", "canary")).status == 200
    refused = [basic("me", "wrong"), basic("you", "canary"), basic("nobody", "canary"), basic("me", ""), "Basic me"]
    for shown in refused:
        answer = exposed.get("/metrics", authorization=shown)
        assert answer.error == REFUSED
        assert answer.headers["www-authenticate"] == 'Basic realm="dev-hq", Bearer'


def test_a_password_changes_nothing(exposed: Served) -> None:
    for path in ("/api/chaos/run", "/api/chaos/stop", "/api/quality/check", "/api/alerts"):
        assert exposed.send("POST", path, {"authorization": basic("me", "canary")}).error == REFUSED


def test_users_are_asked_for_their_password_on_loopback_too(tmp_path: Path) -> None:
    (tmp_path / "web.yml").write_text(f"basic_auth_users: {{me: {digest(b'canary')}}}\n")
    with serving(tmp_path / "stack", web=Web(tmp_path / "web.yml")) as served:
        assert served.get("/metrics").status == 401
        assert served.get("/metrics", authorization=basic("me", "canary")).status == 200


def test_a_password_is_checked_once_and_those_who_guess_wait_for_each_other(monkeypatch) -> None:
    checked, go, begun = [], threading.Event(), threading.Semaphore(0)

    def checkpw(password: bytes, kept: bytes) -> bool:
        checked.append(password)
        begun.release()
        go.wait(10)
        return password == b"right"

    monkeypatch.setattr(bcrypt, "checkpw", checkpw)
    passwords, users = Passwords(), {"me": b"kept"}
    go.set()
    assert passwords.are("me", b"right", users)
    assert passwords.are("me", b"right", users)
    assert checked == [b"right"]
    assert not passwords.are("me", b"wrong", users), "what is remembered is the password, not only the user"
    assert not passwords.are("nobody", b"right", users), "who is not known costs a check too"
    assert not passwords.are("me", b"right", {"me": b"another"}) or checked.count(b"right") == 3
    go.clear()
    guesses = [threading.Thread(target=passwords.are, args=("me", b"%d" % n, users)) for n in range(MOST_WAITING)]
    for guess in guesses:
        guess.start()
    begun.acquire()
    try:
        while passwords._waiting._value:  # type: ignore[attr-defined]
            threading.Event().wait(0.01)
        with pytest.raises(BusyError):
            passwords.are("me", b"one more", users)
        assert passwords.are("me", b"right", users), "who was let in before does not wait"
    finally:
        go.set()
        for guess in guesses:
            guess.join()


def digest(password: bytes) -> str:
    return bcrypt.hashpw(password, bcrypt.gensalt(4)).decode()


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def test_beyond_loopback_the_webhooks_token_opens_the_pages_and_nothing_else_of_the_others(tmp_path: Path) -> None:
    with serving(tmp_path, open_to_all=False) as served:
        shown = f"Bearer {served.token}"
        for path in ("/metrics", "/", "/api", "/openapi.json"):
            assert served.get(path, authorization=shown).status == 200
            assert served.get(path, authorization=f"{shown}x").status == 401
        (served.stack.directory / "tokens.yaml").write_text("]")
        assert served.get("/metrics", authorization=shown).status == 200, "whatever became of the other tokens"
        (served.stack.directory / "tokens.yaml").unlink()
        assert served.get("/api/chaos/runs", authorization=shown).status == 401
        assert served.send("POST", "/api/chaos/stop", {"authorization": shown}, b"{}").status == 401


def test_a_request_with_two_lengths_is_refused_and_nothing_behind_it_is_read(tmp_path: Path) -> None:
    """A proxy that goes by the other length would take what is behind for the body, or the body for a request."""
    with serving(tmp_path) as served:
        head = f"Host: localhost\r\nAuthorization: {served.bearer('chaos')}\r\nContent-Type: application/json\r\n"
        body = "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
        behind = f"GET /-/healthy HTTP/1.1\r\n{head}\r\n"
        answer = served.raw(f"POST /api/chaos/stop HTTP/1.1\r\n{head}{body}{behind}".encode())
        assert answer.count(b"HTTP/1.1 ") == 1
        assert answer.endswith(b'"a request has Content-Length or Transfer-Encoding, not both"}}')
