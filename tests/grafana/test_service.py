"""The service dashboard asks for the chosen service and no other, whatever presets the stack mixes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import promql_parser
import pytest

from grafana.dashboard import dashboard_data
from grafana.service import service
from prometheus.selector import matchers
from stack.model import Stack
from tests.grafana.expansion import HOUR, expanded
from tests.grafana.linter.dashboard import Dashboard, Panel
from tests.grafana.stacks import NAMES, stack_named
from tests.prometheus.stacks import stack_of

BUCKETS = {
    "prometheus-http": ("http_request_duration_seconds_bucket", "job", "shop"),
    "opentelemetry": ("http_server_request_duration_seconds_bucket", "service_name", "shop"),
    "opentelemetry-milliseconds": ("http_server_duration_milliseconds_bucket", "service_name", "shop"),
    "istio": ("istio_request_duration_milliseconds_bucket", "destination_service_name", "shop"),
    "envoy-cluster": ("envoy_cluster_upstream_rq_time_bucket", "envoy_cluster_name", "shop"),
    "ingress-nginx": ("nginx_ingress_controller_request_duration_seconds_bucket", "exported_service", "shop"),
    "traefik": ("traefik_service_request_duration_seconds_bucket", "exported_service", "shop@docker"),
    "spring": ("http_server_requests_seconds_bucket", "application", "shop"),
    "fastapi": ("http_request_duration_highr_seconds_bucket", "job", "shop"),
}
PROMISE = "objectives: {success_rate: {target: 99%}}"
MILLISECONDS = {"opentelemetry-milliseconds", "istio", "envoy-cluster"}


def board(stack: Stack) -> Dashboard:
    return Dashboard("service.json", dashboard_data(service(stack)))


def panel(dashboard: Dashboard, title: str) -> Panel:
    (found,) = [one for one in dashboard.panels if one.title == title]
    return found


def exprs(of: Panel, **chosen: str) -> list[str]:
    return [expanded(target.expr, chosen, HOUR) for target in of.targets]


def selectors(expr: str) -> list[tuple[str, dict[tuple[str, str], str]]]:
    """Every selector: its metric, and the value of each label and operator."""
    found: list[tuple[str, dict[tuple[str, str], str]]] = []

    def walk(node: Any) -> None:
        if isinstance(node, promql_parser.VectorSelector):
            written = node.prettify()
            found.append((node.name or "", {(label, op): value for label, op, value in matchers(written)}))
            return
        for name in ("expr", "lhs", "rhs", "param", "vector_selector", "vs"):
            if (inner := getattr(node, name, None)) is not None and not isinstance(inner, str):
                walk(inner)
        for inner in getattr(node, "args", ()):
            walk(inner)

    walk(promql_parser.parse(expr))
    return found


def of_preset(preset: str, directory: Path) -> Stack:
    _, key, value = BUCKETS[preset]
    services = "".join(
        f"  {name}: {{sli: {{preset: {preset}, selector: {{{key}: {value.replace('shop', name)!r}}}}}, {PROMISE}}}\n"
        for name in ("shop", "till")
    )
    return stack_of(f"services:\n{services}", directory)


@pytest.mark.parametrize("preset", BUCKETS)
def test_the_heatmap_asks_for_the_buckets_of_the_chosen_service(preset: str, tmp_path: Path) -> None:
    metric, key, value = BUCKETS[preset]
    (expr,) = exprs(panel(board(of_preset(preset, tmp_path)), "Latency"), service="shop")
    ((name, asked),) = selectors(expr)
    assert name == metric
    assert asked[key, "="] == value, "of the chosen one alone"
    assert asked[key, "=~"] in ("shop|till", "(shop|till)@docker"), "and only if it is one of those that have it"
    assert (" ".join(expr.split()).count("label_replace") > 2) == (preset in MILLISECONDS)
    promql_parser.parse(expr)


def test_the_heatmap_of_a_service_behind_envoy_asks_for_its_listener(tmp_path: Path) -> None:
    stack = stack_of(
        "services:\n" + "".join(f"  {name}: {{sli: {{preset: envoy}}, {PROMISE}}}\n" for name in ("shop", "till")),
        tmp_path,
    )
    (expr,) = exprs(panel(board(stack), "Latency"), service="shop")
    ((name, asked),) = selectors(expr)
    assert name == "envoy_http_downstream_rq_time_bucket"
    assert asked["envoy_http_conn_manager_prefix", "="] == "service_shop"


MIXED = f"""
services:
  a: {{sli: {{preset: prometheus-http, selector: {{job: a}}}}, {PROMISE}}}
  b: {{sli: {{preset: prometheus-http, selector: {{job: b}}}}, {PROMISE}}}
  c: {{sli: {{preset: istio, selector: {{destination_service_name: c}}}}, {PROMISE}}}
  d:
    sli: {{total: 'rpc_total{{app="d"}}', bad: 'rpc_total{{app="d",ok="no"}}', latency: 'rpc_seconds_bucket'}}
    {PROMISE}
  e: {{sli: {{preset: blackbox, selector: {{job: e}}}}, {PROMISE}}}
  f: {{sli: {{preset: haproxy, selector: {{proxy: f}}}}, {PROMISE}}}
"""


def test_the_heatmap_of_a_mixed_stack_names_who_has_no_histogram(tmp_path: Path) -> None:
    latency = panel(board(stack_of(MIXED, tmp_path)), "Latency")
    assert latency.kind == "heatmap"
    assert latency.targets[0].data["format"] == "heatmap"
    assert latency.data["description"].endswith("nor is there any of e, f, without a histogram.")
    metrics = {name for name, _ in selectors(exprs(latency, service="a")[0])}
    assert metrics == {
        "http_request_duration_seconds_bucket", "istio_request_duration_milliseconds_bucket", "rpc_seconds_bucket",
    }  # fmt: skip


def test_without_any_histogram_there_is_a_word_on_that(tmp_path: Path) -> None:
    stack = stack_of(f"services:\n  web: {{sli: {{preset: blackbox, selector: {{job: web}}}}, {PROMISE}}}\n", tmp_path)
    titles = [one.title for one in board(stack).panels]
    assert "Latency" not in titles
    assert panel(board(stack), "No latency histogram").kind == "text"


def test_the_rungs_of_the_ladder_are_lines_among_the_burn_rates(tmp_path: Path) -> None:
    burn = panel(board(stack_named("demo", tmp_path)), "Burn of the success rate budget")
    legends = [target.data["legendFormat"] for target in burn.targets]
    assert legends == ["5m", "1h", "6h", "1d", "3d", "critical, 1h", "high, 6h", "medium, 1d", "low, 3d"]


def test_a_service_without_pools_is_told_from_one_whose_pools_are_silent(tmp_path: Path) -> None:
    expr = exprs(panel(board(stack_named("fifty services", tmp_path)), "Its pools"), service="service-3")[0]
    assert '"pool", "no data", "", ""' in expr
    assert '"pool", "uses none", "service", "service-20|service-21|' in expr


@pytest.mark.parametrize("name", NAMES)
def test_every_query_is_promql_and_follows_the_service(name: str, tmp_path: Path) -> None:
    dashboard = board(stack_named(name, tmp_path))
    for one in dashboard.panels:
        for expr in exprs(one, service="shop", anomaly_type=".+"):
            promql_parser.parse(expr)
            assert "shop" in expr or "dev-hq" in expr, (one.title, expr)


def test_every_panel_says_what_is_normal_and_what_no_data_means(tmp_path: Path) -> None:
    for one in board(stack_named("demo", tmp_path)).panels:
        words = one.data["description"]
        assert len(words) > 60 or one.title == "Rate", one.title


def test_the_faults_of_other_services_are_not_marked(tmp_path: Path) -> None:
    faults, alerts = board(stack_named("fifty services", tmp_path)).annotations
    assert (faults["enable"], alerts["enable"]) == (True, False)
    assert '"service-3", "chaos_target", "pool-3"' in faults["target"]["expr"]
    assert '"service", "$service"' in faults["target"]["expr"]
    assert 'service="$service"' in alerts["target"]["expr"]
