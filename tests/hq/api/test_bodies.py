"""What is no proper body is refused by every operation that takes one, by number of the bad input."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

import hq.api.strict_json
from hq.api.alerts import MAX_ALERTS_BYTES
from hq.api.doors import MAX_BODY_BYTES
from stack.journal import Journal
from tests.hq.api.test_openapi import DOCUMENT, OPERATIONS, WITH_BODY
from tests.hq.serving import Answer, Served, serving

PATHS = [name.removeprefix("POST ") for name in WITH_BODY]
RUN = "/api/chaos/run"


@dataclass(frozen=True)
class Door:
    """An operation that takes a body, and who may send it one."""

    served: Served
    path: str
    headers: dict[str, str]
    most: int

    def send(self, body: bytes, **headers: str) -> Answer:
        sent = self.headers | {name.replace("_", "-"): value for name, value in headers.items()}
        return self.served.send("POST", self.path, {name: value for name, value in sent.items() if value}, body)

    def raw(self, rest: bytes) -> bytes:
        lines = [f"POST {self.path} HTTP/1.1", "Host: localhost", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return self.served.raw("\r\n".join(lines).encode() + b"\r\n" + rest)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that may start runs: whatever is refused here leaves nothing in its journal."""
    with serving(tmp_path_factory.mktemp("bodies"), chaos=True) as served:
        yield served
        assert Journal(served.stack.journal).read() == []


@pytest.fixture(params=PATHS)
def door(served: Served, request: pytest.FixtureRequest) -> Door:
    scheme = OPERATIONS[f"POST {request.param}"]["security"][0]
    shown = served.bearer(scheme["token"][0]) if "token" in scheme else f"Bearer {served.token}"
    headers = {"authorization": shown, "content-type": "application/json"}
    if request.param == RUN:
        headers["idempotency-key"] = "k"
    return Door(served, request.param, headers, MAX_ALERTS_BYTES if "webhook" in scheme else MAX_BODY_BYTES)


def test_every_operation_with_a_body_is_tried() -> None:
    assert PATHS == ["/api/alerts", "/api/chaos/run", "/api/chaos/stop", "/api/quality/check"]


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "json"]
)
def test_53_only_json_is_read(door: Door, content_type: str) -> None:
    refusal = door.send(b"{}", content_type=content_type).error
    assert refusal == (415, "unsupported_media_type", "the body must be application/json")


def test_54_a_body_over_the_cap_is_refused_by_its_length(door: Door) -> None:
    answer = door.raw(f"Content-Length: {door.most + 1}\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert f"the body is larger than {door.most // 1024} KiB".encode() in answer


def test_54_a_body_over_the_cap_is_refused_chunk_by_chunk(door: Door) -> None:
    """It is refused before its end, which never comes here."""
    chunk = b"%x\r\n" % 65536 + b" " * 65536 + b"\r\n"
    answer = door.raw(b"Transfer-Encoding: chunked\r\n\r\n" + chunk * (door.most // 65536) + b"1\r\n \r\n")
    assert answer.startswith(b"HTTP/1.1 413 ")


NOT_JSON = {
    "55-deep-list": (b"[" * 60_000, "the body is nested deeper than 16 levels"),
    "55-deep-object": (b'{"a":' * 17 + b"1" + b"}" * 17, "the body is nested deeper than 16 levels"),
    "56-key-twice": (b'{"run": "a", "run": "b"}', "the body names a key twice"),
    "56-key-twice-inside": (b'{"parameters": {"share": 1, "share": 0.5}}', "the body names a key twice"),
    "57-nan": (b'{"window_seconds": NaN}', "the body holds NaN, which is not JSON"),
    "57-infinity": (b'{"window_seconds": -Infinity}', "the body holds -Infinity, which is not JSON"),
    "57-1e999": (b'{"window_seconds": 1e999}', "the body holds a number that is too large"),
    "57-5000-digits": (b'{"window_seconds": ' + b"9" * 5000 + b"}", "the body holds a number that is too long"),
    "58-utf-16": ("{}".encode("utf-16"), "the body is not UTF-8"),
    "58-bom": (b"\xef\xbb\xbf{}", "the body is not JSON: Unexpected UTF-8 BOM (decode using utf-8-sig) at line 1"),
    "58-half-a-character": (b'{"run": "\xc3"}', "the body is not UTF-8"),
    "no-body": (b"", "the body is not JSON: Expecting value at line 1"),
    "no-object": (b"[]", "the body must be a JSON object"),
}


@pytest.mark.parametrize("name", NOT_JSON)
def test_what_is_no_unambiguous_json_object_is_refused(door: Door, name: str) -> None:
    body, sentence = NOT_JSON[name]
    assert door.send(body).error == (400, "bad_request", sentence)


def test_65_a_body_that_does_not_arrive_is_given_up(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hq.api.strict_json, "BODY_SECONDS", 0.3)
    answer = door.raw(b"Content-Length: 10\r\n\r\n{")
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"the body did not arrive within 0.3 s" in answer


def test_65_a_body_that_comes_byte_by_byte_is_given_up_at_the_same_time(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each byte that comes wins no time."""
    monkeypatch.setattr(hq.api.strict_json, "BODY_SECONDS", 0.5)
    lines = [f"POST {door.path} HTTP/1.1", "Host: localhost", "Connection: close", "Content-Length: 1000"]
    lines += [f"{name}: {value}" for name, value in door.headers.items()]
    with socket.create_connection((door.served.address.host, door.served.address.port), timeout=0.05) as connection:
        connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n")
        for _ in range(400):
            connection.sendall(b" ")
            try:
                answer = connection.recv(65536)
                break
            except TimeoutError:
                continue
        assert answer.startswith(b"HTTP/1.1 408 ")


def model_of(path: str) -> str:
    schema = OPERATIONS[f"POST {path}"]["requestBody"]["content"]["application/json"]["schema"]
    return str(schema["$ref"].rpartition("/")[2])


OURS = [path for path in PATHS if path != "/api/alerts"]  # Alertmanager adds fields: tests/hq/test_api_alerts.py


@pytest.mark.parametrize("door", OURS, indirect=True)
@pytest.mark.parametrize("name", ["url", "promql", "file", "__class__", "Run", ""])
def test_59_an_unknown_field_is_refused(door: Door, name: str) -> None:
    example = DOCUMENT["components"]["schemas"][model_of(door.path)]["examples"][0]
    refusal = door.send(json.dumps(example | {name: "x"}).encode()).error
    assert refusal == (422, "invalid", f"{name or 'the body'}: extra inputs are not permitted")


@pytest.mark.parametrize("door", [RUN], indirect=True)
def test_59_an_unknown_field_within_another_is_refused(door: Door) -> None:
    body = {"scenario": "proxy-failure-wave", "parameters": {"duration": "40s"}}
    refusal = door.send(json.dumps(body).encode()).error
    assert refusal == (422, "invalid", "parameters.duration: extra inputs are not permitted")


WRONG_KINDS = [
    (RUN, {"scenario": True}, "scenario: input should be a valid string"),
    (RUN, {"scenario": "x", "parameters": {"share": True}}, "parameters.share: input should be a valid number"),
    (RUN, {"scenario": "x", "parameters": {"share": "1"}}, "parameters.share: input should be a valid number"),
    (
        RUN,
        {"scenario": "x", "parameters": []},
        "parameters: input should be a valid dictionary or object to extract fields from",
    ),
    ("/api/chaos/stop", {"run": 1}, "run: input should be a valid string"),
    ("/api/quality/check", {"window_seconds": True}, "window_seconds: input should be a valid number"),
    ("/api/quality/check", {"strict": 1}, "strict: input should be a valid boolean"),
    ("/api/quality/check", {"gates": "success_rate"}, "gates: input should be a valid list"),
]


@pytest.mark.parametrize(
    ("door", "body", "sentence"),
    WRONG_KINDS,
    indirect=["door"],
    ids=[
        f"57-{path.rpartition('/')[2]}-{sentence.partition(':')[0]}-{n}"
        for n, (path, _, sentence) in enumerate(WRONG_KINDS)
    ],
)
def test_57_a_value_of_another_kind_is_refused(door: Door, body: dict[str, object], sentence: str) -> None:
    assert door.send(json.dumps(body).encode()).error == (422, "invalid", sentence)
