"""What each preset counts of what programs expose, as a real Prometheus answers it."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from prometheus import slo
from prometheus.client import PrometheusClient
from prometheus.indicators import families, sli_of
from prometheus.slo import Sli
from stack.loader import PRESETS, WITHOUT_HISTOGRAM
from stack.model import PresetSli, Service
from tests.gates.history import History, prometheus_with
from tests.prometheus.discovery.conventions_side_by_side import expose_all

pytestmark = pytest.mark.e2e

SHOWN = {
    "prometheus-http": {"job": "shop"},
    "opentelemetry": {"service_name": "cart"},
    "opentelemetry-milliseconds": {"job": "legacy"},
    "istio": {"destination_service_name": "reviews"},
    "envoy": {},
    "envoy-cluster": {"envoy_cluster_name": "backend"},
    "ingress-nginx": {"exported_service": "web"},
    "traefik": {"service": "api@docker"},
    "haproxy": {"proxy": "be_app"},
    "spring": {"application": "orders"},
    "fastapi": {"job": "fast"},
}
THROTTLED = {"envoy-cluster": 2.0, "haproxy": None, "fastapi": None}  # classes of codes tell nothing of 429
SLOW_UNMEASURED = ("haproxy", "spring")  # this one has no buckets, as Spring without percentiles-histogram


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[PrometheusClient, float]]:
    history = History(time.time())
    expose_all(history)
    with prometheus_with(history, tmp_path_factory.mktemp("past") / "prometheus") as url:
        client = PrometheusClient(url)
        yield client, history.at - 5
        client.close()


Past = tuple[PrometheusClient, float]


def value(past: Past, query: str | None) -> float | None:
    client, at = past
    samples = client.instant(query, at).samples if query else ()
    assert len(samples) <= 1
    return samples[0].value if samples else None


def shown(preset: str) -> Sli:
    return sli_of(Service("front" if preset == "envoy" else "shop", PresetSli(preset, SHOWN[preset]), None, None))


def test_every_preset_is_here() -> None:
    assert {*SHOWN, "blackbox"} == set(PRESETS)
    assert {preset for preset in SHOWN if shown(preset).buckets is None} | {"blackbox"} == set(WITHOUT_HISTOGRAM)


@pytest.mark.parametrize("preset", SHOWN)
def test_requests_and_failures(past: Past, preset: str) -> None:
    sli = shown(preset)
    unanswered = 0.002 if preset == "opentelemetry" else 0.0
    assert value(past, slo.requests(sli, "rate", 3600)) == pytest.approx(20 + unanswered, rel=1e-3)
    assert value(past, slo.errors(sli, "rate", 3600)) == pytest.approx(0.03 + unanswered, rel=0.05)
    assert value(past, slo.errors(sli, "increase", 3600)) == pytest.approx(3600 * (0.03 + unanswered), rel=0.05)


@pytest.mark.parametrize("preset", SHOWN)
def test_throttled_requests_are_a_number_only_where_they_are_counted(past: Past, preset: str) -> None:
    expected = THROTTLED.get(preset, 0.0)
    found = value(past, slo.throttled(shown(preset), "rate", 60))
    assert found == (None if expected is None else pytest.approx(expected, rel=0.05))


@pytest.mark.parametrize("preset", [preset for preset in SHOWN if preset not in WITHOUT_HISTOGRAM])
def test_slow_requests_in_seconds(past: Past, preset: str) -> None:
    sli = shown(preset)
    slow = value(past, slo.slow(sli, 0.25, "rate", 3600))
    quantile = value(past, slo.latency_quantile(sli, "0.9", 3600))
    if preset in SLOW_UNMEASURED:
        assert (slow, quantile) == (None, None)
    else:
        assert slow == pytest.approx(20 * 0.005, rel=0.05)
        assert quantile == pytest.approx(0.1, rel=0.02)


def test_probes(past: Past) -> None:
    sli = sli_of(Service("shop", PresetSli("blackbox", {"instance": "https://shop.example/health?x=1"}), None, None))
    made = value(past, slo.requests(sli, "increase", 3600))
    assert made == pytest.approx(240, abs=1)
    assert value(past, slo.requests(sli, "rate", 3600)) == pytest.approx(made / 3600)
    client, at = past
    (failed,) = client.instant(f"count_over_time({sli.total}[1h]) - sum_over_time({sli.total}[1h])", at).samples
    assert 0 < failed.value < 20
    assert value(past, slo.errors(sli, "increase", 3600)) == failed.value
    assert value(past, slo.errors(sli, "rate", 3600)) == pytest.approx(failed.value / 3600)
    assert slo.throttled(sli, "rate", 60) is None
    assert slo.latency_quantile(sli, "0.95", 60) is None


@pytest.mark.parametrize(
    ("preset", "key", "values"),
    [
        ("prometheus-http", "job", {"shop": "shop", "till": "till", "yes": "yes"}),
        ("traefik", "service", {"api": "api@docker", "files": "files@docker"}),
    ],
)
def test_services_of_a_family_share_one_query(past: Past, preset: str, key: str, values: dict[str, str]) -> None:
    services = [Service(name, PresetSli(preset, {key: value}), None, None) for name, value in values.items()]
    (family,) = families(services)
    assert family.services == tuple(values)
    client, at = past
    for query, expected in (
        (slo.requests(family.sli, "rate", 3600), 20),
        (slo.errors(family.sli, "rate", 3600), 0.03),
        (slo.slow(family.sli, 0.25, "rate", 3600), 0.1),
    ):
        found = {sample.labels["service"]: sample.value for sample in client.instant(query, at).samples}
        assert found == {name: pytest.approx(expected, rel=0.05) for name in values}
        assert all(set(sample.labels) == {"service"} for sample in client.instant(query, at).samples)


def test_probes_of_a_family(past: Past) -> None:
    services = [Service(name, PresetSli("blackbox", {"job": name}), None, None) for name in ("blackbox", "other")]
    (family,) = families(services)
    client, at = past
    (requests,) = client.instant(slo.requests(family.sli, "increase", 3600), at).samples
    (errors,) = client.instant(slo.errors(family.sli, "increase", 3600), at).samples
    assert (requests.labels, errors.labels) == ({"service": "blackbox"}, {"service": "blackbox"})
    assert requests.value == pytest.approx(240, abs=1)
    assert 0 < errors.value < 20


def test_traefik_providers_are_not_mixed() -> None:
    services = [
        Service("api", PresetSli("traefik", {"service": "api@docker"}), None, None),
        Service("web", PresetSli("traefik", {"service": "web@file"}), None, None),
        Service("cart", PresetSli("traefik", {"service": "team-cart@docker"}), None, None),
    ]
    assert [family.services for family in families(services)] == [("api",), ("web",), ("cart",)]
