"""Envoy's way out: through real proxies, by absolute URLs and CONNECT, and by TLS."""

import contextlib
import http.server
import re
import socket
import socketserver
import ssl
import subprocess
import threading

import pytest

from stack.address import Address
from tests.chaos.data_plane import Quiet, answering, ask, run_plane, serve


class Forward(Quiet):
    """A small real forward proxy: takes only absolute URLs, and CONNECT."""

    def answer(self):
        match = re.fullmatch(r"http://([^/:]+):(\d+)(/.*)", self.path)
        if not match:
            self.send_error(400, "a proxy wants an absolute URL")
            return
        answer = ask(Address(match[1], int(match[2])), match[3], headers={"host": self.headers["host"]})
        body = f"via proxy: {answer.body}".encode()
        self.send_response(answer.status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_CONNECT(self):  # noqa: N802 - http.server's name
        host, _, port = self.path.rpartition(":")
        with socket.create_connection((host, int(port)), timeout=5) as upstream:
            self.send_response(200)
            self.end_headers()
            back = threading.Thread(target=_copy, args=(upstream, self.connection), daemon=True)
            back.start()
            _copy(self.connection, upstream)
            back.join(5)
        self.close_connection = True


def _copy(source, sink):
    with contextlib.suppress(OSError):
        while chunk := source.recv(65536):
            sink.sendall(chunk)
        sink.shutdown(socket.SHUT_WR)


@pytest.mark.e2e
def test_real_proxies_are_asked_with_absolute_urls(tmp_path):
    with serve() as upstream, serve(Forward) as first, serve(Forward) as second:
        changes = {"members": f"['{first}', '{second}']", "pool_upstream": f"http://{upstream}/v1"}
        with run_plane(tmp_path, f"http://{upstream}", **changes) as plane:
            for listen in (plane.pool.listen, *plane.members):
                answer = ask(listen, "/a?b=1")
                assert (answer.status, answer.body) == (200, f"via proxy: GET /v1/a?b=1 {upstream}")


@pytest.mark.e2e
def test_https_goes_through_real_proxies_by_connect(tmp_path):
    with serve_tls(tmp_path) as upstream, serve(Forward) as proxy:
        changes = {"members": f"['{proxy}']", "pool_upstream": f"https://localhost:{upstream.port}"}
        with run_plane(tmp_path, "http://127.0.0.1:8000", **changes) as plane:
            assert _get_by_connect(plane.pool.listen, upstream, tmp_path / "cert.pem") == b"GET /secret localhost"
            stats = plane.stats.read()
            assert stats["tcp.member_proxies_0.downstream_cx_total"] == 1


def _get_by_connect(proxy, upstream, cert):
    with socket.create_connection((proxy.host, proxy.port), timeout=5) as raw:
        raw.sendall(f"CONNECT localhost:{upstream.port} HTTP/1.1\r\n\r\n".encode())
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += raw.recv(1)
        assert b" 200 " in head
        with ssl.create_default_context(cafile=cert).wrap_socket(raw, server_hostname="localhost") as secure:
            secure.sendall(b"GET /secret HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
            answer = b"".join(iter(lambda: secure.recv(65536), b""))
            return answer.partition(b"\r\n\r\n")[2]


@pytest.mark.e2e
def test_an_https_upstream_is_spoken_to_by_tls_and_must_prove_its_name(tmp_path, monkeypatch):
    with serve_tls(tmp_path) as upstream:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
        right, wrong = f"https://localhost:{upstream.port}", f"https://127.0.0.1:{upstream.port}"
        with run_plane(tmp_path, right, pool_upstream=wrong) as plane:
            assert ask(plane.shop, "/a").body == f"GET /a localhost:{upstream.port}"
            assert ask(plane.pool.listen, "/a").status == 503


class _TlsServer(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    context: ssl.SSLContext

    def finish_request(self, request, client_address):
        with contextlib.suppress(OSError), self.context.wrap_socket(request, server_side=True) as secure:
            self.RequestHandlerClass(secure, client_address, self)


@contextlib.contextmanager
def serve_tls(directory):
    """An HTTPS server named localhost, whose certificate is in cert.pem."""
    key, cert = directory / "key.pem", directory / "cert.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "1"]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, *subject],
        check=True,
        capture_output=True,
        timeout=30,
    )
    server = _TlsServer(("127.0.0.1", 0), Quiet)
    server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.context.load_cert_chain(cert, key)
    with answering(server) as address:
        yield address
