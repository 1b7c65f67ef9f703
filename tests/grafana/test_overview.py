"""The overview in every state of the world, its queries answered by promtool: calm, in a fault, blind, and more."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from grafana.colours import BY_SEVERITY, CALM, FAULT, NEUTRAL, UNKNOWN
from grafana.dashboard import dashboard_data
from grafana.overview import overview
from grafana.overview.anomalies import NOWHERE
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
GATE = 'gate="storefront success_rate",service="storefront"'
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


OF_HEALTH = ("Failures", "Missed", "Not told")
STATES: dict[str, tuple[World, dict[str, tuple[float, str, str]]]] = {
    "blind": (
        BLIND,
        {
            "Firing": (-1, "BLIND", UNKNOWN),
            "Worst": (-1, "BLIND", UNKNOWN),
            "Oldest": (-1, "BLIND", UNKNOWN),
            "Fault now/B": (-1, "BLIND", UNKNOWN),
            "Budget": (4, "BLIND", UNKNOWN),
            "Gates": (-4, "BLIND", UNKNOWN),
            "Resilience": (-3, "BLIND", UNKNOWN),
            "Watchdog": (-1, "BLIND", UNKNOWN),
            "Judged": (-1, "BLIND", UNKNOWN),
            **dict.fromkeys(OF_HEALTH, (-1, "not scraped", UNKNOWN)),
            "Unseen": (-1, "BLIND", UNKNOWN),
            "No band": (-1, "no data", UNKNOWN),
            "Learned": (-1, "none yet", UNKNOWN),
        },
    ),
    "calm": (
        CALM_WORLD,
        {
            "Firing": (0, "None", CALM),
            "Worst": (0.4, "0.4", CALM),
            "Oldest": (0, "None", CALM),
            "Fault now/B": (0, "None", CALM),
            "Budget": (0.8, "0.8", CALM),
            "Gates": (-3, "none ran", UNKNOWN),
            "Resilience": (-2, "none ran", UNKNOWN),
            "Watchdog": (1, "firing", CALM),
            "Judged": (0, "0", CALM),
            **dict.fromkeys(OF_HEALTH, (0, "0", CALM)),
            "Unseen": (0, "0", CALM),
            "No band": (1, "1", NEUTRAL),
        },
    ),
    "in a fault": (
        IN_A_FAULT,
        {
            "Firing": (2, "2", ORANGE),
            "Worst": (3.5, "3.5", CRITICAL),
            "Oldest": (60, "60", NEUTRAL),
        },
    ),
    "nobody scrapes the exporter": (
        NO_EXPORTER,
        {
            "Firing": (0, "None", CALM),
            "Fault now/B": (-1, "BLIND", UNKNOWN),
            "Gates": (-4, "BLIND", UNKNOWN),
            "Resilience": (-3, "BLIND", UNKNOWN),
        },
    ),
    "the rules about anomalies alone fail": (
        {'ALERTS{alertname="Watchdog",alertstate="firing"}': "1"},
        {
            "Firing": (-1, "BLIND", UNKNOWN),
            "Worst": (-1, "BLIND", UNKNOWN),
            "Oldest": (-1, "BLIND", UNKNOWN),
            "Budget": (2, "no objective", UNKNOWN),
            "Unseen": (1, "1", RED),
        },
    ),
    "scores that nobody renews": (
        {f'anomaly:score{{{SHOP},anomaly_type="error_spike"}}': "0.4"},
        {"Firing": (-1, "BLIND", UNKNOWN), "Worst": (-1, "BLIND", UNKNOWN), "Oldest": (-1, "BLIND", UNKNOWN)},
    ),
    "no request has counted yet": (
        {
            'ALERTS{alertname="Watchdog",alertstate="firing"}': "1",
            f'slo:error_budget:ratio{{{SHOP},slo="success_rate"}}': "0.005",
        },
        {"Budget": (3, "no data yet", UNKNOWN)},
    ),
    "an overspent budget": (
        {f'slo:error_budget_remaining:ratio{{{SHOP},slo="success_rate"}}': "-3"},
        {"Budget": (-3, "-3", CRITICAL)},
    ),
    "runs": (RAN, {"Resilience": (87.6, "87.6", CALM)}),
    "the newest run had no score": (
        {
            **RAN,
            'chaos_run_duration_seconds{scenario="network-latency",chaos_target="storefront"}': "5",
            'chaos_last_run_timestamp_seconds{scenario="network-latency"}': f"{AT - 60}",
        },
        {"Resilience": (-1, "no score", UNKNOWN)},
    ),
}


@pytest.mark.parametrize("state", STATES)
def test_stats_tell_calm_from_blind_from_broken(state: str, tmp_path: Path) -> None:
    world, expected = STATES[state]
    found = panels(data())
    looks = []
    for name, (value, text, colour) in expected.items():
        title, _, ref = name.partition("/")
        assert shown(found[title], value) == (text, colour), name
        looks.append((expr_of(found[title], ref or "A"), {"{}": value}))
    check(world, looks, tmp_path)


def test_no_stat_is_left_out_of_the_blind_state() -> None:
    stats = {title for title, panel in panels(data()).items() if panel["type"] == "stat"}
    assert {name.partition("/")[0] for name in STATES["blind"][1]} == stats


@pytest.mark.parametrize(
    ("verdicts", "age", "shows"),
    [
        ({"a": 1, "b": 1}, 60, (1, "PASS", CALM)),
        ({"a": 1, "b": 0.5}, 60, (0.5, "WARN", YELLOW)),
        ({"a": 1, "b": -1}, 60, (-1, "UNDECIDED", UNKNOWN)),
        ({"a": -1, "b": -2}, 60, (-2, "ERROR", ORANGE)),
        ({"a": 0, "b": -2}, 60, (0, "FAIL", CRITICAL)),
        ({"a": 1, "b": 1}, 90_000, (-5, "over a day old", UNKNOWN)),
    ],
)
def test_the_worst_verdict_counts_and_an_old_one_says_nothing_of_now(
    verdicts: Mapping[str, float], age: float, shows: tuple[float, str, str], tmp_path: Path
) -> None:
    stat = panels(data())["Gates"]
    world = dict(CALM_WORLD)
    for gate, verdict in verdicts.items():
        labels = f'gate="{gate}",service="{"storefront" if gate == "a" else ""}"'
        world[f"quality_gate_verdict{{{labels}}}"] = f"{verdict:g}"
        world[f"quality_gate_last_check_timestamp_seconds{{{labels}}}"] = f"{AT - age:g}"
    value, *words = shows
    assert shown(stat, value) == tuple(words)
    check(world, [(expr_of(stat), {"{}": value})], tmp_path)


TABLE = "What is anomalous now, and what to do"
NOTHING = 'recommendation="Nothing is anomalous: nothing to do.",severity="none"'
NOBODY_KNOWS = (
    'recommendation="The rules are not evaluated, or see none of these services: see Detector health below.",'
    'severity="BLIND"'
)
UNSEEN = 'recommendation="Nothing is recorded of this service: check that it runs, and that Prometheus scrapes it."'
OF_POOL = f'anomaly_type="upstream_failure",{POOL}'
OF_SHOP = f'anomaly_type="error_spike",{SHOP},pool="{NOWHERE}"'
RULES_ONLY: World = {'ALERTS{alertname="Watchdog",alertstate="firing"}': "1"}


def row(labels: str, kind: str, severity: str, page: str, words: str = "") -> str:
    words = words or f'recommendation="mend {kind}",runbook_url="/{kind}.md"'
    return f'{{{labels},severity="{severity}",page="{page}",{words}}}'


def test_a_fault_gives_one_row_for_each_anomaly_at_its_highest_severity(tmp_path: Path) -> None:
    panel = panels(data())[TABLE]
    expected: dict[str, Samples] = {
        "A": {
            row(OF_POOL, "upstream_failure", "critical", "dev-hq-pool"): 1,
            row(OF_SHOP, "error_spike", "low", "dev-hq-service"): 1,
        },
        "B": {f"{{{OF_POOL}}}": 1000 * (AT - 60), f"{{{OF_SHOP}}}": 1000 * (AT - 30)},
        "C": {f"{{{OF_POOL}}}": 3.5, f"{{{OF_SHOP}}}": 1.2},
        "D": {f'{{{OF_POOL},actual="17.6%"}}': 1, f'{{{OF_SHOP},actual="1.2%"}}': 1},
        "E": {f'{{{OF_POOL},threshold="5%"}}': 1, f'{{{OF_SHOP},threshold="1%"}}': 1},
    }
    check(IN_A_FAULT, [(expr_of(panel, ref), samples) for ref, samples in expected.items()], tmp_path)


@pytest.mark.parametrize(
    ("world", "rows"),
    [
        (CALM_WORLD, [f"{{{NOTHING}}}"]),
        (BLIND, [f"{{{NOBODY_KNOWS}}}"]),
        ({f'anomaly:score{{{SHOP},anomaly_type="error_spike"}}': "0.4"}, [f"{{{NOBODY_KNOWS}}}"]),
        (RULES_ONLY, [f'{{{SHOP},{UNSEEN},severity="BLIND"}}']),
        (
            {**IN_A_FAULT, **dict.fromkeys(PLAYBOOK, "_")},
            [
                row(labels, kind, severity, page, 'recommendation="The playbook is not recorded."')
                for labels, kind, severity, page in (
                    (OF_POOL, "upstream_failure", "critical", "dev-hq-pool"),
                    (OF_SHOP, "error_spike", "low", "dev-hq-service"),
                )
            ],
        ),
    ],
    ids=["calm", "blind", "scores without rules", "a service unseen", "no playbook"],
)
def test_rows_of_the_other_states(world: World, rows: list[str], tmp_path: Path) -> None:
    value = -1 if rows == [f"{{{NOBODY_KNOWS}}}"] else 0 if rows == [f"{{{NOTHING}}}"] else 1
    world = {series: values for series, values in world.items() if values != "_"}
    check(world, [(expr_of(panels(data())[TABLE]), dict.fromkeys(rows, value))], tmp_path)


def test_a_gate_that_only_observes_decides_nothing(tmp_path: Path) -> None:
    dashboard = data()
    (failed,) = (one for one in dashboard["annotations"]["list"] if one["name"] == "Gates failed")
    world = dict(CALM_WORLD)
    for gate, verdict in (("error_budget", "0"), ("latency", "1")):
        world[f'quality_gate_verdict{{gate="{gate}",{SHOP}}}'] = verdict
        world[f'quality_gate_last_check_timestamp_seconds{{gate="{gate}",{SHOP}}}'] = f"{AT - 60}"
    marked = expanded(failed["expr"], {"service": ".+"}, HOUR)
    check(world, [(expr_of(panels(dashboard)["Gates"]), {"{}": 1}), (marked, {})], tmp_path)


def test_one_unseen_service_is_a_row_beside_those_that_fire(tmp_path: Path) -> None:
    panel = panels(data("three services, two pools", tmp_path))[TABLE]
    seen = 'anomaly:score{service="%s",anomaly_type="error_spike"}'
    world: World = {**RULES_ONLY, seen % "shop": "0", seen % "till": "0"}
    unseen = {f'{{service="desk",{UNSEEN},severity="BLIND"}}': 1.0}
    check(world, [(expr_of(panel), unseen), (expr_of(panel, chosen="shop"), {f"{{{NOTHING}}}": 0})], tmp_path)


@pytest.mark.parametrize(
    ("fault", "exporter", "explained"),
    [
        ("1", "1", "failure in vendor-proxies, proxy-failure-wave"),
        ("1x476 0x3", "1", "failure in vendor-proxies, proxy-failure-wave; withdrawn"),
        ("1x440 0x39", "1", "no known fault"),
        ("0", "1", "no known fault"),
        ("", "0", "unknown: the exporter is not scraped"),
        ("1x458 _x21", "0", "unknown: the exporter is not scraped"),
    ],
    ids=["now", "just now", "too long ago", "never", "nobody knows", "nobody knows any more"],
)
def test_which_fault_explains_it(fault: str, exporter: str, explained: str, tmp_path: Path) -> None:
    world = {**IN_A_FAULT, 'up{job="dev-hq"}': exporter}
    world.pop(FAULT_IN_POOL)
    if fault:
        world[FAULT_IN_POOL] = fault
    rows = {f'{{{labels},explained="{explained}"}}': 1.0 for labels in (OF_POOL, OF_SHOP)}
    check(world, [(expr_of(panels(data())[TABLE], "F"), rows)], tmp_path)


TWO_FAULTS: World = {
    'chaos_fault_active{fault="latency",scenario="slow",chaos_target="a"}': "1",
    'chaos_fault_active{fault="failure",scenario="wave",chaos_target="till"}': "1",
    'up{job="dev-hq"}': "1",
}


@pytest.mark.parametrize(
    ("chosen", "fault"),
    [
        ("shop", {'{fault="latency",chaos_target="a",service="shop",chosen="yes"}': 1.0}),
        ("till", {'{fault="failure",chaos_target="till",service="till",chosen="yes"}': 1.0}),
        ("desk", {}),
    ],
)
def test_faults_are_those_of_the_chosen_services_and_of_their_pools(
    chosen: str, fault: Samples, tmp_path: Path
) -> None:
    dashboard = data("three services, two pools", tmp_path)
    stat = panels(dashboard)["Fault now"]
    annotation = next(one for one in dashboard["annotations"]["list"] if one["name"] == "Faults injected")
    marked = expanded(annotation["expr"], {"service": chosen}, HOUR)
    none: Samples = {} if fault else {"{}": 0}
    check(
        TWO_FAULTS,
        [
            (expr_of(stat, "A", chosen), fault),
            (expr_of(stat, "B", chosen), none),
            (f"sum by (fault, chaos_target, service, chosen) ({marked})", fault),
        ],
        tmp_path,
    )


def test_only_faults_are_marked_unless_the_reader_wants_more() -> None:
    marks = {one["name"]: (one["enable"], one["iconColor"]) for one in data()["annotations"]["list"]}
    assert marks == {
        "Faults injected": (True, FAULT),
        "Anomalies": (False, RED),
        "Gates failed": (False, ORANGE),
    }


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        ("latency_shift", "0.5234", "523 ms"),
        ("latency_shift", "1", "1 s"),
        ("latency_shift", "12.346", "12.35 s"),
        ("budget_exhaustion", "90", "1.5 min"),
        ("budget_exhaustion", "5400", "1.5 h"),
        ("budget_exhaustion", "216000", "2.5 d"),
        ("error_spike", "0.012", "1.2%"),
        ("error_spike", "0", "0%"),
        ("traffic_drop", "4.627299", "4.63/s"),
        ("flapping", "5", "5 changes"),
    ],
)
def test_values_are_written_in_the_unit_of_their_type(kind: str, value: str, words: str, tmp_path: Path) -> None:
    world = {**alerts(kind, SHOP, ("low",), 0), f'anomaly:actual{{{SHOP},anomaly_type="{kind}"}}': value}
    row = f'{{anomaly_type="{kind}",{SHOP},pool="{NOWHERE}",actual="{words}"}}'
    check(world, [(expr_of(panels(data())[TABLE], "D"), {row: 1})], tmp_path)


def test_a_type_alone_can_be_chosen(tmp_path: Path) -> None:
    found = panels(data())
    check(
        IN_A_FAULT,
        [
            (expr_of(found["Firing"], kinds="error_spike"), {"{}": 1}),
            (expr_of(found["Worst"], kinds="error_spike"), {"{}": 1.2}),
        ],
        tmp_path,
    )


BANDED: World = {
    f'anomaly:actual{{{SHOP},anomaly_type="error_spike"}}': "0.02",
    f'anomaly:threshold{{{SHOP},anomaly_type="error_spike"}}': "0.01",
    f'anomaly:score{{{SHOP},anomaly_type="error_spike"}}': "2",
    f'anomaly:band_centre{{{SHOP},anomaly_type="error_spike"}}': "0.002",
    f'anomaly:band_width{{{SHOP},anomaly_type="error_spike"}}': "0.005",
    **alerts("error_spike", SHOP, ("low", "medium"), 0),
}


def test_a_signal_has_its_threshold_its_band_and_points_where_it_fires(tmp_path: Path) -> None:
    panel = panels(data())["Errors"]
    labels = f'{SHOP},anomaly_type="error_spike"'
    check(
        BANDED,
        [
            (expr_of(panel, "A"), {f"anomaly:actual{{{labels}}}": 0.02}),
            (expr_of(panel, "B"), {f"anomaly:threshold{{{labels}}}": 0.01}),
            (expr_of(panel, "C"), {f"{{{labels}}}": 0}),
            (expr_of(panel, "D"), {f"{{{labels}}}": 0.007}),
            (expr_of(panel, "E"), {f"anomaly:actual{{{labels}}}": 0.02}),
        ],
        tmp_path,
    )


def test_of_several_services_only_the_lines_are_drawn(tmp_path: Path) -> None:
    panel = panels(data())["Errors"]
    other = {one.replace("storefront", "other"): value for one, value in BANDED.items()}
    check({**BANDED, **other}, [(expr_of(panel, ref), {}) for ref in "BCD"], tmp_path)


def test_the_band_is_filled_between_its_edges() -> None:
    for title in ("Rate", "Errors", "Duration", "Pool errors", "Throttled"):
        panel = panels(data())[title]
        legends = {target["refId"]: target["legendFormat"] for target in panel["targets"]}
        (fill,) = (
            (override["matcher"]["options"], one["value"])
            for override in panel["fieldConfig"]["overrides"]
            for one in override["properties"]
            if one["id"] == "custom.fillBelowTo"
        )
        assert (legends[fill[0]], fill[1]) == ("usual at most", "usual at least")


def test_timelines_show_what_came_nearest_and_no_fault_is_told_from_not_knowing(tmp_path: Path) -> None:
    found = panels(data())
    many = {f'anomaly:score{{service="s{one}",anomaly_type="error_spike"}}': f"{one}" for one in range(20)}
    nearest = {f'{{service="s{one}",anomaly_type="error_spike"}}': float(one) for one in range(8, 20)}
    check(many, [(expr_of(found["Anomalies over time"]), nearest)], tmp_path)
    timeline = found["Faults injected"]
    check(CALM_WORLD, [(expr_of(timeline), {}), (expr_of(timeline, "B"), {"{}": 0})], tmp_path)
    check(NO_EXPORTER, [(expr_of(timeline), {}), (expr_of(timeline, "B"), {})], tmp_path)
    fault = f'{{fault="failure",{RUN},{SHOP},chosen="yes"}}'
    check(IN_A_FAULT, [(expr_of(timeline), {fault: 1}), (expr_of(timeline, "B"), {})], tmp_path)


def test_the_ladder_of_alerts_is_drawn_into_the_burn_rates() -> None:
    steps = panels(data())["Burn rates"]["fieldConfig"]["defaults"]["thresholds"]["steps"]
    assert [(step["value"], step["color"]) for step in steps] == [
        (None, UNKNOWN),
        (1, YELLOW),
        (3, ORANGE),
        (6, RED),
        (14.4, CRITICAL),
    ]


def test_a_stack_without_pools_and_histogram_has_no_panels_that_would_stay_empty(tmp_path: Path) -> None:
    found = panels(data("one service, nothing else", tmp_path))
    assert not {"Duration", "Pool errors", "Throttled", "Saturation"} & found.keys()
    assert {"Rate", "Errors", TABLE, "Budget", "Faults injected"} <= found.keys()


def test_the_first_screen_holds_the_status_the_table_and_both_timelines() -> None:
    """1600x900: a row of the grid is 38 pixels high, and Grafana's own head takes some 130."""
    rows = [panel for panel in data()["panels"] if panel["type"] == "row"]
    first_screen = rows[0]["gridPos"]["y"]
    assert first_screen * 38 + 130 <= 900
    above = [panel["title"] for panel in data()["panels"] if panel["gridPos"]["y"] < first_screen]
    assert above == [
        "Firing", "Worst", "Oldest", "Fault now", "Budget", "Gates", "Resilience", TABLE, "Anomalies over time",
        "Faults injected",
    ]  # fmt: skip


def test_only_the_runs_are_folded_away() -> None:
    rows = {panel["title"]: panel["collapsed"] for panel in data()["panels"] if panel["type"] == "row"}
    assert rows == {
        "Signals": False,
        "Objectives and gates": False,
        "Chaos runs": True,
        "Detector health: is calm calm, or are we blind?": False,
    }


def links(panel: Json) -> Iterator[str]:
    for name, value in panel.items():
        if name == "url":
            yield str(value)
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, dict):
                yield from links(inner)


def test_an_anomaly_leads_to_its_service_its_pool_itself_and_its_runbook() -> None:
    assert set(links(panels(data())[TABLE])) == {
        "/d/dev-hq-service?var-service=${__data.fields.service}&${__url_time_range}",
        "/d/${__data.fields.page}?var-service=${__data.fields.service}&var-pool=${__data.fields.pool}"
        "&${__url_time_range}",
        "/d/dev-hq-anomaly-overview?var-service=${__data.fields.service}"
        "&var-anomaly_type=${__data.fields.anomaly_type}&${__url_time_range}",
        "${__value.raw}",
    }


def test_titles_are_said_once() -> None:
    every = [one for panel in data()["panels"] for one in (panel, *panel.get("panels", []))]
    titles = [one["title"] for one in every]
    assert len(titles) == len(set(titles))
    assert json.dumps(every).count('"description": ""') == 0
