"""What the rules see of a pool and a service, from the counters of a real Envoy."""

from __future__ import annotations

import contextlib
import http.client
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from chaos.envoy import envoy_command, write_envoy_config
from prometheus.anomalies import Anomaly, current_anomalies
from prometheus.client import PrometheusClient
from prometheus.formats.text import dump
from prometheus.rules import write_rules
from prometheus.server import prometheus_config
from stack.address import Address
from stack.model import AnomalySettings, PrometheusSettings, Stack
from stack.process import Child, find_program
from stack.waiting import wait_for
from tests.chaos.data_plane import Quiet, build_stack, serve
from tests.prometheus.live import running_prometheus

pytestmark = pytest.mark.e2e

# Of ten requests one fails, one is limited, and two are given up on.
ROUND = ("/", "/", "/", "/503", "/", "/slow", "/429", "/", "/slow", "/")
GIVE_UP_AFTER = 0.1
DUE = {("upstream_failure", "shop", "proxies"), ("error_spike", "shop", ""), ("rate_limit_storm", "shop", "proxies")}


class Scripted(Quiet):
    """Answers with the status in the path; /slow only after the caller has gone."""

    waiting = threading.Event()

    def answer(self) -> None:
        status = self.path.removeprefix("/")
        if status == "slow":
            self.waiting.wait(5 * GIVE_UP_AFTER)
        self.send_response(int(status) if status.isdigit() else 200)
        self.send_header("content-length", "0")
        self.end_headers()


def ask(address: Address, path: str) -> None:
    connection = http.client.HTTPConnection(address.host, address.port, timeout=GIVE_UP_AFTER if path == "/slow" else 5)
    with contextlib.closing(connection), contextlib.suppress(TimeoutError):
        connection.request("GET", path)
        connection.getresponse().read()


@contextlib.contextmanager
def load(*addresses: Address) -> Iterator[None]:
    """Whole rounds of requests to each address until the end."""
    stopping = threading.Event()

    def run(address: Address) -> None:
        while not stopping.wait(0.05):
            for path in ROUND:
                ask(address, path)

    threads = [threading.Thread(target=run, args=(address,)) for address in addresses]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stopping.set()
        for thread in threads:
            thread.join(10)


@contextlib.contextmanager
def watched(directory: Path) -> Iterator[tuple[Stack, PrometheusClient]]:
    """A stack whose Envoy is scraped and judged every second."""
    with serve(Scripted) as upstream:
        stack = replace(
            build_stack(directory, f"http://{upstream}"),
            prometheus=PrometheusSettings(scrape_interval=1, evaluation_interval=1),
            anomalies=AnomalySettings(hold=0, keep_firing_for=0),
        )
        write_rules(stack, directory / "rules")
        write_envoy_config(stack, directory / "envoy.json")
        envoy = Child("envoy", envoy_command(find_program("envoy"), directory / "envoy.json"), directory / "envoy.log")
        try:
            with running_prometheus(dump(prometheus_config(stack, directory / "rules")), directory) as client:
                yield stack, client
        finally:
            envoy.stop()


def value(client: PrometheusClient, query: str) -> float | None:
    samples = client.instant(query).samples
    assert len(samples) <= 1, samples
    return samples[0].value if samples else None


def test_a_pool_that_fails_limits_and_is_given_up_on(tmp_path: Path) -> None:
    with watched(tmp_path) as (stack, client):
        pool, service = stack.pools["proxies"], stack.services["shop"]
        assert service.listen

        def idle() -> bool:
            return value(client, "pool:requests:rate1m") == 0

        wait_for(idle, 20, "the counters of the pool should be there before any request")
        assert value(client, "pool:members:healthy") == 2
        assert value(client, "service:requests:rate1m") == 0
        with load(pool.listen, service.listen):

            def seen() -> bool:
                return (value(client, "pool:requests:rate1m * 60") or 0) > 80

            wait_for(seen, 40, "80 requests should be recorded")
            assert value(client, "pool:errors:ratio_rate1m") == pytest.approx(0.3, abs=0.08)
            assert value(client, "pool:throttled:ratio_rate1m") == pytest.approx(0.1, abs=0.05)
            assert value(client, "pool:latency:p95_1m") == pytest.approx(0.005, abs=0.05)
            assert value(client, "service:errors:ratio_rate1m") == pytest.approx(1 / 8, abs=0.05)
            assert value(client, "service:throttled:ratio_rate1m") == pytest.approx(1 / 8, abs=0.05)
            assert (value(client, "service:latency:p95_1m") or 0) > 0

            def all_seen() -> dict[tuple[str, str, str], Anomaly] | None:
                """Each type waits for as many requests of its kind as it takes to be sure."""
                firing = {(one.type, one.service, one.pool): one for one in current_anomalies(client)}
                return firing if set(firing) >= DUE else None

            failure = wait_for(all_seen, 40, "three anomalies should fire")["upstream_failure", "shop", "proxies"]
            assert failure.severity == "critical"
            assert failure.threshold == "5%"
            assert failure.metric == "pool:errors:ratio_rate1m"
