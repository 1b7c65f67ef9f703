"""TLS: who gets in with which certificate, and what comes to the port that is no TLS."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.client import HTTPSConnection
from pathlib import Path

import pytest
import trustme

import hq.serving.server
from hq.serving.web import Web
from stack.waiting import wait_for
from tests.exporters.exposed import samples_of
from tests.hq.certificates import client_context, write_server
from tests.hq.serving import Served, serving

pytestmark = pytest.mark.e2e

CLIENTS = "client_auth_type: RequireAndVerifyClientCert, client_ca_file: clients.pem"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def clients() -> trustme.CA:
    return trustme.CA()


@contextmanager
def with_tls(directory: Path, server: trustme.CA, more: str = "", *, open_to_all: bool = True) -> Iterator[Served]:
    write_server(directory, server)
    (directory / "web.yml").write_text(f"tls_server_config: {{cert_file: server.pem, key_file: server.key, {more}}}\n")
    with serving(directory / "stack", open_to_all=open_to_all, web=Web(directory / "web.yml")) as served:
        yield served


def status(served: Served, context: ssl.SSLContext, path: str = "/metrics", method: str = "GET", **headers: str) -> int:
    connection = HTTPSConnection(served.address.host, served.address.port, timeout=10, context=context)
    with closing(connection):
        connection.request(method, path, headers=headers)
        return connection.getresponse().status


def is_refused(ask: Callable[[], object]) -> bool:
    try:
        ask()
    except (ssl.SSLError, ConnectionError):
        return True
    return False


def test_a_name_of_the_certificate_needs_allow_host_like_any_other(tmp_path, authority) -> None:
    with with_tls(tmp_path, authority) as served:
        context = client_context(authority)
        assert status(served, context) == 200
        assert status(served, context, host="hq.example") == 200
        assert status(served, context, host="other.example") == 400
        assert status(served, context, origin="https://localhost") == 403


def test_an_older_tls_than_asked_for_is_refused(tmp_path, authority) -> None:
    with with_tls(tmp_path, authority, "min_version: TLS13") as served:
        old = client_context(authority)
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        assert is_refused(lambda: status(served, old))
        assert status(served, client_context(authority)) == 200


def test_14_an_idle_connection_to_the_tls_port_is_closed(tmp_path, authority, monkeypatch) -> None:
    monkeypatch.setattr(hq.serving.server, "HANDSHAKE_SECONDS", 1.0)
    with (
        with_tls(tmp_path, authority) as served,
        socket.create_connection((served.address.host, served.address.port), timeout=10) as idle,
    ):
        assert status(served, client_context(authority)) == 200
        assert idle.recv(1) == b""


def test_15_plain_http_to_the_tls_port_is_closed_and_the_next_is_served(tmp_path, authority) -> None:
    with with_tls(tmp_path, authority) as served:
        answer = served.raw(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer x\r\n\r\n")
        assert b"HTTP" not in answer
        assert status(served, client_context(authority)) == 200


def test_16_only_a_good_certificate_of_our_authority_gets_in(tmp_path, authority, clients) -> None:
    clients.cert_pem.write_to_path(str(tmp_path / "clients.pem"))
    sans = "client_allowed_sans: [prometheus.example, 10.0.0.1]"
    with with_tls(tmp_path, authority, f"{CLIENTS}, {sans}", open_to_all=False) as served:
        for name in ("prometheus.example", "10.0.0.1"):
            assert status(served, client_context(authority, clients, name)) == 200
        for refused in (
            client_context(authority),
            client_context(authority, clients, expired=True),
            client_context(authority, trustme.CA()),
            client_context(authority, clients, "other.example"),
        ):
            assert is_refused(lambda refused=refused: status(served, refused))
        known = client_context(authority, clients)
        assert status(served, known, "/api", "GET") != 401
        for token in ({}, {"authorization": "Bearer no"}):
            assert status(served, known, "/api/alerts", "POST", **token) == 401, "a certificate may only read"


def test_16_a_certificate_that_may_be_left_out_opens_when_it_is_there(tmp_path, authority, clients) -> None:
    clients.cert_pem.write_to_path(str(tmp_path / "clients.pem"))
    more = CLIENTS.replace("RequireAndVerifyClientCert", "VerifyClientCertIfGiven")
    with with_tls(tmp_path, authority, more, open_to_all=False) as served:
        assert status(served, client_context(authority)) == 401
        assert status(served, client_context(authority), "/-/ready") == 200
        assert status(served, client_context(authority), authorization=served.bearer("read")) == 200
        assert status(served, client_context(authority, clients)) == 200
        assert is_refused(lambda: status(served, client_context(authority, trustme.CA())))


def test_17_a_certificate_is_replaced_while_it_is_served(tmp_path, authority, caplog) -> None:
    with with_tls(tmp_path, authority) as served:
        assert status(served, client_context(authority)) == 200
        successor = trustme.CA()
        write_server(tmp_path, successor)
        assert is_refused(lambda: status(served, client_context(authority)))
        assert status(served, client_context(successor)) == 200
        (tmp_path / "server.pem").write_text("half a certif")
        assert status(served, client_context(successor)) == 200
        assert caplog.messages[-1] == (
            f"{tmp_path}/web.yml:1: {tmp_path}/server.pem and {tmp_path}/server.key are not a certificate and its key "
            "in PEM; what was read before stays in force"
        )
        assert reloaded(served, successor) == 0
        write_server(tmp_path, successor)
        wait_for(lambda: reloaded(served, successor) == 1, 5, "the good certificate was not read")


def test_17_an_authority_that_is_replaced_lets_nobody_of_the_old_one_in(tmp_path, authority, clients) -> None:
    clients.cert_pem.write_to_path(str(tmp_path / "clients.pem"))
    with with_tls(tmp_path, authority, CLIENTS) as served:
        assert status(served, client_context(authority, clients)) == 200
        others = trustme.CA()
        others.cert_pem.write_to_path(str(tmp_path / "clients.pem"))
        assert is_refused(lambda: status(served, client_context(authority, clients)))
        assert status(served, client_context(authority, others)) == 200


def reloaded(served: Served, server: trustme.CA) -> float:
    connection = HTTPSConnection(served.address.host, served.address.port, timeout=10, context=client_context(server))
    with closing(connection):
        connection.request("GET", "/metrics")
        return samples_of(connection.getresponse().read().decode())["web_config_last_reload_successful"]
