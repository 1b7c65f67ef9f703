"""What Envoy has taken out of rotation is read member by member; an answer that says nothing gives no series."""

from __future__ import annotations

import json
import logging
import time
from dataclasses import replace
from pathlib import Path

import pytest

from exporters.admin import MAX_BYTES
from exporters.ejections import EjectionCollector
from exporters.pool import PoolCollector
from stack.address import Address, free_address
from stack.model import Member, Pool
from tests.exporters.exposed import Samples, collect
from tests.exporters.listening import Answer, listening, says

RECORDED = (Path(__file__).parent / "answers" / "clusters-two-ejected.http").read_bytes()
"""What Envoy 1.40 answered while proxy-failure-wave had the first two of four members ejected."""

PORTS = (20127, 30690, 20734, 20517)


def pool(*ports: int, name: str = "vendor-proxies", host: str = "127.0.0.1") -> Pool:
    members = tuple(Member(number, Address(host, port), None) for number, port in enumerate(ports))
    return Pool(name, "storefront", Address(host, 1), members, "http://vendor.example")


def ejections(answer: Answer, *pools: Pool, seconds: float = 2.0) -> Samples:
    with listening(answer) as envoy:
        return collect(EjectionCollector({one.name: one for one in pools}, envoy.address), seconds=seconds)


def ejected(samples: Samples) -> dict[tuple[str, str], float]:
    found = {}
    for key, value in samples.items():
        if key.startswith("pool_member_ejected{"):
            member, name = key.split('"')[1::2]
            found[name, member] = value
    return found


def success(samples: Samples) -> float:
    return samples['exporter_collector_success{collector="ejections"}']


def http(body: bytes, status: str = "200 OK") -> bytes:
    return b"HTTP/1.1 %s\r\ncontent-length: %d\r\n\r\n%s" % (status.encode(), len(body), body)


def clusters(*statuses: object) -> bytes:
    return http(json.dumps({"cluster_statuses": statuses}).encode())


def cluster(name: str, *hosts: object) -> dict[str, object]:
    return {"name": name, "host_statuses": [*hosts]} if hosts else {"name": name}


def host(port: int, **health: object) -> dict[str, object]:
    return {
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
        "health_status": {"eds_health_status": "HEALTHY", **health},
    }


def test_what_envoy_recorded_is_told_of_each_member() -> None:
    samples = ejections(says(RECORDED), pool(*PORTS))
    assert ejected(samples) == {("vendor-proxies", str(number)): float(number < 2) for number in range(4)}
    assert success(samples) == 1


def test_envoy_is_asked_for_pools_alone_on_a_connection_of_its_own() -> None:
    with listening(says(RECORDED)) as envoy:
        collect(EjectionCollector({"vendor-proxies": pool(*PORTS)}, envoy.address))
        lines = envoy.asked[0].decode().splitlines()
    assert lines == [
        "GET /clusters?format=json&filter=%5Epool_ HTTP/1.1", f"host: {envoy.address}", "connection: close", "",
    ]  # fmt: skip


def test_a_stack_without_pools_asks_nobody() -> None:
    samples = collect(EjectionCollector({}, free_address("127.0.0.1")))
    assert (success(samples), ejected(samples)) == (1, {})


def test_members_of_two_pools_are_told_apart() -> None:
    answer = clusters(
        cluster("pool_a", host(1001), host(1002, failed_outlier_check=True)),
        cluster("pool_a_1", host(1101, failed_outlier_check=True)),
        cluster("member_a_1", host(1102, failed_outlier_check=True)),
    )
    samples = ejections(says(answer), pool(1001, 1002, name="a"), pool(1101, name="a_1"))
    assert ejected(samples) == {("a", "0"): 0, ("a", "1"): 1, ("a_1", "0"): 1}


def test_a_host_that_is_no_member_is_ignored_and_a_member_that_is_no_host_has_no_series() -> None:
    answer = clusters(cluster("pool_vendor-proxies", host(1, failed_outlier_check=True), host(2)))
    samples = ejections(says(answer), pool(2, 3))
    assert (ejected(samples), success(samples)) == ({("vendor-proxies", "0"): 0}, 1)


@pytest.mark.parametrize("name", ["0.0.0.0", "[::]", "localhost"])  # noqa: S104 - not bound
def test_a_member_is_told_by_its_port_whatever_its_host_is_called(name: str) -> None:
    answer = clusters(cluster("pool_vendor-proxies", host(7, failed_outlier_check=True)))
    assert ejected(ejections(says(answer), pool(7, host=name))) == {("vendor-proxies", "0"): 1}


def test_other_reasons_to_be_unhealthy_are_no_ejection() -> None:
    answer = clusters(
        cluster(
            "pool_vendor-proxies",
            host(1, failed_active_health_check=True, eds_health_status="UNHEALTHY"),
            host(2, failed_outlier_check=False),
            {"address": {"socket_address": {"port_value": 3}}},
        )
    )
    assert set(ejected(ejections(says(answer), pool(1, 2, 3))).values()) == {0}


NO_CLUSTERS = "what answers at {} does not describe clusters as Envoy does"
NO_HTTP = "what answers at {} does not speak HTTP, or broke off"
NO_MEMBERS = "Envoy at {} has none of the members of this stack; was it started from it?"


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        pytest.param(http(b"hello"), NO_CLUSTERS, id="no-json"),
        pytest.param(http(b'{"cluster_statuses": [{"name": "pool_vendor'), NO_CLUSTERS, id="half-of-the-json"),
        pytest.param(http(b"[]"), NO_CLUSTERS, id="a-list"),
        pytest.param(http(b"{}"), NO_CLUSTERS, id="without-statuses"),
        pytest.param(http(b'{"cluster_statuses": null}'), NO_CLUSTERS, id="null"),
        pytest.param(http(b"[" * 100_000), NO_CLUSTERS, id="nested"),
        pytest.param(clusters({"name": "pool_vendor-proxies", "host_statuses": [{}]}), NO_CLUSTERS, id="no-address"),
        pytest.param(clusters({"name": "pool_vendor-proxies", "host_statuses": 1}), NO_CLUSTERS, id="hosts-a-number"),
        pytest.param(clusters({"name": [], "host_statuses": []}), NO_CLUSTERS, id="name-a-list"),
        pytest.param(http(b"\xff\xfe"), NO_CLUSTERS, id="no-text"),
        pytest.param(
            http(RECORDED[RECORDED.index(b"{") : RECORDED.rindex(b"}") + 1].replace(b"20127", b"1e999")),
            NO_CLUSTERS,
            id="an-infinite-port",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\n{}", NO_HTTP, id="a-boundless-length"
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffff\r\n{}",
            NO_HTTP,
            id="a-boundless-chunk",
        ),
        pytest.param(clusters(), NO_MEMBERS, id="no-clusters"),
        pytest.param(clusters(cluster("pool_vendor-proxies", host(9))), NO_MEMBERS, id="other-hosts"),
        pytest.param(clusters(cluster("pool_vendor-proxies")), NO_MEMBERS, id="no-hosts"),
        pytest.param(http(b"", "404 Not Found"), "Envoy at {} answered 404; 200 was due", id="404"),
        pytest.param(http(b"", "503 Unavailable"), "Envoy at {} answered 503; 200 was due", id="503"),
        pytest.param(b"SSH-2.0-OpenSSH\r\n", NO_HTTP, id="no-http"),
        pytest.param(b"", NO_HTTP, id="closes"),
        pytest.param(b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n{", NO_HTTP, id="breaks-off"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\n\r\n" + b" " * MAX_BYTES,
            "the answer of Envoy at {} is longer than 8 MiB",
            id="too-long",
        ),
    ],
)
def test_an_answer_that_says_nothing_gives_no_series_and_says_why(
    answer: bytes, message: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING), listening(says(answer)) as envoy:
        samples = collect(EjectionCollector({"vendor-proxies": pool(*PORTS)}, envoy.address), seconds=5.0)
    assert (success(samples), ejected(samples)) == (0, {})
    assert caplog.messages == [f"collector ejections: HqError: {message.format(envoy.address)}"]


def test_without_envoy_the_other_collectors_go_on(caplog: pytest.LogCaptureFixture) -> None:
    nobody, member = free_address("127.0.0.1"), says(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
    with caplog.at_level(logging.WARNING), listening(member) as listener:
        pools = {"vendor-proxies": pool(listener.address.port)}
        samples = collect(EjectionCollector(pools, nobody), PoolCollector(pools))
    assert (success(samples), ejected(samples)) == (0, {})
    assert samples['pool_member_up{member="0",pool="vendor-proxies"}'] == 1
    assert caplog.messages == [
        f"collector ejections: HqError: Envoy does not answer at {nobody} (Connection refused); is it running?"
    ]


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\n\r\n"], ids=["in-the-head", "in-the-body"])
def test_an_answer_one_byte_at_a_time_takes_no_longer_than_it_may(
    head: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    def dripping(connection, _) -> None:
        connection.sendall(head)
        while True:
            connection.sendall(b"x")
            time.sleep(0.05)

    began = time.monotonic()
    with caplog.at_level(logging.WARNING):
        samples = ejections(dripping, pool(*PORTS), seconds=0.5)
    assert time.monotonic() - began < 2.0
    assert (success(samples), ejected(samples)) == (0, {})
    assert "did not answer within 0.45 s" in caplog.messages[0]


def test_sixty_four_members_of_twenty_pools_fit() -> None:
    pools = [replace(pool(*range(1000 * number, 1000 * number + 64)), name=f"pool-{number}") for number in range(1, 21)]
    (recorded,) = json.loads(RECORDED[RECORDED.index(b"{") : RECORDED.rindex(b"}") + 1])["cluster_statuses"]
    one = recorded["host_statuses"][0]
    answer = clusters(
        *(
            cluster(f"pool_{each.name}", *({**one, **host(member.listen.port)} for member in each.members))
            for each in pools
        )
    )
    assert len(ejected(ejections(says(answer), *pools))) == 20 * 64
