"""Grafana's own library reads the dashboards, and writes them again without losing or changing anything."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest
from grafanalib import core
from grafanalib._gen import DashboardEncoder

from tests.grafana.stacks import NAMES, texts_of

Json = dict[str, Any]


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_lost(name: str) -> None:
    for file, text in texts_of(name).items():
        written = json.loads(text)
        assert [f"{file}: {one}" for one in lost(written, read_and_written(written))] == []


def test_a_key_that_grafana_does_not_have_is_noticed() -> None:
    dashboard = json.loads(texts_of("demo")["anomaly-overview.json"])
    panel = next(one for one in dashboard["panels"] if one["type"] == "stat")
    panel["fontSize"] = "100%"
    panel["options"]["colourMode"] = "background"
    where = f"panels.{dashboard['panels'].index(panel)}"
    assert lost(dashboard, read_and_written(dashboard)) == [
        f"{where}.options.colourMode: lost",
        f"{where}.fontSize: lost",
    ]


def test_a_value_that_changes_is_noticed() -> None:
    assert lost({"a": [{"b": 1}]}, {"a": [{"b": 2}]}) == ["a.0.b: 1 became 2"]
    assert lost({"a": [1, 2]}, {"a": [1]}) == ["a.1: lost"]
    assert lost({"a": False}, {"a": 0}) == ["a: False became 0"]
    assert lost({"a": 1.0, "b": None}, {"a": 1, "c": 3}) == []


def test_what_grafanalib_writes_by_itself_is_refused() -> None:
    panel = core.TimeSeries(title="a", dataSource="prometheus", targets=[core.Target(expr="up", refId="A")])
    raw = core.Dashboard(title="raw", panels=[core.RowPanel(title="r"), panel]).auto_panel_ids()
    with pytest.raises((AttributeError, KeyError, TypeError, ValueError)):
        read_and_written(json.loads(json.dumps(raw, cls=DashboardEncoder)))


def read_and_written(dashboard: Json) -> Json:
    """What Grafana's library makes of a dashboard."""
    read, encoder = _grafanas_library()
    return dict(json.loads(json.dumps(read(dashboard), cls=encoder)))


@cache
def _grafanas_library() -> tuple[Callable[[Json], object], type[json.JSONEncoder]]:
    with warnings.catch_warnings():  # it prefers the second version of dashboards, which files cannot provision yet
        warnings.simplefilter("ignore", DeprecationWarning)
        from grafana_foundation_sdk.cog.encoder import JSONEncoder
        from grafana_foundation_sdk.cog.plugins import register_default_plugins
        from grafana_foundation_sdk.models.dashboard import Dashboard

        register_default_plugins()
    return Dashboard.from_json, JSONEncoder


def lost(before: Any, after: Any, path: str = "") -> list[str]:
    """What is in `before`, null aside, and not the same in `after`, which may have more."""
    return [*_lost(before, after, path)]


def _lost(before: Any, after: Any, path: str) -> Iterator[str]:
    if isinstance(before, dict) and isinstance(after, dict):
        pairs = [(key, value, key in after and after[key]) for key, value in before.items() if value is not None]
        missing = {key for key in before if key not in after}
    elif isinstance(before, list) and isinstance(after, list):
        pairs = [(key, value, key < len(after) and after[key]) for key, value in enumerate(before)]
        missing = set(range(len(after), len(before)))
    else:
        if before != after or isinstance(before, bool) != isinstance(after, bool):
            yield f"{path[1:]}: {before!r} became {after!r}"
        return
    for key, one, other in pairs:
        if key in missing:
            yield f"{path}.{key}"[1:] + ": lost"
        else:
            yield from _lost(one, other, f"{path}.{key}")
