"""Worlds for dashboards: what Prometheus knows, and what promtool answers to the queries of a panel then."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from grafana.colours import BY_SEVERITY
from grafana.dashboard import dashboard_data
from grafana.overview import overview
from prometheus.catalogue import CATALOGUE
from stack.process import find_program
from tests.grafana.expansion import HOUR, expanded
from tests.grafana.stacks import stack_named
from tests.prometheus.stacks import demo_stack

Json = dict[str, Any]
World = Mapping[str, str]
Samples = dict[str, float]

AT = 7200
SHOP, POOL = 'service="storefront"', 'service="storefront",pool="vendor-proxies"'
RUN = 'scenario="proxy-failure-wave",chaos_target="vendor-proxies"'
FAULT_IN_POOL = f'chaos_fault_active{{job="dev-hq",fault="failure",{RUN}}}'
RED, ORANGE, CRITICAL, YELLOW = (BY_SEVERITY[one] for one in ("high", "medium", "critical", "low"))

BLIND: World = {'unrelated{job="x"}': "1"}
NO_EXPORTER: World = {
    'ALERTS{alertname="Watchdog",alertstate="firing"}': "1",
    f'anomaly:score{{{SHOP},anomaly_type="error_spike"}}': "0.4",
    f'anomaly:score{{{POOL},anomaly_type="upstream_failure"}}': "0",
    f'anomaly:actual{{{SHOP},anomaly_type="error_spike"}}': "0.004",
    f'slo:error_budget:ratio{{{SHOP},slo="success_rate"}}': "0.005",
    f'slo:error_budget_remaining:ratio{{{SHOP},slo="success_rate"}}': "0.8",
    'up{job="dev-hq"}': "0",
    'prometheus_rule_evaluation_failures_total{rule_group="/etc/anomalies.yml;anomalies"}': "0",
    'prometheus_rule_evaluation_failures_total{rule_group="/etc/others.yml;others"}': "0+9x480",
    'prometheus_rule_group_iterations_missed_total{rule_group="/etc/anomalies.yml;anomalies"}': "0",
    "prometheus_notifications_errors_total": "0",
    "alertmanager_notifications_failed_total": "0",
}
CALM_WORLD: World = {**NO_EXPORTER, 'up{job="dev-hq"}': "1", FAULT_IN_POOL: "0"}


def alerts(kind: str, labels: str, severities: tuple[str, ...], since: float) -> World:
    """What Prometheus says of an anomaly that fires at each of these severities."""
    of = [f'alertname="{kind}",anomaly_type="{kind}",severity="{severity}",{labels}' for severity in severities]
    return {
        **{f'ALERTS{{alertstate="firing",{one}}}': "1" for one in of},
        **{f"ALERTS_FOR_STATE{{{one}}}": f"{since:g}" for one in of},
    }


PLAYBOOK: World = {
    f'anomaly:playbook_info{{anomaly_type="{kind}",recommendation="mend {kind}",runbook_url="/{kind}.md"}}': "1"
    for kind in CATALOGUE
}
FIRING: World = {
    **alerts("upstream_failure", POOL, ("low", "medium", "high", "critical"), AT - 60),
    **alerts("error_spike", SHOP, ("low",), AT - 30),
    f'anomaly:score{{{POOL},anomaly_type="upstream_failure"}}': "3.5",
    f'anomaly:actual{{{POOL},anomaly_type="upstream_failure"}}': "0.1762",
    f'anomaly:threshold{{{POOL},anomaly_type="upstream_failure"}}': "0.05",
    f'anomaly:score{{{SHOP},anomaly_type="error_spike"}}': "1.2",
    f'anomaly:actual{{{SHOP},anomaly_type="error_spike"}}': "0.012",
    f'anomaly:threshold{{{SHOP},anomaly_type="error_spike"}}': "0.01",
}
IN_A_FAULT: World = {**CALM_WORLD, **FIRING, **PLAYBOOK, FAULT_IN_POOL: "1"}
RAN: World = {
    **CALM_WORLD,
    f"chaos_run_score{{{RUN}}}": "87.6",
    f"chaos_run_duration_seconds{{{RUN}}}": "90",
    'chaos_last_run_timestamp_seconds{scenario="proxy-failure-wave"}': f"{AT - 600}",
}


def data(name: str = "demo", directory: Path | None = None) -> Json:
    return dashboard_data(overview(demo_stack() if directory is None else stack_named(name, directory)))


def panels(dashboard: Json) -> dict[str, Json]:
    """The panels by their titles, those in collapsed rows too."""
    every = [inner for panel in dashboard["panels"] for inner in (panel, *panel.get("panels", []))]
    return {panel["title"]: panel for panel in every}


def expr_of(panel: Json, ref: str = "A", chosen: str = ".+", kinds: str = ".+") -> str:
    found = next(target["expr"] for target in panel["targets"] if target["refId"] == ref)
    return expanded(found, {"service": chosen, "anomaly_type": kinds}, HOUR)


def check(world: World, expected: list[tuple[str, Samples]], directory: Path) -> None:
    """Has promtool evaluate each expression in that world, and compare."""
    looks = [
        {
            "expr": expr,
            "eval_time": f"{AT}s",
            "exp_samples": [{"labels": labels, "value": value} for labels, value in samples.items()],
        }
        for expr, samples in expected
    ]
    constant = [{"series": one, "values": value if "x" in value else f"{value}+0x480"} for one, value in world.items()]
    test = {"interval": "15s", "input_series": constant, "promql_expr_test": looks}
    file = directory / "test.yml"
    file.write_text(yaml.safe_dump({"evaluation_interval": "15s", "tests": [test]}, sort_keys=False))
    done = subprocess.run(
        [find_program("promtool"), "test", "rules", file], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def shown(panel: Json, value: float) -> tuple[str, str]:
    """What a stat writes for a value, and in which colour."""
    defaults = panel["fieldConfig"]["defaults"]
    for mapping in defaults["mappings"]:
        if mapping["type"] == "value" and (word := mapping["options"].get(f"{value:g}")):
            return word["text"], word["color"]
    steps = defaults["thresholds"]["steps"]
    return f"{value:g}", next(one["color"] for one in reversed(steps) if one["value"] is None or one["value"] <= value)


TABLE = "What is anomalous now, and what to do"
