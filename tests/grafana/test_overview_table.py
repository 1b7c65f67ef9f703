"""The table of the overview: which rows there are in which state of the world, answered by promtool."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from grafana.anomalies import NOWHERE
from tests.grafana.world import (
    AT,
    BLIND,
    CALM_WORLD,
    FAULT_IN_POOL,
    IN_A_FAULT,
    PLAYBOOK,
    POOL,
    SHOP,
    TABLE,
    Json,
    Samples,
    World,
    alerts,
    check,
    data,
    expr_of,
    panels,
)

NOTHING = 'recommendation="Nothing is anomalous: nothing to do.",severity="none"'
NOBODY_KNOWS = (
    'recommendation="No rules are evaluated, or they see none of these: see Detector health of the overview.",'
    'severity="BLIND"'
)
UNSEEN = (
    f'page="dev-hq-service",pool="{NOWHERE}",'
    'recommendation="Nothing is recorded of this service: check that it runs, and that Prometheus scrapes it."'
)
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
