"""Envoy's configuration: as a golden file, and as Envoy itself sees it."""

import json
import os
import subprocess
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from chaos.clusters import Upstream
from chaos.envoy import BUCKETS, envoy_config, write_envoy_config
from stack.address import Address
from stack.errors import HqError
from stack.loader import load_stack
from stack.model import AnomalySettings
from stack.process import find_program
from tests.chaos.data_plane import build_stack

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
