"""The overview in every state of the world, its queries answered by promtool: calm, in a fault, blind, and more."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from grafana.colours import CALM, FAULT, NEUTRAL, UNKNOWN
from tests.grafana.expansion import HOUR, expanded
from tests.grafana.world import (
    AT,
    BLIND,
    CALM_WORLD,
    CRITICAL,
    IN_A_FAULT,
    NO_EXPORTER,
    ORANGE,
    RAN,
    RED,
    RUN,
    SHOP,
    TABLE,
    YELLOW,
    Samples,
    World,
    alerts,
    check,
    data,
    expr_of,
    panels,
    shown,
)

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


def test_a_gate_that_only_observes_decides_nothing(tmp_path: Path) -> None:
    dashboard = data()
    (failed,) = (one for one in dashboard["annotations"]["list"] if one["name"] == "Gates failed")
    world = dict(CALM_WORLD)
    for gate, verdict in (("error_budget", "0"), ("latency", "1")):
        world[f'quality_gate_verdict{{gate="{gate}",{SHOP}}}'] = verdict
        world[f'quality_gate_last_check_timestamp_seconds{{gate="{gate}",{SHOP}}}'] = f"{AT - 60}"
    marked = expanded(failed["target"]["expr"], {"service": ".+"}, HOUR)
    check(world, [(expr_of(panels(dashboard)["Gates"]), {"{}": 1}), (marked, {})], tmp_path)


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
    marked = expanded(annotation["target"]["expr"], {"service": chosen}, HOUR)
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


def test_titles_are_said_once() -> None:
    every = [one for panel in data()["panels"] for one in (panel, *panel.get("panels", []))]
    titles = [one["title"] for one in every]
    assert len(titles) == len(set(titles))
    assert json.dumps(every).count('"description": ""') == 0
