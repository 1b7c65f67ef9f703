"""`dev-hq discover` asks a real Prometheus, and `dev-hq generate` takes what it says."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from hq.cli import main
from prometheus.client import PrometheusClient
from prometheus.indicators import families
from prometheus.rules import rule_texts, write_rules
from stack.loader import load_stack
from stack.model import PresetSli
from stack.process import find_program
from stack.waiting import wait_for
from tests.gates.history import History, prometheus_with
from tests.prometheus.discovery.conventions_side_by_side import HOSTILE, SINCE, expose_all

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    history = History(time.time())
    expose_all(history)
    with prometheus_with(history, tmp_path_factory.mktemp("past") / "prometheus") as found:
        yield found


@pytest.fixture(scope="module")
def nothing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    history = History(time.time())
    history.series("node_load1", {"job": "node"}, lambda before: 1.0, since=SINCE)
    with prometheus_with(history, tmp_path_factory.mktemp("nothing") / "prometheus") as found:
        yield found


@pytest.fixture(scope="module")
def proposed(url: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("proposed") / "stack.yaml"
    assert main(["discover", "--prometheus", url, "--output", str(path)]) == 0
    return path


def test_each_convention_is_found_once(proposed: Path) -> None:
    found = {name: service.sli for name, service in load_stack(proposed).services.items()}
    assert found == {
        "shop": PresetSli("prometheus-http", {"job": "shop"}),
        "till": PresetSli("prometheus-http", {"job": "till"}),
        "1e3": PresetSli("prometheus-http", {"job": "1e3"}),
        "yes": PresetSli("prometheus-http", {"job": "yes"}),
        "a-quote-line-x-yes-n-code": PresetSli("prometheus-http", {"job": HOSTILE}),
        "cart": PresetSli("opentelemetry", {"service_name": "cart"}),
        "legacy": PresetSli("opentelemetry-milliseconds", {"job": "legacy"}),
        "reviews": PresetSli("istio", {"destination_service_name": "reviews"}),
        "backend": PresetSli("envoy-cluster", {"envoy_cluster_name": "backend"}),
        "web": PresetSli("ingress-nginx", {"exported_service": "web"}),
        "api": PresetSli("traefik", {"service": "api@docker"}),
        "till-traefik": PresetSli("traefik", {"service": "till@docker"}),
        "front": PresetSli("envoy", {}),
        "files": PresetSli("traefik", {"service": "files@docker"}),
        "be_app": PresetSli("haproxy", {"proxy": "be_app"}),
        "orders": PresetSli("spring", {"application": "orders"}),
        "fast": PresetSli("fastapi", {"job": "fast"}),
        "shop-example-health-x-1": PresetSli("blackbox", {"instance": "https://shop.example/health?x=1"}),
    }


def test_objectives_are_what_was_measured_rounded_down(proposed: Path) -> None:
    services = load_stack(proposed).services
    for name, service in services.items():
        assert service.success_rate is not None
        assert str(service.success_rate.target) == ("0.95" if service.sli.preset == "blackbox" else "0.995"), name
    assert {name for name, service in services.items() if service.latency is None} == {
        "be_app", "orders", "shop-example-health-x-1"
    }  # fmt: skip
    assert {service.latency.under for service in services.values() if service.latency} == {0.25}
    assert load_stack(proposed).prometheus.scrape_interval == 15


def test_what_is_to_be_known_stands_in_comments(proposed: Path) -> None:
    comments = "\n".join(line.strip(" #-") for line in proposed.read_text().splitlines() if "#" in line)
    for note in (
        "1 series of http_requests_total have no label job, and are in no service",
        "1 series of nginx_ingress_controller_requests have no label exported_service, and are in no service",
        "nginx_ingress_controller_requests says exported_service, for the scrape has a label service of its own; with "
        "honor_labels the names here would be others",
        "several of destination_service_namespace are counted together (a, b); one in the selector keeps it apart",
        "1 series of http_requests_total have neither the label code nor status; where another one tells failures, "
        "count them in PromQL: sli: {total: …, bad: …}",
        "till-traefik: prometheus-http calls one till too; if they are one, keep one",
        "no latency: nothing here has a histogram",
        "no latency: there are no series of http_server_requests_seconds_bucket that count it",
        "requests in 10m: about 40, by the mean of the last hour; a gate needs 299 without a failure to prove 99%: "
        "give it a longer window",
    ):
        assert note in comments, note
    assert "about 12" not in comments  # 20 requests a second are enough


def test_any_reader_of_yaml_takes_labels_for_the_text_they_are(proposed: Path) -> None:
    services = yaml.safe_load(proposed.read_text())["services"]
    jobs = {name: service["sli"].get("selector", {}).get("job") for name, service in services.items()}
    assert all(isinstance(name, str) for name in services)
    assert (jobs["1e3"], jobs["yes"], jobs["a-quote-line-x-yes-n-code"]) == ("1e3", "yes", HOSTILE)


def test_rules_follow_from_it_that_promtool_takes(proposed: Path, tmp_path: Path) -> None:
    for name, text in rule_texts(load_stack(proposed)).items():
        (tmp_path / name).write_text(text)
    checked = subprocess.run(
        [find_program("promtool"), "check", "rules", *sorted(map(str, tmp_path.glob("*.yml")))],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_a_part_of_it(url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["discover", "--prometheus", f"{url}/", "--selector", "job=shop"]) == 0
    (tmp_path / "stack.yaml").write_text(capsys.readouterr().out)
    stack = load_stack(tmp_path / "stack.yaml")
    assert [service.sli for service in stack.services.values()] == [PresetSli("prometheus-http", {"job": "shop"})]
    assert stack.prometheus.url == url


def test_nothing_that_is_known(nothing: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["discover", "--prometheus", nothing]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(
        f"dev-hq: Prometheus at {nothing} has no series of what was looked for: http_requests_total, "
    )
    assert err.endswith(
        "Count requests by one of these names, or write your own as PromQL in stack.yaml (docs/presets.md).\n"
    )
    assert main(["discover", "--prometheus", nothing, "--selector", "job=a"]) == 1
    assert " has no series with job=a of what was looked for" in capsys.readouterr().err


def test_more_services_than_a_stack_may_have(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> None:
    history = History(time.time())
    for number in range(1100):
        history.series(
            "http_requests_total",
            {"job": f"s{number}", "code": "200"},
            lambda before, number=number: round((1200 - before) * (1 + number)),
            since=900,
            interval=60,
        )
    with prometheus_with(history, tmp_path_factory.mktemp("many") / "prometheus") as url:
        path = tmp_path / "stack.yaml"
        assert main(["discover", "--prometheus", url, "--output", str(path)]) == 0
    services = load_stack(path).services
    assert len(list(families(services.values()))) == 1  # they share their rules
    left_out = 1100 - len(services)
    assert 100 <= left_out <= 300
    assert f"# - {left_out} services with fewer requests are left out; narrow it with --selector to see them\n" in (
        path.read_text()
    )
    assert "s1099" in services
    assert "s0" not in services


def test_a_real_prometheus_records_every_service_that_was_proposed(proposed: Path, tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    rules.mkdir()
    quick = tmp_path / "stack.yaml"
    quick.write_text(
        proposed.read_text().replace("scrape_interval: 15s", "scrape_interval: 15s, evaluation_interval: 1s")
    )
    stack = load_stack(quick)
    write_rules(stack, rules)
    history = History(time.time())
    expose_all(history)
    config = f"global: {{evaluation_interval: 1s}}\nrule_files: ['{rules}/*.yml']\n"
    with prometheus_with(history, tmp_path / "prometheus", config) as url:
        client = PrometheusClient(url)

        def recorded(series: str) -> set[str]:
            return {sample.labels["service"] for sample in client.instant(f"last_over_time({series}[1m])").samples}

        for series in ("service:requests:rate1m", "service:errors:ratio_rate1m", "slo:bad:increase5m"):
            wait_for(lambda series=series: recorded(series) == set(stack.services), 40, f"{series} of every service")
        with_latency = {name for name, service in stack.services.items() if service.latency}
        slow = 'slo:bad:increase5m{slo="latency"}'
        wait_for(lambda: recorded(slow) == with_latency, 20, "slow requests of every service with a histogram")
        throttled = recorded("service:throttled:rate1m")
        assert {"be_app", "fast", "shop-example-health-x-1"}.isdisjoint(throttled)  # nobody knows
        assert {"web", "shop", "backend", "api"} <= throttled
        assert [rule.name for rule in client.rules() if rule.health == "err"] == []
        client.close()
