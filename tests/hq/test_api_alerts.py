"""POST /api/alerts: what Alertmanager delivers is in the journal, and nothing else is."""

from __future__ import annotations

import json
import logging
import socket
import time
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import hq.api.strict_json
from hq.api.alerts import MAX_ALERTS_BYTES
from hq.api.errors import ApiError
from hq.api.notifications import notification_records
from hq.api.strict_json import parse_object
from stack.journal import MAX_RECORD_BYTES
from tests.exporters.exposed import samples_of
from tests.hq.serving import Served, serving

UNAUTHORIZED = (401, "unauthorized", "a bearer token is needed")


@pytest.fixture
def served(tmp_path):
    with serving(tmp_path) as served:
        yield served


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """For requests that are refused, and so leave nothing behind."""
    with serving(tmp_path_factory.mktemp("alerts")) as served:
        yield served
        assert served.notifications == []


def alert(**changes: object) -> dict[str, object]:
    return {
        "status": "firing",
        "labels": {"alertname": "ErrorSpike", "service": "shop", "severity": "high"},
        "annotations": {"summary": "too many errors"},
        "startsAt": "2026-11-22T09:00:00.25Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://127.0.0.1:9090/graph",
        "fingerprint": "5ef77f1f8a3ecfa5",
    } | changes


def message(*alerts: dict[str, object], **changes: object) -> dict[str, object]:
    """What Alertmanager 0.25 to 0.30 sends."""
    return {
        "version": "4",
        "groupKey": '{}:{alertname="ErrorSpike"}',
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "dev-hq",
        "groupLabels": {"alertname": "ErrorSpike"},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://127.0.0.1:9093",
        "alerts": list(alerts or [alert()]),
    } | changes


def test_an_alert_becomes_a_record(served: Served) -> None:
    before = time.time()
    assert (served.notify(message(truncatedAlerts=3)).status, len(served.notifications)) == (204, 1)
    record = served.notifications[0]
    assert record.kind == "notification"
    assert before <= record.at <= time.time()
    assert record.data == {
        "status": "firing",
        "labels": {"alertname": "ErrorSpike", "service": "shop", "severity": "high"},
        "annotations": {"summary": "too many errors"},
        "starts_at": 1795338000.25,
        "ends_at": None,
        "fingerprint": "5ef77f1f8a3ecfa5",
        "receiver": "dev-hq",
        "truncated": 3,
    }


def test_each_alert_is_a_record_and_what_was_left_out_is_said_once(served: Served) -> None:
    resolved = alert(status="resolved", endsAt="2026-11-22T09:01:00+01:00", fingerprint="b")
    assert served.notify(message(alert(), resolved, truncatedAlerts=7)).status == 204
    first, second = served.notifications
    assert (first.data["truncated"], second.data["truncated"]) == (7, 0)
    assert (second.data["status"], second.data["ends_at"]) == ("resolved", 1795338000.0 - 3600 + 60)


def test_a_message_that_comes_twice_is_written_twice_and_counted_once(served: Served) -> None:
    for _ in range(2):
        assert served.notify(message()).status == 204
    assert len(served.notifications) == 2
    samples = samples_of(served.get("/metrics").body.decode())
    assert samples['notifications_received_total{status="firing"}'] == 1
    assert samples['notification_delay_seconds_count{status="firing"}'] == 1


def test_59_fields_that_are_not_known_are_passed_over(served: Served) -> None:
    """Alertmanager adds fields within version 4, such as notificationReason in 0.29."""
    assert served.notify(message(alert(new=[1]), notificationReason="x", truncatedAlerts=0)).status == 204


def test_a_whole_number_may_be_written_with_a_point(served: Served) -> None:
    """To JSON, 3.0 is one."""
    assert served.notify(message(truncatedAlerts=3.0)).status == 204
    assert served.notifications[0].data["truncated"] == 3


def test_a_message_without_truncated_alerts_is_from_an_old_alertmanager(served: Served) -> None:
    old = message()
    del old["truncatedAlerts"]
    assert served.notify(old).status == 204
    assert served.notifications[0].data["truncated"] == 0


def test_a_full_message_of_our_alertmanager_is_taken_quickly(served: Served) -> None:
    """As many alerts as our Alertmanager's max_alerts, each with all the annotations of ours."""
    from prometheus.alertmanager import MAX_ALERTS

    words = dict.fromkeys(("summary", "description", "recommendation", "runbook_url", "dashboard_url"), "x" * 300)
    alerts = [alert(annotations=words, fingerprint=str(number)) for number in range(MAX_ALERTS)]
    assert len(json.dumps(message(*alerts))) < MAX_ALERTS_BYTES / 2
    began = time.monotonic()
    assert served.notify(message(*alerts)).status == 204
    assert time.monotonic() - began < 2.0
    assert len(served.notifications) == MAX_ALERTS


def test_long_annotations_are_cut_and_too_large_ones_left_out(served: Served) -> None:
    many = {f"a{number}": "\u20ac" * 900 for number in range(20)}
    assert served.notify(message(alert(annotations={"summary": "x" * 5000}), alert(annotations=many))).status == 204
    first, second = served.notifications
    assert first.data["annotations"] == {"summary": "x" * 1000}
    assert second.data["annotations"] == {}


def test_28_text_that_no_utf8_can_hold_is_kept_and_scraped(served: Served) -> None:
    """JSON can deliver half a surrogate pair."""
    body = json.dumps(message(alert(labels={"alertname": "\ud800\0\n"})))
    assert served.notify(body.encode()).status == 204
    assert served.notifications[0].data["labels"] == {"alertname": "\ud800\0\n"}
    assert served.get("/metrics").status == 200


@pytest.mark.parametrize(
    "authorization",
    [
        pytest.param(None, id="48-none"),
        pytest.param("", id="48-empty"),
        pytest.param("Bearer", id="48-scheme-only"),
        pytest.param("Bearer ", id="48-empty-token"),
        pytest.param("Bearer other", id="48-other"),
        pytest.param("Bearer é".encode().decode("latin-1"), id="48-é"),
        pytest.param("Bearer \xff", id="48-0xff"),
        pytest.param("Basic {token}", id="48-other-scheme"),
        pytest.param("{token}", id="48-no-scheme"),
        pytest.param("Bearer {token}x", id="48-longer"),
        pytest.param("Bearer x {token}", id="48-two-words"),
    ],
)
def test_48_without_the_token_nothing_is_taken(shared: Served, authorization: str | None) -> None:
    shown = authorization and authorization.format(token=shared.token)
    answer = shared.notify(message(), authorization=shown)
    assert answer.error == UNAUTHORIZED
    assert answer.headers["www-authenticate"] == "Bearer"


def test_48_two_authorization_headers_are_none(shared: Served) -> None:
    line = f"Authorization: Bearer {shared.token}\r\n"
    answer = shared.raw(
        f"POST /api/alerts HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{line}{line}\r\n".encode()
    )
    assert answer.startswith(b"HTTP/1.1 401 ")


def test_49_a_token_in_the_query_string_is_none(shared: Served) -> None:
    headers = {"content-type": "application/json"}
    answer = shared.send("POST", f"/api/alerts?token={shared.token}", headers, json.dumps(message()).encode())
    assert answer.error == UNAUTHORIZED


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_is_read_in_any_case(served: Served, scheme: str) -> None:
    assert served.notify(message(), authorization=f"{scheme} {served.token}").status == 204


def test_a_new_token_needs_no_restart(served: Served) -> None:
    served.credentials.write_text("  another token-of-ours \n")
    assert served.notify(message(), authorization="Bearer another token-of-ours").status == 204


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_7_alerts_can_only_be_posted(shared: Served, method: str) -> None:
    assert shared.send(method, "/api/alerts").error == (405, "method_not_allowed", "method not allowed")


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80"])
def test_51_another_host_is_refused_even_with_the_token(shared: Served, host: str) -> None:
    assert shared.notify(message(), host=host).error[0] == 400


def test_52_a_web_page_is_refused_even_with_the_token(shared: Served) -> None:
    assert shared.notify(message(), origin="http://localhost:9464").error[0] == 403


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "", None, "application/jsonp"]
)
def test_53_only_json_is_read(shared: Served, content_type: str | None) -> None:
    answer = shared.notify(message(), content_type=content_type)
    assert answer.error == (415, "unsupported_media_type", "the body must be application/json")


def test_json_with_parameters_is_json(served: Served) -> None:
    assert served.notify(message(), content_type="Application/JSON; charset=utf-8").status == 204


def test_54_a_body_over_the_cap_is_refused_by_its_length(shared: Served) -> None:
    head = (
        f"POST /api/alerts HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {shared.token}\r\nContent-Length: {MAX_ALERTS_BYTES + 1}\r\n\r\n"
    )
    began = time.monotonic()
    assert b"the body is larger than 1024 KiB" in shared.raw(head.encode())
    assert time.monotonic() - began < 2.0


def test_54_a_body_over_the_cap_is_refused_chunk_by_chunk(shared: Served) -> None:
    head = (
        f"POST /api/alerts HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {shared.token}\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
    with socket.create_connection((shared.address.host, shared.address.port), timeout=10) as connection:
        connection.sendall(head.encode())
        for _ in range(MAX_ALERTS_BYTES // 65536 + 1):
            connection.sendall(chunk)
        assert connection.recv(65536).startswith(b"HTTP/1.1 413 ")


def test_54_a_body_at_the_cap_is_read(served: Served) -> None:
    body = json.dumps(message()).encode()
    assert served.notify(body + b" " * (MAX_ALERTS_BYTES - len(body))).status == 204
    assert served.notify(body + b" " * (MAX_ALERTS_BYTES + 1 - len(body))).status == 413


def test_65_a_body_that_does_not_arrive_is_given_up(shared: Served, monkeypatch) -> None:
    monkeypatch.setattr(hq.api.strict_json, "BODY_SECONDS", 0.3)
    head = (
        f"POST /api/alerts HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {shared.token}\r\nContent-Length: 100\r\n\r\n" + "{"
    )
    answer = shared.raw(head.encode())
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"the body did not arrive within 0.3 s" in answer


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        pytest.param(b"", "the body is not JSON: Expecting value at line 1", id="empty"),
        pytest.param(b"{", "the body is not JSON: Expecting property name enclosed in double quotes at "
                     "line 1", id="half"),
        pytest.param(b"[" * 100_000, "the body is nested deeper than 16 levels", id="55-open"),
        pytest.param(b"[" * 99 + b"]" * 99, "the body must be a JSON object", id="55-closed-list"),
        pytest.param(b'{"a":' * 20 + b"1" + b"}" * 20, "the body is nested deeper than 16 levels", id="55-closed"),
        pytest.param(b'{"a":' * 100_000, "the body is nested deeper than 16 levels", id="55-objects"),
        pytest.param(b'{"a": 1, "a": 2}', "the body names a key twice", id="56-duplicate-key"),
        pytest.param(b'{"x": {"a": 1, "a": 1}}', "the body names a key twice", id="56-deeper"),
        pytest.param(b'{"a": NaN}', "the body holds NaN, which is not JSON", id="57-nan"),
        pytest.param(b'{"a": -Infinity}', "the body holds -Infinity, which is not JSON", id="57-infinity"),
        pytest.param(b'{"a": 1e999}', "the body holds a number that is too large", id="57-1e999"),
        pytest.param(b'{"a": ' + b"9" * 5000 + b"}", "the body holds a number that is too long", id="57-5000-digits"),
        pytest.param('{"a": 1}'.encode("utf-16"), "the body is not UTF-8", id="58-utf-16"),
        pytest.param('{"a": 1}'.encode("utf-16-le"), "the body is not JSON: Expecting property name enclosed in "
                     "double quotes at line 1", id="58-utf-16-without-bom"),
        pytest.param(b'\xef\xbb\xbf{"a": 1}', "the body is not JSON: Unexpected UTF-8 BOM (decode using utf-8-sig) "
                     "at line 1", id="58-bom"),
        pytest.param(b'{"a": "\xff"}', "the body is not UTF-8", id="58-invalid-utf-8"),
        pytest.param(b"3", "the body must be a JSON object", id="number"),
        pytest.param(b"null", "the body must be a JSON object", id="null"),
    ],
)  # fmt: skip
def test_a_body_that_is_no_plain_json_object_is_refused(shared: Served, body: bytes, complaint: str) -> None:
    assert shared.notify(body).error == (400, "bad_request", complaint)


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ({}, 'the message must be an Alertmanager webhook of version "4"'),
        (message(version=4), 'the message must be an Alertmanager webhook of version "4"'),
        (message(version="5"), 'the message must be an Alertmanager webhook of version "4"'),
        (message(receiver=None), "the message needs the text receiver"),
        (message(alerts=None), "alerts must be a list of at least one alert"),
        (message(alerts=[]), "alerts must be a list of at least one alert"),
        (message(alerts={"0": alert()}), "alerts must be a list of at least one alert"),
        (message(truncatedAlerts=-1), "truncatedAlerts must be a whole number"),
        (message(truncatedAlerts=True), "truncatedAlerts must be a whole number"),  # 57
        (message(truncatedAlerts=1.5), "truncatedAlerts must be a whole number"),
        (message(truncatedAlerts="1"), "truncatedAlerts must be a whole number"),
        (message(truncatedAlerts=10**30), "truncatedAlerts must be a whole number"),
        (message(alert(), "x"), "alerts[1] must be an object"),
        (message(alert(status="exploded")), 'alerts[0].status must be "firing" or "resolved"'),
        (message(alert(status=1)), "alerts[0] needs the text status"),
        (message(alert(fingerprint="")), "alerts[0] needs the text fingerprint"),
        (message(alert(labels=None)), "alerts[0].labels must be an object of texts"),
        (message(alert(labels={"a": 1})), "alerts[0].labels must be an object of texts"),
        (message(alert(annotations=["a"])), "alerts[0].annotations must be an object of texts"),
        (message(alert(labels={"a": "x" * MAX_RECORD_BYTES})),
         "alerts[0] is larger than 63 KiB without its annotations"),
        *[
            (message(alert(startsAt=time_)), "alerts[0].startsAt must be a time such as 2026-01-31T12:00:00Z")
            for time_ in ("now", "2026-11-22", "2026-11-22T09:00:00", "2026-13-01T00:00:00Z", "1700000000",
                          "2026-11-22T09:00:00Z\n", "2026-11-22T25:00:00Z", "x" * 9999)
        ],
        (message(alert(endsAt=None)), "alerts[0] needs the text endsAt"),
    ],
    ids=lambda value: value if isinstance(value, str) else "message",
)  # fmt: skip
def test_a_message_that_is_not_alertmanagers_is_refused_whole(shared: Served, body: object, complaint: str) -> None:
    assert shared.notify(body).error == (400, "bad_request", complaint)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(["version", "receiver", "alerts", "truncatedAlerts"]), json_values), st.data())
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_no_message_is_too_strange(changes: dict[str, object], data: st.DataObject) -> None:
    one = alert(**data.draw(st.dictionaries(st.sampled_from(sorted(alert())), json_values, max_size=2)))
    with suppress(ApiError):
        assert json.dumps(notification_records(message(one, **changes)), allow_nan=False)


@given(st.binary(max_size=200) | st.text().map(str.encode) | json_values.map(lambda value: json.dumps(value).encode()))
def test_no_body_is_too_strange(body: bytes) -> None:
    with suppress(ApiError):
        assert isinstance(parse_object(body), dict)


def test_42_when_the_journal_cannot_be_written_alertmanager_is_told_to_come_again(served: Served, caplog) -> None:
    served.stack.journal.mkdir()
    with caplog.at_level(logging.WARNING, "dev-hq.api"):
        refusal = served.notify(message()).error
    assert refusal == (500, "internal", "the journal cannot be written; the log of dev-hq serve says why")
    assert f"the journal {served.stack.journal} cannot be written: Is a directory" in caplog.text
    served.stack.journal.rmdir()
    assert served.notify(message()).status == 204


@pytest.mark.parametrize("damage", ["missing", "empty", "directory", "huge"])
def test_without_credentials_everything_is_refused(served: Served, damage: str, caplog) -> None:
    shown = f"Bearer {served.token}"
    served.credentials.unlink()
    if damage == "directory":
        served.credentials.mkdir()
    elif damage != "missing":
        served.credentials.write_text("" if damage == "empty" else "x" * 5000)
    with caplog.at_level(logging.WARNING, "dev-hq.api"):
        answers = [served.notify(message(), authorization=word).error for word in (shown, "Bearer ", "Bearer")]
    assert answers == [(500, "internal", "the credentials cannot be read; the log of dev-hq serve says why")] * 3
    assert served.notifications == []


def test_the_token_is_in_no_answer_and_no_log(served: Served, caplog) -> None:
    token = served.token
    with caplog.at_level(logging.DEBUG):
        answers = [
            served.notify(message()),
            served.notify(message(), authorization=f"Basic {token}"),
            served.notify(b"{"),
            served.get("/metrics"),
            served.get("/"),
            served.get("/-/ready"),
        ]
    said = b"".join(answer.body + str(answer.headers).encode() for answer in answers) + caplog.text.encode()
    assert token.encode() not in said
    assert token not in served.stack.journal.read_text()
