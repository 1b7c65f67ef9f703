"""What the client says about every way in which Prometheus can fail to answer."""

from __future__ import annotations

import json
import math
import socket
import time
import traceback
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from prometheus.answer import Sample
from prometheus.client import PrometheusClient
from prometheus.errors import AnswerError, PrometheusError, RefusedError, UnreachableError
from prometheus.redaction import HIDDEN, Redaction
from tests.prometheus.fake_server import FakeServer, http

VECTOR = {"resultType": "vector", "result": [{"metric": {"job": "a"}, "value": [1.5, "2"]}]}


def success(data: object, **more: object) -> bytes:
    return http(200, json.dumps({"status": "success", "data": data, **more}).encode())


def one_shot(url: str, **settings: float) -> PrometheusClient:
    return PrometheusClient(url, **{"timeout": 2.0, "retries": 0, "deadline": 3.0, **settings})


def fail(reply: bytes, error: type[PrometheusError]) -> str:
    """What the client says to `reply`, without the URL."""
    with FakeServer([reply]) as server, pytest.raises(error) as caught:
        one_shot(server.url).instant("up")
    assert type(caught.value) is error
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(f"Prometheus at {server.url} ")
    return message.removeprefix(f"Prometheus at {server.url} ")


def test_an_instant_answer_keeps_warnings_and_infos() -> None:
    with FakeServer([success(VECTOR, warnings=["partial"], infos=["no counter"])]) as server:
        answer = PrometheusClient(server.url + "/").instant('up{job="a"}', at=12.3456)
    assert answer.samples == (Sample({"job": "a"}, 1.5, 2.0),)
    assert (answer.warnings, answer.infos, answer.result_type) == (("partial",), ("no counter",), "vector")
    assert server.requests[0].startswith(
        "GET /api/v1/query?query=up%7Bjob%3D%22a%22%7D&timeout=10s&time=12.346 HTTP/1.1\r\n"
    )


def test_a_range_answer() -> None:
    data = {"resultType": "matrix", "result": [{"metric": {}, "values": [[1, "1"], [2.5, "NaN"]]}]}
    with FakeServer([success(data)]) as server:
        answer = one_shot(server.url).range("up", 1, 4, 0.5)
    (series,) = answer.series
    assert series.points[0] == (1.0, 1.0)
    assert math.isnan(series.points[1][1])
    assert "start=1.000&end=4.000&step=0.500" in server.requests[0]


def test_a_long_query_goes_into_the_body() -> None:
    with FakeServer([success(VECTOR)]) as server:
        one_shot(server.url).instant("up" + " or up" * 500)
    assert server.requests[0].startswith("POST /api/v1/query HTTP/1.1\r\n")


def test_headers_are_sent_and_credentials_never_said() -> None:
    with FakeServer([http(401, b"")]) as server:
        client = PrometheusClient(server.url, headers={"Authorization": "Bearer s3cret"})
        with pytest.raises(RefusedError) as caught:
            client.instant("up")
    assert "Authorization: Bearer s3cret\r\n" in server.requests[0]
    assert "s3cret" not in "".join(traceback.format_exception(caught.value))
    assert str(caught.value).endswith(" refuses the header Authorization (401)")


def test_a_url_with_credentials_is_refused_without_repeating_them() -> None:
    with pytest.raises(PrometheusError) as caught:
        PrometheusClient("http://me:s3cret@127.0.0.1:9090")
    assert str(caught.value) == "the URL of Prometheus must not hold credentials; give them as a header"
    with pytest.raises(PrometheusError) as caught:
        PrometheusClient("ftp://me:s3cret@127.0.0.1")
    assert str(caught.value) == (
        '"ftp://127.0.0.1" is not the URL of a Prometheus; write it like http://127.0.0.1:9090'
    )


@pytest.mark.parametrize("header", ["a\nb", "\u20ac"])
def test_a_header_that_no_header_may_be(header: str) -> None:
    with FakeServer([success(VECTOR)]) as server, pytest.raises(PrometheusError) as caught:
        PrometheusClient(server.url, headers={"X-Scope-OrgID": header}).instant("up")
    assert str(caught.value) == "a header for Prometheus holds characters that no header may hold"


@pytest.mark.parametrize("status", [401, 403])
def test_refused_credentials(status: int) -> None:
    assert fail(http(status, b"<html>"), RefusedError) == f"refuses us ({status}); it wants credentials, or other ones"


def test_a_wrong_path() -> None:
    assert fail(http(404, b"404 page not found"), RefusedError) == (
        "has no API there (404); is the URL right, and its path?"
    )


@pytest.mark.parametrize("status", [400, 422])
def test_a_query_that_is_refused(status: int) -> None:
    body = b'{"status":"error","errorType":"bad_data","error":"parse\\nerror"}'
    assert fail(http(status, body), RefusedError) == "refused the query: bad_data: parse error"


def test_an_error_in_an_answer_with_status_200() -> None:
    body = b'{"status":"error","errorType":"execution","error":"too many samples"}'
    assert fail(http(200, body), RefusedError) == "refused the query: execution: too many samples"


def test_a_redirect_is_not_followed() -> None:
    reply = http(302, b"", "Location: http://u:s3cret@127.0.0.1:1/login?token=s3cret\r\n")
    assert fail(reply, RefusedError) == "redirects to http://127.0.0.1/login (302); give the final URL"
    assert fail(http(307, b"", ""), RefusedError) == "redirects to elsewhere (307); give the final URL"


def test_a_login_page() -> None:
    assert fail(http(200, b"\n<!doctype html>", ""), AnswerError) == (
        "answered with a web page, not with JSON; does a login stand in between?"
    )


@pytest.mark.parametrize(
    "body",
    [b"", b'{"status":"succ', b"\xff\xfe", b'{"a":NaN}', b'{"a":Infinity}', b"[" * 100_000, b"1" * 5000, b"\x1f\x8b"],
    ids=["empty", "torn", "not utf-8", "NaN", "Infinity", "deep", "digits", "gzip"],
)
def test_what_is_no_json(body: bytes) -> None:
    assert fail(http(200, body), AnswerError) == "answered with JSON that breaks off or is not valid"


def test_json_that_is_no_object() -> None:
    assert fail(http(200, b"[]"), AnswerError) == "answered with JSON that is not an object"


@pytest.mark.parametrize(
    "data",
    [
        None, [], {}, {"resultType": "vector"}, {"resultType": "vector", "result": 1},
        {"resultType": "vector", "result": [{"metric": {}, "value": [1]}]},
        {"resultType": "vector", "result": [{"metric": {}, "value": [1, 2]}]},
        {"resultType": "vector", "result": [{"metric": {}, "value": ["1", "2"]}]},
        {"resultType": "vector", "result": [{"metric": {}, "value": [True, "2"]}]},
        {"resultType": "vector", "result": [{"metric": {}, "value": [10**400, "2"]}]},
        {"resultType": "vector", "result": [{"metric": {}, "value": [1e30, "2"]}]},
        {"resultType": "vector", "result": [{"metric": {}, "value": [-1e9, "2"]}]},
        {"resultType": "vector", "result": [{"metric": {}, "value": [1, "1_0"]}]},
        {"resultType": "vector", "result": [{"metric": {}, "value": [1, " 1"]}]},
        {"resultType": "vector", "result": [{"metric": {"a": 1}, "value": [1, "1"]}]},
        {"resultType": "vector", "result": [{"metric": [], "value": [1, "1"]}]},
    ],
)  # fmt: skip
def test_json_of_another_shape(data: object) -> None:
    assert fail(success(data), AnswerError) == ("answered with JSON that is not shaped as Prometheus' API documents it")


def test_native_histograms_and_unknown_types() -> None:
    row = {"metric": {}, "histogram": [1, {"count": "1"}]}
    assert fail(success({"resultType": "vector", "result": [row]}), AnswerError) == (
        "answered with native histograms, which cannot be read as numbers; ask for a quantile or a count of them"
    )
    assert fail(success({"resultType": "frame", "result": []}), AnswerError) == (
        'answered with a result of the unknown type "frame"'
    )


def test_an_encoding_that_was_not_asked_for() -> None:
    assert fail(http(200, b"\x1f\x8b", "Content-Encoding: gzip\r\n"), AnswerError) == (
        "answered in the encoding 'gzip', which was not asked for"
    )


def test_a_status_that_means_nothing() -> None:
    assert fail(http(204, b""), AnswerError) == ("answered with the status 204, which Prometheus' API does not know")


def test_an_answer_without_end_is_cut_off() -> None:
    def endless(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b" " * 65536)

    with FakeServer([endless]) as server, pytest.raises(AnswerError) as caught:
        one_shot(server.url, timeout=20, deadline=20).instant("up")
    assert str(caught.value) == f"Prometheus at {server.url} answered with more than 20 MiB; ask for less"


def test_a_server_that_reads_its_log() -> None:
    assert fail(http(503, b"Service Unavailable"), UnreachableError) == (
        "is not ready (503): it is starting and reads its write-ahead log"
    )


def test_a_query_that_takes_too_long_there() -> None:
    body = b'{"status":"error","errorType":"timeout","error":"query timed out"}'
    assert fail(http(503, body), UnreachableError) == "cannot answer now (503: query timed out)"


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with pytest.raises(UnreachableError) as caught:
        one_shot(url).instant("up")
    assert str(caught.value) == f"Prometheus at {url} refused the connection; is it running?"
    assert not one_shot(url).ready()


def test_a_name_that_does_not_exist() -> None:
    with pytest.raises(UnreachableError) as caught:
        one_shot("http://prometheus.invalid:9090", timeout=10, deadline=10).instant("up")
    assert str(caught.value) == (
        "Prometheus at http://prometheus.invalid:9090 cannot be found: its host name does not resolve"
    )


def test_a_server_that_says_nothing() -> None:
    with FakeServer([lambda connection: connection.recv(1) and None]) as server:
        client = one_shot(server.url, timeout=0.3)
        with pytest.raises(UnreachableError) as caught:
            client.instant("up")
    assert str(caught.value) == f"Prometheus at {server.url} gave no complete answer within 0.3 s"


def test_a_server_that_hangs_up() -> None:
    for reply in (b"", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{", b"no http at all\r\n\r\n"):
        with FakeServer([reply]) as server, pytest.raises(PrometheusError) as caught:
            one_shot(server.url).instant("up")
        assert str(caught.value).removeprefix(f"Prometheus at {server.url} ") in (
            "broke off the connection",
            "answered with JSON that breaks off or is not valid",
        )


@pytest.mark.e2e
@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_an_answer_that_drips_in_is_bounded(head: bytes) -> None:
    with FakeServer([b""]) as server:
        server._replies = [server.drip(head)]
        started = time.monotonic()
        client = one_shot(server.url, timeout=0.5, deadline=1)
        with pytest.raises(UnreachableError) as caught:
            client.instant("up")
        assert time.monotonic() - started < 3
        assert str(caught.value) == f"Prometheus at {server.url} gave no complete answer within 0.5 s"
        server._replies = [success(VECTOR)]
        assert client.instant("up").samples, "the next question is not disturbed"


@pytest.mark.e2e
@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again(status: int) -> None:
    with FakeServer([http(status, b""), b"", success(VECTOR)]) as server:
        assert PrometheusClient(server.url).instant("up").samples
    assert len(server.requests) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_what_will_not_pass_is_not_tried_again(status: int) -> None:
    with FakeServer([http(status, b'{"status":"error"}')]) as server, pytest.raises(RefusedError):
        PrometheusClient(server.url).instant("up")
    assert sum(request.startswith("GET /api/v1/query?query=up&") for request in server.requests) == 1


def test_retries_end() -> None:
    with FakeServer([http(502, b"")]) as server, pytest.raises(UnreachableError) as caught:
        PrometheusClient(server.url, retries=1).instant("up")
    assert len(server.requests) == 2
    assert str(caught.value) == f"Prometheus at {server.url} cannot answer now (502)"


@pytest.mark.e2e
def test_a_wait_that_is_asked_for_is_kept_or_not_begun() -> None:
    with FakeServer([http(429, b"", "Retry-After: 1\r\n"), success(VECTOR)]) as server:
        started = time.monotonic()
        PrometheusClient(server.url).instant("up")
        assert time.monotonic() - started >= 1
    with FakeServer([http(429, b"", "Retry-After: 3600\r\n")]) as server, pytest.raises(UnreachableError):
        PrometheusClient(server.url).instant("up")
    assert len(server.requests) == 1


@pytest.mark.e2e
def test_the_deadline_holds_over_all_retries() -> None:
    with FakeServer([lambda connection: connection.recv(1) and None]) as server:
        started = time.monotonic()
        with pytest.raises(UnreachableError):
            PrometheusClient(server.url, timeout=0.5, retries=100, deadline=1.5).instant("up")
        assert time.monotonic() - started < 3


def test_proxies_from_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    with FakeServer([success(VECTOR)]) as server:
        assert one_shot(server.url).instant("up").samples


def test_credentials_from_netrc_are_not_used(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password s3cret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with FakeServer([success(VECTOR)]) as server:
        one_shot(server.url).instant("up")
    assert "Authorization" not in server.requests[0]


def test_a_client_that_is_closed_can_be_asked_again() -> None:
    with FakeServer([success(VECTOR)]) as server:
        client = one_shot(server.url)
        client.instant("up")
        client.close()
        assert client.instant("up").samples


def test_a_client_in_a_hurry_asks_the_same_server_once() -> None:
    with FakeServer([http(503, b""), lambda connection: connection.recv(1) and None]) as server:
        client = PrometheusClient(server.url, headers={"Authorization": "Bearer s3cret"}).hurried(0.3)
        with pytest.raises(UnreachableError, match="is not ready"):
            client.instant("up")
        began = time.monotonic()
        assert not client.ready()
        assert time.monotonic() - began < 5
    assert len(server.requests) == 2
    assert all("\r\nAuthorization: Bearer s3cret\r\n" in request for request in server.requests)


@pytest.mark.e2e
def test_questions_that_belong_together_have_one_deadline() -> None:
    def slow(connection: socket.socket) -> None:
        server.closing.wait(0.3)
        connection.sendall(success(VECTOR))

    with FakeServer([slow]) as server:
        client = PrometheusClient(server.url, timeout=5, retries=0)
        with client.within(1) as look:
            began = time.monotonic()
            with pytest.raises(UnreachableError) as caught:
                [client.instant("up") for _ in range(100)]
            assert time.monotonic() - began < 5
        assert look.lost is caught.value
        assert client.instant("up").samples, "and the next question has its own"


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=4), st.text(), st.text())
def test_a_secret_is_hidden_wherever_it_stands(secret: str, before: str, after: str) -> None:
    assume(secret.lower() not in HIDDEN)
    redaction = Redaction()
    redaction.learn({"Authorization": f"Bearer {secret}"})
    for form in (secret, quote(secret), quote(secret, safe=""), quote_plus(secret), secret.upper()):
        hidden = redaction.hide(before + form + after)
        assert form not in hidden.replace(HIDDEN, "\0") or form in before + "\0" + after
