"""What is served, to whom, and that nothing a client sends costs more than its own request."""

from __future__ import annotations

import gzip
import logging
import os
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics

from exporters.exposition import OPENMETRICS, TEXT
from stack.waiting import wait_for
from tests.exporters.exposed import samples_of
from tests.hq.serving import Served, serving

HOST_REFUSED = (400, "bad_request", "the Host header names no host that is served here; --allow-host adds one")
ORIGIN_REFUSED = (403, "forbidden", "requests from web pages are refused")


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("api")) as served:
        yield served


def test_the_landing_page_leads_to_the_metrics(served: Served) -> None:
    answer = served.get("/")
    assert answer.status == 200
    assert answer.headers["content-security-policy"] == "default-src 'none'"
    page = answer.body.decode()
    assert all(word in page for word in ("href=/metrics", "shop", "proxies: 2 members"))


def test_metrics_are_exposed(served: Served) -> None:
    answer = served.get("/metrics")
    assert (answer.status, answer.headers["content-type"]) == (200, TEXT)
    samples = samples_of(answer.body.decode())
    assert samples['chaos_runs_total{scenario="wave"}'] == 0
    assert samples['pool_member_up{member="1",pool="proxies"}'] == 0
    assert {samples[f'exporter_collector_success{{collector="{name}"}}'] for name in ("build", "journal", "pool")} == {
        1
    }


def test_metrics_are_exposed_as_openmetrics(served: Served) -> None:
    answer = served.get("/metrics", accept="application/openmetrics-text;version=1.0.0")
    assert answer.headers["content-type"] == OPENMETRICS
    assert answer.headers["vary"] == "accept, accept-encoding"
    assert len(list(parse_openmetrics(answer.body.decode()))) > 10


def test_healthy_and_ready(served: Served) -> None:
    assert (served.get("/-/healthy").body, served.get("/-/ready").body) == (b"healthy\n", b"ready\n")


def test_no_answer_says_what_serves_it(served: Served) -> None:
    assert "server" not in served.get("/metrics").headers


@pytest.mark.parametrize(
    "accept",
    [
        pytest.param(b"application/openmetrics-text; version=abc", id="1-version-abc"),
        pytest.param(b"application/openmetrics-text; version=99.9", id="2-version-99.9"),
        pytest.param(b"application/openmetrics-text; version=1..0", id="3-version-1..0"),
        pytest.param(b"\xff\xfe", id="4-raw-0xff"),
        pytest.param("text/plain; version=é".encode(), id="3-version-é"),
        pytest.param(b"," * 10_000, id="10,000-commas"),
    ],
)
def test_a_strange_accept_header_gets_the_text_format(served: Served, accept: bytes) -> None:
    answer = served.raw(
        b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAccept: " + accept + b"\r\n\r\n"
    )
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert f"content-type: {TEXT}".encode() in head
    assert b"chaos_runs_total" in body


@pytest.mark.parametrize(
    "request_line",
    [
        pytest.param(b"GET /metrics?\xff HTTP/1.1\r\nHost: localhost", id="5-raw-0xff-in-query"),
        pytest.param(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"x" * 200_000, id="6-200-kB-header"),
        pytest.param(b"GET /metrics HTTP/1.1", id="51-no-host"),
        pytest.param(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nHost: localhost", id="51-two-hosts"),
        pytest.param(b"BREW", id="no-http"),
    ],
)
def test_what_is_no_proper_request_is_refused_and_the_next_one_is_served(served: Served, request_line: bytes) -> None:
    answer = served.raw(request_line + b"\r\nConnection: close\r\n\r\n")
    assert answer == b"" or answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 431 "))
    assert served.get("/metrics").status == 200


@pytest.mark.parametrize("query", ["name[]=up", "name[]=" + "&name[]=".join("abc"), "x=%FF%00"])
def test_9_the_query_of_a_scrape_changes_nothing(served: Served, query: str) -> None:
    assert b"chaos_runs_total" in served.get(f"/metrics?{query}").body


def test_9_ten_thousand_names_are_refused(served: Served) -> None:
    """The answer is lost where the kernel sees what nobody read of the request."""
    query = b"name[]=a&" * 10_000
    answer = served.raw(b"GET /metrics?" + query + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert answer == b"" or answer.endswith(b'"message":"the headers are longer than 16 KiB"}}')


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_7_metrics_can_only_be_read(served: Served, method: str) -> None:
    answer = served.send(method, "/metrics")
    assert answer.error == (405, "method_not_allowed", "method not allowed")
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}


def test_7_head_gives_the_headers_of_get(served: Served) -> None:
    answer = served.send("HEAD", "/metrics")
    assert (answer.status, answer.body, answer.headers["content-type"]) == (200, b"", TEXT)
    assert int(answer.headers["content-length"]) > 1000


@pytest.mark.parametrize(
    "path",
    ["/metrics/../../etc/passwd", "/metrics/", "/favicon.ico", "/..%2f..%2fetc/passwd", "/%00", "/api/", "//metrics"],
    ids=lambda path: f"8-{path}",
)
def test_8_no_other_path_is_served(served: Served, path: str) -> None:
    answer = served.raw(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 404 ")
    assert b"root:" not in answer


def test_an_unknown_path_is_said_in_the_one_error_shape(served: Served) -> None:
    assert served.get("/nothing").error == (404, "not_found", "not found")


@pytest.mark.parametrize("timeout", ["nan", "inf", "-1", "", "1e400", "abc", "0"])
def test_10_no_scrape_timeout_is_too_strange(served: Served, timeout: str) -> None:
    answer = served.get("/metrics", X_Prometheus_Scrape_Timeout_Seconds=timeout)
    assert (answer.status, b"chaos_runs_total" in answer.body) == (200, True)


def test_11_a_client_that_leaves_half_way_disturbs_nobody(served: Served) -> None:
    for request in (
        b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"POST /api/alerts HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        + f"Authorization: Bearer {served.token}\r\n".encode()
        + b"Content-Length: 1000\r\n\r\n{",
    ):
        with socket.create_connection((served.address.host, served.address.port)) as connection:
            connection.sendall(request)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    assert served.get("/metrics").status == 200
    assert served.notifications == []


def test_12_scrapes_at_once_all_get_everything(served: Served) -> None:
    with ThreadPoolExecutor(8) as pool:
        bodies = [answer.body for answer in pool.map(lambda _: served.get("/metrics"), range(24))]
    assert all(b"chaos_runs_total" in body and b"pool_member_up" in body for body in bodies)


@pytest.mark.parametrize(
    ("accepted", "packed"),
    [("gzip", True), ("gzip;q=0", False), ("deflate, gzip;q=0.5", True), ("identity", False), ("*", True)],
)
def test_18_gzip_when_asked_for(served: Served, accepted: str, packed: bool) -> None:
    answer = served.get("/metrics", accept_encoding=accepted)
    assert (answer.headers.get("content-encoding") == "gzip") is packed
    body = gzip.decompress(answer.body) if packed else answer.body
    assert b"chaos_runs_total" in body


def test_a_slow_scrape_holds_up_no_other_request(served: Served, monkeypatch) -> None:
    """The exposition is rendered in a thread, not in the event loop."""
    import hq.api.scraping

    rendering, go = threading.Event(), threading.Event()

    def slow(*_: object) -> bytes:
        rendering.set()
        go.wait(10)
        return b""

    monkeypatch.setattr(hq.api.scraping, "render", slow)
    with ThreadPoolExecutor(1) as pool:
        scrape = pool.submit(served.get, "/metrics")
        assert rendering.wait(5)
        began = time.monotonic()
        assert served.get("/-/healthy").status == 200
        assert time.monotonic() - began < 0.5
        go.set()
        assert scrape.result().status == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "evil.example:9464", "", "localhost.evil.example", "evil.localhost", "::1", "[::2]:80",
        "localhost:", "localhost:x", "127.1", "2130706433", "127.0.0.1.nip.io", "localhost:80@evil", "localhost, evil",
    ],
)  # fmt: skip
def test_51_other_names_are_refused(served: Served, host: str) -> None:
    assert served.get("/-/healthy", host=host).error == HOST_REFUSED


@pytest.mark.parametrize("path", ["/", "/metrics", "/-/healthy", "/api/alerts"])
@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://localhost"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
    ids=["origin", "null-origin", "cross-site", "same-site"],
)
def test_52_web_pages_are_refused(served: Served, path: str, headers: dict[str, str]) -> None:
    method = "POST" if path == "/api/alerts" else "GET"
    assert served.send(method, path, headers).error == ORIGIN_REFUSED


def test_a_person_who_types_the_address_is_not_a_web_page(served: Served) -> None:
    assert served.get("/", sec_fetch_site="none").status == 200


@pytest.mark.parametrize("missing", ["journal", "credentials"])
def test_it_is_not_ready_without_its_files_but_healthy_and_scraped(tmp_path, caplog, missing: str) -> None:
    with serving(tmp_path) as served:
        path = served.stack.journal if missing == "journal" else served.credentials
        if missing == "journal":
            path.mkdir()
        else:
            path.unlink()
        with caplog.at_level(logging.WARNING, "dev-hq.api"):
            refusal = served.get("/-/ready").error
        message = "the journal or the credentials cannot be read; the log of dev-hq serve says why"
        assert refusal == (503, "unavailable", message)
        assert str(path) in caplog.text
        assert served.get("/-/healthy").status == 200
        samples = samples_of(served.get("/metrics").body.decode())
        assert samples['exporter_collector_success{collector="journal"}'] == (missing != "journal")
        assert samples['exporter_collector_success{collector="build"}'] == 1


def test_a_mistake_of_ours_is_500_without_details_and_the_next_request_is_served(tmp_path, monkeypatch, caplog) -> None:
    import hq.api.scraping

    with serving(tmp_path) as served:
        monkeypatch.setattr(hq.api.scraping, "choose_format", lambda accept: 1 / 0)
        refusal = served.get("/metrics").error
        monkeypatch.undo()
        assert refusal == (500, "internal", "something went wrong here; the log says what")
        assert served.get("/metrics").status == 200


def test_a_journal_that_grows_while_it_is_served_is_read_on(tmp_path) -> None:
    from stack.journal import Journal
    from tests.exporters.records import finished

    with serving(tmp_path) as served:

        def runs() -> float:
            return samples_of(served.get("/metrics").body.decode())['chaos_runs_total{scenario="wave"}']

        assert runs() == 0
        Journal(served.stack.journal).append("run_finished", finished())
        assert runs() == 1
        os.truncate(served.stack.journal, served.stack.journal.stat().st_size - 1)
        Journal(served.stack.journal).append("run_finished", finished("r2"))
        wait_for(lambda: runs() == 2, 5, "the second run was not counted")  # fmt: skip
