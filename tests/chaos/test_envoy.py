"""Envoy's configuration: as a golden file, as Envoy itself sees it, and by what the running Envoy does."""

import contextlib
import http.server
import json
import os
import re
import socket
import socketserver
import ssl
import subprocess
import threading
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from chaos.clusters import Upstream
from chaos.envoy import BUCKETS, envoy_command, envoy_config, write_envoy_config
from stack.address import Address, free_address
from stack.errors import HqError
from stack.loader import load_stack
from stack.model import AnomalySettings, EnvoySettings
from stack.process import Child, find_program
from stack.waiting import wait_for
from tests.chaos.data_plane import Quiet, ask, build_stack, run_plane, serve
from tests.chaos.load import ask_many, statuses

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).parent / "golden" / "envoy.json"

PROXIES = "[127.0.0.1:3128, proxy.example:3128]"


def test_the_demo_has_the_configuration_that_was_reviewed():
    generated = json.dumps(envoy_config(load_stack(ROOT / "stack.yaml")), indent=2) + "\n"
    if "UPDATE_GOLDEN" in os.environ:
        GOLDEN.write_text(generated)
    assert generated == GOLDEN.read_text(), "read the difference, then run this test with UPDATE_GOLDEN=1"


def test_the_histograms_have_the_bounds_of_the_objectives(tmp_path):
    settings = envoy_config(build_stack(tmp_path, "http://127.0.0.1:8000"))["stats_config"]
    assert settings["histogram_bucket_settings"][0]["buckets"] == sorted({*BUCKETS, 70})


def test_the_histograms_have_the_bounds_at_which_an_anomaly_gets_worse(tmp_path):
    stack = build_stack(tmp_path, "http://127.0.0.1:8000")
    stack = replace(stack, anomalies=AnomalySettings(limits={"latency_shift": Decimal("0.12")}))
    settings = envoy_config(stack)["stats_config"]
    assert settings["histogram_bucket_settings"][0]["buckets"] == sorted({*BUCKETS, 70, 120, 180, 240, 360})


def test_a_pool_takes_no_more_requests_at_once_than_it_says():
    stack = load_stack(ROOT / "stack.yaml")
    pool = replace(stack.pools["vendor-proxies"], max_requests=200)
    config = envoy_config(replace(stack, pools={pool.name: pool}))
    limits = {
        cluster["name"]: cluster["circuit_breakers"]["thresholds"][0]["max_requests"]
        for cluster in config["static_resources"]["clusters"]
    }
    assert limits.pop("pool_vendor-proxies") == 200
    assert set(limits.values()) == {1_000_000}, "its members are not held to it one by one"


def test_there_is_one_leased_layer_and_no_other(tmp_path):
    config = envoy_config(build_stack(tmp_path, "http://127.0.0.1:8000"))
    assert [set(layer) for layer in config["layered_runtime"]["layers"]] == [{"name", "rtds_layer"}]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://a.example", Upstream(False, Address("a.example", 80), "a.example", "")),
        ("https://a.example/v1/", Upstream(True, Address("a.example", 443), "a.example", "/v1")),
        ("http://[::1]:8000/x", Upstream(False, Address("[::1]", 8000), "[::1]:8000", "/x")),
    ],
)
def test_an_upstream_is_taken_apart(url, expected):
    assert Upstream.of(url) == expected


def test_an_upstream_with_a_query_is_refused():
    with pytest.raises(HqError) as error:
        Upstream.of("http://a.example/?key=1")
    assert str(error.value) == "an upstream cannot have a query or a fragment: http://a.example/?key=1"


def test_a_listener_needs_an_ip_address(tmp_path):
    stack = build_stack(tmp_path, "http://127.0.0.1:8000", shop="shop.example:10000")
    with pytest.raises(HqError) as error:
        envoy_config(stack)
    assert str(error.value) == (
        "Envoy listens on IP addresses only, not on shop.example:10000; write 127.0.0.1 or 0.0.0.0"
    )


def test_no_trusted_certificates_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr("chaos.clusters._CA_FILES", ())
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none"))
    with pytest.raises(HqError) as error:
        envoy_config(build_stack(tmp_path, "https://vendor.example"))
    assert str(error.value) == "no file of trusted certificates was found for the https upstreams; set SSL_CERT_FILE"


@pytest.mark.e2e
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"retries": 3, "members": 64},
        {"members": 1, "pool_upstream": "https://vendor.example/api"},
        {"members": PROXIES, "pool_upstream": "http://vendor.example:8080/api"},
        {"members": PROXIES, "pool_upstream": "https://vendor.example"},
        {"members": "['[::1]:3128']", "shop": "localhost:10000", "pool_upstream": "https://10.0.0.1"},
        {"upstream": "https://10.0.0.1:8443", "pool": "0.0.0.0:10100", "pool_upstream": "https://[::1]"},
        {"upstream": "http://localhost:8000", "pool": "'[::1]:10100'"},
    ],
)
def test_envoy_accepts_every_stack(tmp_path, changes):
    config = tmp_path / "envoy.json"
    write_envoy_config(build_stack(tmp_path, "http://127.0.0.1:8000", **changes), config)
    _validate(config)


@pytest.mark.e2e
def test_envoy_accepts_the_demo(tmp_path):
    config = tmp_path / "envoy.json"
    write_envoy_config(load_stack(ROOT / "stack.yaml"), config)
    _validate(config)


def _validate(config):
    done = subprocess.run(
        [find_program("envoy"), "--mode", "validate", "-c", config, "--log-level", "warning"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "deprecated" not in done.stderr


@pytest.fixture(scope="module")
def plane(tmp_path_factory):
    with serve() as upstream, run_plane(tmp_path_factory.mktemp("plane"), f"http://{upstream}") as plane:
        ask_many(plane.shop, 20)
        ask_many(plane.pool.listen, 20)
        yield plane


@pytest.mark.e2e
def test_a_request_arrives_as_it_was_sent(plane):
    answer = ask(plane.shop, "/a/b?c=1", headers={"host": "shop.example"})
    assert (answer.status, answer.body) == (200, "GET /a/b?c=1 shop.example")
    assert [name for name in answer.headers if name.startswith("x-")] == []
    assert answer.headers["server"].startswith("BaseHTTP")


@pytest.mark.e2e
def test_a_pool_goes_out_under_the_upstreams_name(plane):
    upstream = plane.pool.upstream.removeprefix("http://")
    assert ask(plane.pool.listen, "/a").body == f"GET /a {upstream}"


@pytest.mark.e2e
def test_the_path_of_an_upstream_comes_before_that_of_the_request(tmp_path):
    with serve() as upstream, run_plane(tmp_path, f"http://{upstream}/v1") as plane:
        assert ask(plane.shop, "/a?b=1").body.startswith("GET /v1/a?b=1 ")
        assert ask(plane.pool.listen).body.startswith("GET /v1/ ")


@pytest.mark.e2e
def test_the_series_that_the_rules_read_exist_and_few_others(plane):
    lines = [line for line in ask(plane.stack.envoy.admin, "/stats/prometheus").body.splitlines() if line[0] != "#"]
    assert _series(lines, 'envoy_cluster_name="service_shop"') == {
        "envoy_cluster_membership_healthy",
        "envoy_cluster_membership_total",
        "envoy_cluster_upstream_cx_connect_fail",
        "envoy_cluster_upstream_rq",
        "envoy_cluster_upstream_rq_pending_failure_eject",
        "envoy_cluster_upstream_rq_pending_overflow",
        "envoy_cluster_upstream_rq_retry",
        "envoy_cluster_upstream_rq_retry_overflow",
        "envoy_cluster_upstream_rq_retry_success",
        "envoy_cluster_upstream_rq_rx_reset",
        "envoy_cluster_upstream_rq_time_bucket",
        "envoy_cluster_upstream_rq_time_count",
        "envoy_cluster_upstream_rq_time_sum",
        "envoy_cluster_upstream_rq_timeout",
        "envoy_cluster_upstream_rq_total",
        "envoy_cluster_upstream_rq_active",
        "envoy_cluster_upstream_rq_tx_reset",
        "envoy_cluster_upstream_rq_xx",
    }
    assert _series(lines, 'envoy_http_conn_manager_prefix="service_shop"') == {
        "envoy_http_downstream_rq_active",
        "envoy_http_downstream_rq_rx_reset",
        "envoy_http_downstream_rq_time_bucket",
        "envoy_http_downstream_rq_time_count",
        "envoy_http_downstream_rq_time_sum",
        "envoy_http_downstream_rq_total",
        "envoy_http_downstream_rq_xx",
        "envoy_http_fault_aborts_injected",
        "envoy_http_fault_active_faults",
        "envoy_http_fault_delays_injected",
        "envoy_http_fault_faults_overflow",
    }
    assert _series(lines, 'envoy_local_http_ratelimit_prefix="member_proxies_0"') == {
        f"envoy_http_local_rate_limit_{what}" for what in ("enabled", "enforced", "ok", "rate_limited")
    }
    assert _series(lines, 'envoy_cluster_name="pool_proxies"') >= {
        "envoy_cluster_outlier_detection_ejections_active",
        "envoy_cluster_outlier_detection_ejections_enforced_total",
    }
    assert len([line for line in lines if "_bucket{" not in line]) < 40 * 4 + 5  # four listeners, each with a cluster


def _series(lines, label):
    return {line.partition("{")[0] for line in lines if label in line}


@pytest.mark.e2e
def test_nothing_but_a_lease_can_set_a_fault(plane):
    answer = ask(plane.stack.envoy.admin, "/runtime_modify?service_shop.failure.share=100", method="POST")
    assert (answer.status, answer.body) == (503, "No admin layer specified")


@pytest.mark.e2e
def test_a_second_envoy_cannot_share_the_ports(plane, tmp_path):
    config = tmp_path / "envoy.json"
    write_envoy_config(replace(plane.stack, envoy=EnvoySettings(admin=free_address("127.0.0.1"))), config)
    second = Child("envoy", envoy_command(find_program("envoy"), config), tmp_path / "envoy.log")
    try:
        wait_for(lambda: second.exit_code is not None, 20, "the second Envoy did not give up")
        assert "Address already in use" in second.last_words()
    finally:
        second.stop()


class Failing(Quiet):
    """Always 503, and counts how often it was asked by which method."""

    def answer(self):
        self.server.asked = [*getattr(self.server, "asked", []), self.command]
        self.send_response(503)
        self.send_header("content-length", "0")
        self.end_headers()


@contextlib.contextmanager
def failing_upstream():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Failing)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.e2e
@pytest.mark.parametrize(("retries", "method", "tries"), [(0, "GET", 1), (2, "GET", 3), (2, "POST", 1)])
def test_a_failed_request_is_tried_again_if_it_may_be_sent_twice(tmp_path, retries, method, tries):
    with failing_upstream() as server:
        url = f"http://127.0.0.1:{server.server_address[1]}"
        with run_plane(tmp_path, url, retries=retries) as plane:
            assert ask(plane.pool.listen, method=method, headers={"content-length": "0"}).status == 503
            assert server.asked == [method] * tries


@pytest.mark.e2e
def test_members_that_fail_are_ejected_up_to_the_limit(tmp_path):
    with failing_upstream() as server:
        url = f"http://127.0.0.1:{server.server_address[1]}"
        with run_plane(tmp_path, url, members=4) as plane:
            assert statuses(ask_many(plane.pool.listen, 60)) == {503: 60}
            before = plane.stats.read()
            assert before["cluster.pool_proxies.outlier_detection.ejections_active"] == 3
            assert before["cluster.pool_proxies.membership_healthy"] == 1
            ask_many(plane.pool.listen, 60)
            after = plane.stats.read()
            asked = [f"http.member_proxies_{number}.downstream_rq_total" for number in range(4)]
            # no panic: those that are out are not asked any more
            assert sorted(after[name] - before[name] for name in asked) == [0, 0, 0, 60]


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
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield Address("127.0.0.1", server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.e2e
def test_an_upstream_that_is_not_there_is_a_503_and_not_the_end(tmp_path):
    with run_plane(tmp_path, f"http://{free_address('127.0.0.1')}") as plane:
        assert ask(plane.shop).status == 503
        assert ask(plane.pool.listen).status == 503
        assert plane.envoy.exit_code is None


@pytest.mark.e2e
def test_the_pools_timeout_is_the_only_one(tmp_path):
    class Slow(Quiet):
        def answer(self):
            released.wait(10)
            super().answer()

    released = threading.Event()
    with serve(Slow) as upstream, run_plane(tmp_path, f"http://{upstream}") as plane:
        assert ask(plane.pool.listen).status == 504  # after the 3 s of this stack
        released.set()
        wait_for(lambda: plane.stats.read()["http.member_proxies_0.downstream_rq_active"] == 0, 5, "it never ended")
