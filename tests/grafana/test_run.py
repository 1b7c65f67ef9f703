"""The chaos run dashboard for every way in which a run can end, and for none, its queries answered by promtool."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from chaos.score import PASS_SCORE
from exporters.evidence import VERDICTS_ON_ALERTS
from exporters.run_history import OUTCOMES, PHASES
from grafana.colours import BY_SEVERITY, CALM, FAULT, NEUTRAL, RUN_SCORE_STEPS, UNKNOWN
from grafana.dashboard import dashboard_data
from grafana.run import promql, run
from grafana.run.tables import AFTER, BEFORE
from tests.grafana.expansion import HOUR, expanded
from tests.grafana.run_worlds import (
    BROKEN,
    GOING_ON,
    MASKED,
    NOBODY,
    NONE,
    OLD,
    OTHERS,
    RESILIENT,
    RUN,
    STOPPED,
    WEAK,
    WRONG_DOSE,
    World,
    ended,
)
from tests.grafana.stacks import NAMES, stack_named
from tests.grafana.world import AT, check, panels, shown
from tests.prometheus.stacks import demo_stack

Json = dict[str, Any]

CHOSEN = {"scenario": "wave", "chaos_target": "vendor-proxies"}
RED, ORANGE, CRITICAL = (BY_SEVERITY[one] for one in ("high", "medium", "critical"))

STATS = ("Phase", "Outcome", "Score", "Impact", "Burn", "Detected", "Recovered", "Dose")
Look = tuple[float, str, str]
BLIND: Look = (-3, "BLIND", UNKNOWN)
NONE_RAN: Look = (-2, "none ran", UNKNOWN)
UNMEASURED: Look = (-1, "not measured", UNKNOWN)
IDLE: Look = (0, "no run", NEUTRAL)

LOOKS: dict[str, tuple[World, dict[str, Look]]] = {
    "nobody tells": (NOBODY, dict.fromkeys(STATS, BLIND)),
    "the exporter cannot read the journal": (BROKEN, dict.fromkeys(STATS, BLIND)),
    "none ran": (NONE, {**dict.fromkeys(STATS, NONE_RAN), "Phase": IDLE}),
    "others ran": (OTHERS, {**dict.fromkeys(STATS, NONE_RAN), "Phase": IDLE}),
    "stopped": (
        STOPPED,
        {
            **dict.fromkeys(STATS, UNMEASURED),
            "Phase": IDLE,
            "Outcome": (2, "STOPPED", NEUTRAL),
            "Score": (-1, "not scored", UNKNOWN),
        },
    ),
    "died": ({**NONE, **ended("died")}, {"Outcome": (0, "DIED", ORANGE), "Score": (-1, "not scored", UNKNOWN)}),
    "the dose was wrong": (
        WRONG_DOSE,
        {
            "Outcome": (1, "COULD NOT RUN", ORANGE),
            "Score": (-1, "not scored", UNKNOWN),
            "Impact": UNMEASURED,
            "Dose": (0, "WRONG", ORANGE),
        },
    ),
    "resilient": (
        RESILIENT,
        {
            "Phase": IDLE,
            "Outcome": (4, "RESILIENT", CALM),
            "Score": (90, "90", CALM),
            "Impact": (0.0166, "0.0166", NEUTRAL),
            "Burn": (3.5, "3.5", ORANGE),
            "Detected": (12, "12", NEUTRAL),
            "Recovered": (0, "0", CALM),
            "Dose": (1, "ARRIVED", CALM),
        },
    ),
    "users noticed nothing": (
        MASKED,
        {
            "Score": (100, "100", CALM),
            "Burn": (0, "0", CALM),
            "Detected": (-4, "nothing due", CALM),
            "Dose": UNMEASURED,
        },
    ),
    "a score of 0": (
        WEAK,
        {
            "Outcome": (3, "WEAKNESS", RED),
            "Score": (0, "0", RED),
            "Burn": (200, "200", RED),
            "Detected": (-5, "MISSED", RED),
            "Recovered": (-6, "NEVER", CRITICAL),
        },
    ),
    "recorded by an older version": (
        OLD,
        {"Score": (90, "90", CALM), "Impact": UNMEASURED, "Detected": (12, "12", NEUTRAL), "Dose": UNMEASURED},
    ),
    "going on": (GOING_ON, {"Phase": (2, "faults are in", FAULT), "Outcome": (4, "RESILIENT", CALM)}),
}


def data() -> Json:
    return dashboard_data(run(demo_stack()))


def expr_of(panel: Json, ref: str = "A") -> str:
    found = next(target["expr"] for target in panel["targets"] if target["refId"] == ref)
    return expanded(found, CHOSEN, HOUR)


@pytest.mark.parametrize("state", LOOKS)
def test_the_first_line_in_every_state(state: str, tmp_path: Path) -> None:
    world, looks = LOOKS[state]
    found = panels(data())
    labelled = "{" + RUN.replace(",", ", ") + "}"
    keeps_labels = {"Outcome": "chaos_run_outcome{" + RUN, "Phase": "chaos_run_active{" + RUN}
    expected = []
    for title, (value, text, colour) in looks.items():
        has_labels = title in keeps_labels and any(one.startswith(keeps_labels[title]) for one in world)
        expected.append((expr_of(found[title]), {labelled if has_labels else "{}": value}))
        assert shown(found[title], value) == (text, colour), title
    check(world, expected, tmp_path)


def test_nothing_unknown_looks_like_something_known() -> None:
    for title in STATS:
        words = {shown(panels(data())[title], code) for code in (-1, -2, -3)}
        assert {colour for _, colour in words} == {UNKNOWN}
        assert len(words) == 3, title


def test_the_table_has_the_last_run_of_each_and_the_time_around_it(tmp_path: Path) -> None:
    world = {
        **ended("resilient", RUN, start=6000.25, end=6100.75),
        **ended("weakness", 'scenario="wave",chaos_target="shop"', start=5000, end=5100),
    }
    one, other = "{" + RUN.replace(",", ", ") + "}", '{scenario="wave", chaos_target="shop"}'
    table = panels(data())["Last runs"]
    after = AFTER + 2 * demo_stack().prometheus.scrape_interval
    check(
        world,
        [
            (expr_of(table, "A"), {one: 4, other: 3}),
            (expr_of(table, "C"), {one: 6100750, other: 5100000}),
            (expr_of(table, "H"), {one: 6000250 - 1000 * BEFORE, other: 5000000 - 1000 * BEFORE}),
            (expr_of(table, "I"), {one: 6100750 + 1000 * after, other: 5100000 + 1000 * after}),
        ],
        tmp_path,
    )


@pytest.mark.parametrize(("world", "code"), [(NONE, -2), (NOBODY, -3)], ids=["none ran", "blind"])
def test_without_runs_every_table_has_one_row_that_says_so(tmp_path: Path, world: World, code: float) -> None:
    found = panels(data())
    chosen = "{" + RUN.replace(",", ", ") + "}"
    word = {-2: "none ran", -3: "BLIND"}[code]
    check(
        world,
        [
            (expr_of(found["Last runs"], "A"), {chosen: code}),
            (expr_of(found["Last runs"], "H"), {chosen: 1000 * (AT - 3600)}),
            (expr_of(found["Last runs"], "I"), {chosen: 1000 * AT}),
            (expr_of(found["Score by part"], "A"), {'{part="score"}': code}),
            (expr_of(found["Impact by objective"], "B"), {'{slo="objectives"}': code}),
            (expr_of(found["Dose by fault"], "A"), {'{fault="faults"}': code}),
            (expr_of(found["Alerts"], "A"), {f'{{anomaly_type="alerts", verdict="{word}"}}': code}),
        ],
        tmp_path,
    )


def test_the_tables_of_one_run(tmp_path: Path) -> None:
    found = panels(data())
    check(
        RESILIENT,
        [
            (expr_of(found["Score by part"], "A"), {'{part="impact"}': 40, '{part="recovery"}': 0}),
            (expr_of(found["Score by part"], "C"), {'{part="impact"}': 0.8}),
            (expr_of(found["Impact by objective"], "A"), {'{slo="success_rate"}': 0.001}),
            (expr_of(found["Impact by objective"], "B"), {'{slo="success_rate"}': 0.0166, '{slo="latency"}': 0}),
            (expr_of(found["Dose by fault"], "A"), {'{fault="failure"}': 1}),
            (expr_of(found["Dose by fault"], "B"), {'{fault="failure"}': 0.4}),
            (expr_of(found["Dose by fault"], "C"), {'{fault="failure"}': 0.41}),
            (expr_of(found["Alerts"], "A"), {'{anomaly_type="upstream_failure", verdict="detected"}': 1}),
            (expr_of(found["Alerts"], "B"), {'{anomaly_type="upstream_failure"}': 10}),
        ],
        tmp_path,
    )
    check(STOPPED, [(expr_of(found["Dose by fault"], "A"), {'{fault="failure"}': -1})], tmp_path)


def test_the_table_links_to_the_run_by_columns_that_it_hides() -> None:
    table = panels(data())["Last runs"]
    by_column = {one["matcher"]["options"]: one["properties"] for one in table["fieldConfig"]["overrides"]}
    [url] = [one["value"][0]["url"] for one in by_column["Scenario"] if one["id"] == "links"]
    assert url == (
        '/d/dev-hq-chaos-run?var-scenario=${__data.fields["Scenario"]}&var-chaos_target=${__data.fields["Target"]}'
        '&from=${__data.fields["From"].numeric}&to=${__data.fields["To"].numeric}'
    )
    named = re.findall(r'fields\["(\w+)"\]', url)
    titles = list(table["transformations"][-1]["options"]["renameByName"].values())
    assert set(named) <= set(titles)
    for hidden in ("From", "To"):
        assert {one["id"] for one in by_column[hidden]} == {"custom.hidden", "custom.hideFrom.viz"}
    assert titles[-2:] == ["From", "To"], "hidden columns in front of a link's own once hid its values"


def test_the_timeline_tells_phases_faults_and_blindness_apart(tmp_path: Path) -> None:
    panel = panels(data())["What was done"]
    fault = f'chaos_fault_active{{fault="failure",{RUN}}}'
    check(NONE, [(expr_of(panel, "A"), {"{}": 0})], tmp_path)
    check(NOBODY, [(expr_of(panel, "A"), {"{}": -3})], tmp_path)
    world = {**GOING_ON, fault: "1"}
    check(world, [(expr_of(panel, "A"), {"{}": 2}), (expr_of(panel, "B"), {'{fault="failure"}': 11})], tmp_path)
    [words] = [mapping["options"] for mapping in panel["fieldConfig"]["defaults"]["mappings"]]
    assert {code: word["text"] for code, word in words.items()} == {
        "0": "no run", "1": "baseline", "2": "faults are in", "3": "recovery", "10": "out", "11": "injected",
        "-3": "BLIND",
    }  # fmt: skip


def test_what_was_detected_is_what_the_run_can_have_caused(tmp_path: Path) -> None:
    panel = panels(data())["What was detected"]
    service, pool = 'service="storefront"', 'service="storefront",pool="vendor-proxies"'
    world = {
        **NONE,
        f'chaos_run_expected{{{RUN},anomaly_type="upstream_failure",expectation="must"}}': "1",
        f'chaos_run_expected{{{RUN},anomaly_type="error_spike",expectation="may"}}': "1",
        f'anomaly:score{{{pool},anomaly_type="upstream_failure"}}': "0.2",
        f'anomaly:score{{{service},anomaly_type="error_spike"}}': "1.5",
        f'anomaly:score{{{service},anomaly_type="traffic_drop"}}': "2",
        f'anomaly:score{{{service},anomaly_type="flapping"}}': "0.1",
        'anomaly:score{service="stranger",anomaly_type="traffic_drop"}': "2",
    }
    expected = {'{service="storefront", pool="vendor-proxies", anomaly_type="upstream_failure"}': 0.2}
    check(world, [(expr_of(panel, "A"), expected), (expr_of(panel, "B"), {}), (expr_of(panel, "C"), {})], tmp_path)
    world[f"chaos_run_active{{{RUN}}}"] = "1"
    check(
        world,
        [
            (expr_of(panel, "B"), {'{service="storefront", anomaly_type="error_spike"}': 1.5}),
            (expr_of(panel, "C"), {'{service="storefront", anomaly_type="traffic_drop"}': 2}),
        ],
        tmp_path,
    )


def test_members_are_up_down_or_ejected(tmp_path: Path) -> None:
    member = 'pool="vendor-proxies",member="{}"'
    world = {
        **{f"pool_member_up{{{member.format(number)}}}": f"{up}" for number, up in enumerate((1, 0, 1))},
        **{f"pool_member_ejected{{{member.format(number)}}}": f"{out}" for number, out in enumerate((0, 0, 1))},
        'pool_member_up{pool="others",member="0"}': "1",
    }
    series = '{{pool="vendor-proxies", member="{}"}}'
    expected = {series.format(number): value for number, value in enumerate((1, 0, 2))}
    check(world, [(expr_of(panels(data())["Members of the pool"]), expected)], tmp_path)


def test_gates_that_were_never_asked_say_so(tmp_path: Path) -> None:
    panel = panels(data())["Gates"]
    check(NONE, [(expr_of(panel, "A"), {}), (expr_of(panel, "B"), {"{}": -3})], tmp_path)
    world = {**NONE, 'quality_gate_verdict{gate="latency",service="storefront"}': "0"}
    check(
        world,
        [(expr_of(panel, "A"), {'{gate="latency", service="storefront"}': 0}), (expr_of(panel, "B"), {})],
        tmp_path,
    )


def test_a_fault_in_front_of_a_service_is_measured_there(tmp_path: Path) -> None:
    found = panels(data())
    front = 'envoy_http_conn_manager_prefix="service_vendor-proxies"'
    world = {
        f'envoy_http_downstream_rq_xx{{{front},envoy_response_code_class="2"}}': "0+15x480",
        f'envoy_http_downstream_rq_xx{{{front},envoy_response_code_class="4"}}': "0+30x480",
        f'envoy_http_downstream_rq_xx{{{front},envoy_response_code_class="5"}}': "0+15x480",
        'envoy_http_local_rate_limit_rate_limited{envoy_local_http_ratelimit_prefix="service_vendor-proxies"}':
            "0+30x480",
    }  # fmt: skip
    world |= {
        f"envoy_http_downstream_rq_total{{{front}}}": "0+60x480",
        f'envoy_http_downstream_rq_time_bucket{{{front},le="500"}}': "0+0x480",
        f'envoy_http_downstream_rq_time_bucket{{{front},le="1000"}}': "0+60x480",
        f'envoy_http_downstream_rq_time_bucket{{{front},le="+Inf"}}': "0+60x480",
    }
    check(
        world,
        [
            (f"round({expr_of(found['Requests'], 'C')}, 0.001)", {"{}": 4}),
            (f"round({expr_of(found['Errors'], 'C')}, 0.001)", {"{}": 0.75}),
            (f"round({expr_of(found['95th percentile'], 'C')}, 0.001)", {"{}": 0.975}),
        ],
        tmp_path,
    )


def test_the_run_that_ended_last_is_chosen_at_first(tmp_path: Path) -> None:
    scenario, target = (one for one in data()["templating"]["list"] if one["name"] in CHOSEN)
    world = {
        **ended("resilient", 'scenario="old",chaos_target="shop"', end=5000),
        **ended("resilient", 'scenario="new",chaos_target="shop"', end=6000),
        'chaos_run_active{scenario="new",chaos_target="shop"}': "0",
        'chaos_run_active{scenario="never",chaos_target="shop"}': "0",
    }
    query = re.fullmatch(r"query_result\((.*)\)", scenario["definition"])
    assert query
    assert query[1].startswith("sort_desc(")
    check(world, [(query[1], {'{scenario="new"}': 6000, '{scenario="old"}': 5000, '{scenario="never"}': 0})], tmp_path)
    assert scenario["sort"] == target["sort"] == 0, "Grafana keeps the order"
    found = re.search(scenario["regex"].strip("/"), '{scenario="new"} 6000 7200000')
    assert found
    assert found[1] == "new"
    assert "$scenario" in target["definition"]


def test_it_speaks_of_what_the_exporter_and_the_score_speak_of() -> None:
    assert set(promql.OUTCOMES) == set(OUTCOMES)
    assert set(promql.PHASES) == set(PHASES)
    assert RUN_SCORE_STEPS[-1].at == PASS_SCORE
    overrides = panels(data())["Alerts"]["fieldConfig"]["overrides"]
    [verdicts] = [one["properties"] for one in overrides if one["matcher"]["options"] == "What became of it"]
    [mappings] = [one["value"] for one in verdicts if one["id"] == "mappings"]
    assert set(mappings[0]["options"]) >= set(VERDICTS_ON_ALERTS)


def test_short_faults_are_marked_although_grafana_looks_once_a_minute() -> None:
    [faults] = [one for one in data()["annotations"]["list"] if one["name"] == "Faults injected"]
    assert (faults["enable"], faults["target"]["interval"]) == (True, "5s")


@pytest.mark.parametrize("name", NAMES)
def test_it_fits_any_stack(name: str, tmp_path: Path) -> None:
    found = panels(dashboard_data(run(stack_named(name, tmp_path))))
    assert set(STATS) <= found.keys()
    check({**NONE}, [(expr_of(found[title]), {"{}": -2}) for title in STATS[1:-1]], tmp_path)
