"""What a panel asks of Prometheus."""

from __future__ import annotations

import re
from collections.abc import Sequence
from string import ascii_uppercase
from typing import Any

from grafanalib.core import TIME_SERIES_TARGET_FORMAT, Target

from stack.dataclass import dataclass

DATA_SOURCE = "${datasource}"


@dataclass(frozen=True)
class Style:
    """How the series of one query are drawn, where that differs from the panel's own way."""

    colour: str | None = None
    dashed: bool = False
    width: int | None = None
    fill: int | None = None
    fill_below_to: str | None = None
    points: bool = False
    right_axis: bool = False
    unit: str | None = None
    hidden_in_legend: bool = False


@dataclass(frozen=True)
class Query:
    """One PromQL expression; `legend` names its series, with labels in double braces."""

    expr: str
    legend: str = ""
    style: Style | None = None


HEATMAP_FORMAT = "heatmap"
"""The data source takes each bucket of a histogram less the one below it."""


def targets(queries: Sequence[Query], *, instant: bool = False, form: str = TIME_SERIES_TARGET_FORMAT) -> list[Any]:
    """The queries as grafanalib's targets, named A, B, C by their place; `form` is one of Grafana's formats."""
    return [
        Target(
            expr=_one_line(query.expr),
            legendFormat=query.legend,
            refId=ref_id(place),
            instant=instant,
            format=form,
            datasource=DATA_SOURCE,
        )
        for place, query in enumerate(queries)
    ]


def ref_id(place: int) -> str:
    """A for the first query of a panel, B for the second."""
    return ascii_uppercase[place]


def _one_line(expr: str) -> str:
    return re.sub(r"\s*\n\s*", " ", expr.strip())
