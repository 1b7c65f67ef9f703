"""The configuration of Prometheus, and that the real one takes it."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from prometheus.alertmanager import alertmanager_config
from prometheus.formats.text import dump
from prometheus.rules import write_rules
from prometheus.server import prometheus_config
from stack.address import Address
from stack.errors import HqError
from stack.model import AlertmanagerSettings, ManagedProcess, PrometheusSettings
from stack.process import find_program
from tests.prometheus.stacks import demo_stack


def job(name: str, config: dict[str, object]) -> dict[str, object]:
    jobs = config["scrape_configs"]
    assert isinstance(jobs, list)
    (found,) = [one for one in jobs if one["job_name"] == name]
    return found


def test_what_is_scraped_and_how_often() -> None:
    config = prometheus_config(demo_stack(), Path("rules"))
    assert config["global"] == {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
    assert config["rule_files"] == ["rules/*.yml"]
    targets = {
        one["job_name"]: (one["static_configs"][0]["targets"], one["metrics_path"]) for one in config["scrape_configs"]
    }
    assert targets == {
        "prometheus": (["127.0.0.1:9090"], "/metrics"),
        "alertmanager": (["127.0.0.1:9093"], "/metrics"),
        "envoy": (["127.0.0.1:9901"], "/stats/prometheus"),
        "dev-hq": (["127.0.0.1:9464"], "/metrics"),
        "storefront": (["127.0.0.1:8000"], "/metrics"),
        "load": (["127.0.0.1:8200"], "/metrics"),
    }


def test_every_job_is_limited() -> None:
    for one in prometheus_config(demo_stack(), Path("rules"))["scrape_configs"]:
        assert {"sample_limit", "label_limit", "label_value_length_limit", "body_size_limit"} <= one.keys()


def test_the_scrape_timeout_is_never_longer_than_the_interval_or_ten_seconds() -> None:
    stack = replace(demo_stack(), prometheus=PrometheusSettings(scrape_interval=15, evaluation_interval=30))
    assert prometheus_config(stack, Path("rules"))["global"]["scrape_timeout"] == "10s"


def test_urls_with_a_path_and_tls() -> None:
    stack = replace(
        demo_stack(),
        prometheus=PrometheusSettings(url="https://watch.example/prom"),
        alertmanager=AlertmanagerSettings(url="https://watch.example/am"),
    )
    config = prometheus_config(stack, Path("rules"))
    assert config["alerting"]["alertmanagers"] == [
        {"scheme": "https", "path_prefix": "/am", "static_configs": [{"targets": ["watch.example:443"]}]}
    ]
    own = job("prometheus", config)
    assert (own["scheme"], own["metrics_path"]) == ("https", "/prom/metrics")


def test_a_process_may_not_take_the_name_of_a_job() -> None:
    process = ManagedProcess("envoy", ("x",), Address("127.0.0.1", 8300), "/", "/metrics")
    with pytest.raises(HqError) as caught:
        prometheus_config(replace(demo_stack(), processes={"envoy": process}), Path("rules"))
    assert str(caught.value) == "processes.envoy: Prometheus has a scrape job of that name already; rename it"
    prometheus_config(replace(demo_stack(), processes={"envoy": replace(process, metrics=None)}), Path("rules"))


def test_promtool_accepts_it(tmp_path: Path) -> None:
    write_rules(demo_stack(), tmp_path / "rules")
    (tmp_path / "prometheus.yml").write_text(dump(prometheus_config(demo_stack(), tmp_path / "rules")))
    subprocess.run([find_program("promtool"), "check", "config", tmp_path / "prometheus.yml"], check=True, timeout=60)


def test_beyond_loopback_the_webhooks_token_is_shown_to_the_exporter() -> None:
    """By the name of its file: nothing that is generated holds it."""
    stack = replace(demo_stack(), exporter=Address("0.0.0.0", 9464))  # noqa: S104
    own = job("dev-hq", prometheus_config(stack, Path("rules")))
    assert own["static_configs"] == [{"targets": ["127.0.0.1:9464"]}]
    assert own["authorization"] == {"type": "Bearer", "credentials_file": str(stack.webhook_token)}
    assert "authorization" not in job("dev-hq", prometheus_config(demo_stack(), Path("rules")))
    webhook = alertmanager_config(stack, stack.webhook_token)["receivers"][0]["webhook_configs"][0]
    assert webhook["url"] == "http://127.0.0.1:9464/api/alerts"
