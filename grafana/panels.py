"""The kinds of panels, a factory each. Title, description and unit are not left out: there is no default for them.

Widths are in columns, of which a dashboard has 24, heights in Grafana's rows of 30 pixels. Where nothing is known a
panel says so, in grey: the lowest step of every scale is UNKNOWN.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from grafanalib import core

from grafana.colours import UNKNOWN, Step, Word
from grafana.columns import Column, column_overrides, transformations
from grafana.fields import mappings, scale
from grafana.heatmap import HeatmapPanel
from grafana.query import DATA_SOURCE, HEATMAP_FORMAT, Query, Style, ref_id, targets

Panel = Any  # one of grafanalib's, which has no types
Place = Any  # its GridPos

NO_DATA = "no data"

ON_ONE_PAGE = 100
"""Rows of a state timeline; Grafana's own 20 would hide members of a large pool."""


def stat(
    title: str,
    description: str,
    queries: Sequence[Query],
    *,
    unit: str,
    steps: Sequence[Step],
    words: Sequence[Word] = (),
    decimals: int | None = None,
    named: bool = False,
    no_value: str = NO_DATA,
    links: Sequence[Any] = (),
    width: int = 3,
    height: int = 4,
) -> Panel:
    """The latest value of each series, large; with `named`, its name beside it."""
    return core.Stat(
        title=title,
        description=description,
        dataSource=DATA_SOURCE,
        targets=targets(queries, instant=True),
        format=unit,
        decimals=decimals,
        mappings=mappings(words),
        noValue=no_value,
        reduceCalc="lastNotNull",
        colorMode="background",
        graphMode="none",
        alignment="center",
        textMode="value_and_name" if named else "value",
        thresholds=scale(steps),
        color={"mode": "thresholds"},
        extraJson={"options": {"wideLayout": True, "showPercentChange": False}},
        links=list(links),
        maxDataPoints=None,
        gridPos=size(width, height),
    )


def timeseries(
    title: str,
    description: str,
    queries: Sequence[Query],
    *,
    unit: str,
    steps: Sequence[Step] = (),
    minimum: float | None = None,
    maximum: float | None = None,
    stacked: bool = False,
    calcs: Sequence[str] = ("lastNotNull", "max"),
    links: Sequence[Any] = (),
    width: int = 8,
    height: int = 8,
) -> Panel:
    """Lines over time; `steps` are drawn as dashed thresholds, `links` open from a point."""
    return core.TimeSeries(
        title=title,
        description=description,
        dataSource=DATA_SOURCE,
        targets=targets(queries),
        unit=unit,
        valueMin=minimum,
        valueMax=maximum,
        fillOpacity=40 if stacked else 0,
        lineWidth=2,
        showPoints="auto",  # a sample with none beside it makes no line
        stacking={"mode": "normal" if stacked else "none", "group": "A"},
        overrides=[one for place, query in enumerate(queries) for one in _styled(ref_id(place), query.style)],
        legendDisplayMode="table",
        legendCalcs=list(calcs),
        tooltipMode="multi",
        tooltipSort="desc",
        thresholds=scale(steps),
        thresholdsStyleMode="dashed" if steps else "off",
        extraJson={
            "options": {"legend": {"showLegend": True}},
            "fieldConfig": {"defaults": {"noValue": NO_DATA, "links": list(links)}},
        },
        maxDataPoints=None,
        gridPos=size(width, height),
    )


def state_timeline(
    title: str,
    description: str,
    queries: Sequence[Query],
    *,
    unit: str,
    steps: Sequence[Step],
    words: Sequence[Word] = (),
    decimals: int | None = None,
    links: Sequence[Any] = (),
    width: int = 12,
    height: int = 7,
) -> Panel:
    """A bar for each series, coloured by its value over time: by `steps`, or by `words` alone where there are some.

    Grafana merges by the steps when it colours by them, and then writes no words.
    """
    colour = {"mode": "fixed", "fixedColor": UNKNOWN} if words else {"mode": "thresholds"}
    return core.StateTimeline(
        title=title,
        description=description,
        dataSource=DATA_SOURCE,
        targets=targets(queries),
        mappings=mappings(words),
        thresholds=scale(steps),
        showValue="auto",
        rowHeight=0.8,
        extraJson={
            "options": {
                "legend": {"showLegend": False},
                "tooltip": {"mode": "single", "sort": "none"},
                "perPage": ON_ONE_PAGE,
            },
            "fieldConfig": {
                "defaults": {
                    "unit": unit,
                    "noValue": NO_DATA,
                    "color": colour,
                    "links": list(links),
                    **({} if decimals is None else {"decimals": decimals}),
                }
            },
        },
        maxDataPoints=None,
        gridPos=size(width, height),
    )


def table(
    title: str,
    description: str,
    queries: Sequence[Query],
    columns: Sequence[Column],
    *,
    unit: str = "short",
    sort_by: str | None = None,
    width: int = 24,
    height: int = 7,
) -> Panel:
    """What the queries have now, merged into one row for each combination of labels; the `columns` in their order."""
    return core.Table(
        title=title,
        description=description,
        dataSource=DATA_SOURCE,
        targets=targets(queries, instant=True, form=core.TABLE_TARGET_FORMAT),
        unit=unit,
        overrides=column_overrides(columns),
        transformations=transformations(columns, len(queries)),
        sortBy=[core.TableSortByField(sort_by, desc=True)] if sort_by else [],
        thresholds=scale(()),
        extraJson={
            "options": {"cellHeight": "sm", "footer": {"show": False, "reducer": ["sum"], "countRows": False}},
            "fieldConfig": {"defaults": {"noValue": "\N{EN DASH}"}},
        },
        maxDataPoints=None,
        gridPos=size(width, height),
    )


def heatmap(
    title: str,
    description: str,
    queries: Sequence[Query],
    *,
    unit: str,
    width: int = 12,
    height: int = 8,
) -> Panel:
    """How many requests fell into each bucket of a histogram over time; each query gives one series for each `le`."""
    return HeatmapPanel(
        title=title,
        description=description,
        dataSource=DATA_SOURCE,
        targets=targets(queries, form=HEATMAP_FORMAT),
        extraJson={"options": {"yAxis": {"unit": unit}}},
        maxDataPoints=None,
        gridPos=size(width, height),
    )


def text(title: str, description: str, markdown: str, *, width: int = 24, height: int = 3) -> Panel:
    """Words."""
    return core.Text(
        title=title, description=description, content=markdown, maxDataPoints=None, gridPos=size(width, height)
    )


def size(width: int, height: int) -> Place:
    """A place in the grid that has no position yet; grafana/layout.py gives it one."""
    return core.GridPos(h=height, w=width, x=0, y=0)


def link(title: str, url: str) -> dict[str, Any]:
    """A data link: opens from a point, a bar or a cell, with the variables of Grafana's data links in its URL."""
    return {"title": title, "url": url}


def _styled(ref: str, style: Style | None) -> list[dict[str, Any]]:
    if style is None:
        return []
    wanted: list[tuple[str, Any]] = [
        ("color", style.colour and {"mode": "fixed", "fixedColor": style.colour}),
        ("custom.lineStyle", {"fill": "dash", "dash": [10, 10]} if style.dashed else None),
        ("custom.lineWidth", style.width),
        ("custom.fillOpacity", style.fill),
        ("custom.fillBelowTo", style.fill_below_to),
        ("custom.drawStyle", "points" if style.points else None),
        ("custom.pointSize", 6 if style.points else None),
        ("custom.showPoints", "always" if style.points else "never" if style.width == 0 else None),
        ("custom.axisPlacement", "right" if style.right_axis else None),
        ("unit", style.unit),
        ("custom.hideFrom", {"legend": True, "tooltip": False, "viz": False} if style.hidden_in_legend else None),
    ]
    properties = [{"id": name, "value": value} for name, value in wanted if value is not None]
    return [{"matcher": {"id": "byFrameRefID", "options": ref}, "properties": properties}]
