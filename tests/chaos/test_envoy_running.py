"""What the running Envoy does with requests, retries and members, and what it counts."""

import contextlib
import http.server
import threading
from dataclasses import replace

import pytest

from chaos.envoy import envoy_command, write_envoy_config
from stack.address import free_address
from stack.model import EnvoySettings
from stack.process import Child, find_program
from stack.waiting import wait_for
from tests.chaos.data_plane import Quiet, answering, ask, run_plane, serve
from tests.chaos.load import ask_many, statuses


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
    with answering(server):
        yield server


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
