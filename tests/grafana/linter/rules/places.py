"""Where panels stand in the grid."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from tests.grafana.linter.dashboard import Dashboard, Panel
from tests.grafana.linter.problem import Problem, problem
from tests.grafana.linter.surroundings import Surroundings

COLUMNS = 24


def in_the_grid(dashboard: Dashboard, _: Surroundings) -> Iterator[Problem]:
    for panel in dashboard.all_panels:
        place = panel.data["gridPos"]
        if place["x"] < 0 or place["w"] < 1 or place["h"] < 1 or place["x"] + place["w"] > COLUMNS:
            yield problem("panel-place-rule", dashboard, f"does not stand in the {COLUMNS} columns: {place}", panel)


def apart(dashboard: Dashboard, _: Surroundings) -> Iterator[Problem]:
    """What is in a closed row has the place that it gets when that is opened: it is held against its own row only."""
    top = [Panel(data) for data in dashboard.data["panels"]]
    for panels in (top, *([Panel(data) for data in panel.data.get("panels", [])] for panel in top)):
        for one, other in combinations(panels, 2):
            if _overlap(one.data["gridPos"], other.data["gridPos"]):
                yield problem("panel-overlap-rule", dashboard, f'stands on "{other.title}"', one)


def _overlap(one: dict[str, int], other: dict[str, int]) -> bool:
    return all(
        one[start] < other[start] + other[size] and other[start] < one[start] + one[size]
        for start, size in (("x", "w"), ("y", "h"))
    )


RULES = {"panel-place-rule": in_the_grid, "panel-overlap-rule": apart}
