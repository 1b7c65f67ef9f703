"""What a dashboard is told by: schema, uids, ids, and no nulls."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tests.grafana.linter.dashboard import Dashboard
from tests.grafana.linter.problem import Problem, problem
from tests.grafana.linter.surroundings import Surroundings

SCHEMA = 42
UIDS = {
    "anomaly-overview.json": "dev-hq-anomaly-overview",
    "service.json": "dev-hq-service",
    "pool.json": "dev-hq-pool",
    "chaos-run.json": "dev-hq-chaos-run",
}
"""URLs name dashboards by these, alerts among them: they never change."""

STEP = re.compile(r".*\.thresholds(\.value)?\.steps\.0\.value|.*\.value\.steps\.0\.value")
OLD = frozenset(
    {"__inputs", "rows", "style", "hideControls", "sharedCrosshair", "gnetId", "id", "version", "iteration"}
)


def schema(dashboard: Dashboard, _: Surroundings) -> Iterator[Problem]:
    rule = "dashboard-schema-rule"
    if dashboard.data.get("schemaVersion") != SCHEMA:
        yield problem(rule, dashboard, f"must be of schema {SCHEMA}, not {dashboard.data.get('schemaVersion')}")
    if old := sorted(OLD & dashboard.data.keys()):
        yield problem(rule, dashboard, f"has keys of older schemas: {', '.join(old)}")


def nulls(dashboard: Dashboard, _: Surroundings) -> Iterator[Problem]:
    for path in _nulls(dashboard.data, ""):
        if not STEP.fullmatch(path):
            yield problem("dashboard-null-rule", dashboard, f"{path[1:]} is null")


def uneditable(dashboard: Dashboard, _: Surroundings) -> Iterator[Problem]:
    if dashboard.data.get("editable") is not False:
        yield problem("uneditable-dashboard", dashboard, "must not be editable: it is generated")


def uid(dashboard: Dashboard, around: Surroundings) -> Iterator[Problem]:
    rule = "dashboard-uid-rule"
    if UIDS.get(dashboard.file) != dashboard.uid:
        yield problem(rule, dashboard, f'{dashboard.file} has the uid "{dashboard.uid}", not the one that URLs name')
    if around.dashboards.get(dashboard.uid) is not dashboard:
        yield problem(rule, dashboard, f'the uid "{dashboard.uid}" is used twice')


def ids(dashboard: Dashboard, _: Surroundings) -> Iterator[Problem]:
    found = [panel.data.get("id") for panel in dashboard.all_panels]
    for one in sorted({each for each in found if found.count(each) > 1}, key=str):
        titles = ", ".join(panel.title for panel in dashboard.all_panels if panel.data.get("id") == one)
        yield problem("panel-id-rule", dashboard, f"several panels have the id {one}: {titles}")


def _nulls(data: Any, path: str) -> Iterator[str]:
    if data is None:
        yield path
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in inner:
        yield from _nulls(value, f"{path}.{key}")


RULES = {
    "dashboard-schema-rule": schema,
    "dashboard-null-rule": nulls,
    "uneditable-dashboard": uneditable,
    "dashboard-uid-rule": uid,
    "panel-id-rule": ids,
}
