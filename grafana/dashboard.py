"""A whole dashboard: panels, variables, annotations and links, as the JSON that Grafana provisions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from grafanalib._gen import DashboardEncoder
from grafanalib.core import Annotations, Dashboard, DashboardLink, Templating, Time, TimePicker

from grafana.annotations import Annotation
from grafana.layout import Section, arranged
from grafana.normalise import normalised
from grafana.variables import Variable
from stack.dataclass import dataclass

Link = Any  # grafanalib's DashboardLink

TAG = "dev-hq"


@dataclass(frozen=True)
class Board:
    """One dashboard; `uid` is what URLs name it by, and never changes. `since` is how far back it looks.

    The menu of the others takes the variables along unless `alone`: where one can choose all or several of what
    another dashboard shows one of, Grafana would make that one show nothing.
    """

    uid: str
    title: str
    description: str
    sections: Sequence[Section]
    variables: Sequence[Variable]
    annotations: Sequence[Annotation] = ()
    since: str = "now-1h"
    refresh: str = "30s"
    alone: bool = False


def dashboard_data(board: Board) -> dict[str, Any]:
    """The dashboard as JSON data of Grafana's schema 42."""
    dashboard = Dashboard(
        uid=board.uid,
        title=board.title,
        description=board.description,
        tags=[TAG],
        panels=arranged(board.sections),
        templating=Templating(list=list(board.variables)),
        annotations=Annotations(list=list(board.annotations)),
        links=[_to_the_others(takes_along=not board.alone)],
        time=Time(board.since, "now"),
        timePicker=TimePicker(["5s", "10s", "30s", "1m", "5m"], []),
        refresh=board.refresh,
        graphTooltip=1,  # the crosshair is on all panels
        editable=False,
        timezone="browser",
    ).auto_panel_ids()
    return normalised(json.loads(json.dumps(dashboard, cls=DashboardEncoder)))


def dashboard_text(board: Board) -> str:
    """The file: the same for the same board, whenever and wherever it is written."""
    return json.dumps(dashboard_data(board), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _to_the_others(*, takes_along: bool) -> Link:
    return DashboardLink(
        title="dev-hq", type="dashboards", tags=[TAG], asDropdown=True, includeVars=takes_along, keepTime=True
    )
