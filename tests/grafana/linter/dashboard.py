"""A dashboard as the rules look at it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from stack.dataclass import dataclass
from tests.grafana.expansion import expanded

Json = dict[str, Any]

WITH_VALUES = frozenset({"stat", "timeseries", "state-timeline", "status-history", "table", "heatmap", "bargauge"})
"""The kinds of panels that show values."""


@dataclass(frozen=True)
class Target:
    """One query of a panel; `place` counts from 0."""

    place: int
    data: Json

    @property
    def expr(self) -> str:
        return str(self.data["expr"])

    @property
    def ref(self) -> str:
        return str(self.data["refId"])


@dataclass(frozen=True)
class Panel:
    """One panel, rows too."""

    data: Json

    @property
    def kind(self) -> str:
        return str(self.data["type"])

    @property
    def title(self) -> str:
        return str(self.data.get("title") or "")

    @property
    def targets(self) -> list[Target]:
        return [Target(place, data) for place, data in enumerate(self.data.get("targets", []))]

    @property
    def defaults(self) -> Json:
        return dict(self.data.get("fieldConfig", {}).get("defaults", {}))

    @property
    def overrides(self) -> list[Json]:
        return list(self.data.get("fieldConfig", {}).get("overrides", []))

    def set_to(self, name: str) -> Iterator[Any]:
        """Every value of an option of fields: the default and all overrides."""
        if name in self.defaults:
            yield self.defaults[name]
        yield from (one["value"] for override in self.overrides for one in override["properties"] if one["id"] == name)

    def transformations(self, kind: str) -> Iterator[Json]:
        """The options of its transformations of one kind."""
        yield from (one["options"] for one in self.data.get("transformations", []) if one["id"] == kind)


@dataclass(frozen=True)
class Dashboard:
    """One dashboard and the name of its file."""

    file: str
    data: Json

    @classmethod
    def of(cls, file: str, text: str) -> Dashboard:
        """From its JSON."""
        return cls(file, json.loads(text))

    @property
    def title(self) -> str:
        return str(self.data.get("title", ""))

    @property
    def uid(self) -> str:
        return str(self.data.get("uid", ""))

    @cached_property
    def all_panels(self) -> list[Panel]:
        """Rows, panels, and panels in closed rows, from the top."""
        top = [Panel(data) for data in self.data["panels"]]
        return [one for panel in top for one in (panel, *map(Panel, panel.data.get("panels", [])))]

    @property
    def panels(self) -> list[Panel]:
        """The panels without the rows."""
        return [panel for panel in self.all_panels if panel.kind != "row"]

    @property
    def variables(self) -> list[Json]:
        return list(self.data["templating"]["list"])

    @property
    def annotations(self) -> list[Json]:
        return list(self.data["annotations"]["list"])

    def variable(self, name: str) -> Json | None:
        """The variable of that name."""
        return next((one for one in self.variables if one["name"] == name), None)

    def as_promql(self, text: str) -> str:
        """An expression with something chosen for every variable."""
        return expanded(text, {one["name"]: "x" for one in self.variables if one["type"] != "datasource"})


def texts(data: object) -> Iterator[str]:
    """Every text in some JSON, names of keys aside."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, Mapping):
        for value in data.values():
            yield from texts(value)
    elif isinstance(data, list):
        for value in data:
            yield from texts(value)
