"""What a reader chooses at the top of a dashboard."""

from __future__ import annotations

from typing import Any

from grafanalib.core import Template

from grafana.query import DATA_SOURCE

Variable = Any  # grafanalib's Template

ON_TIME_RANGE_CHANGE = 2


def data_source() -> Variable:
    """Which Prometheus is asked."""
    return Template(name="datasource", label="Data source", type="datasource", query="prometheus", refresh=1)


def label_values(name: str, label: str, series: str, of: str, *, several: bool = True) -> Variable:
    """The values that the label `of` has in the `series` of the time range; `several` can be chosen, or all."""
    return Template(
        name=name,
        label=label,
        type="query",
        query=f"label_values({series}, {of})",
        dataSource=DATA_SOURCE,
        multi=several,
        includeAll=several,
        allValue=".+" if several else None,
        refresh=ON_TIME_RANGE_CHANGE,
        sort=1,
    )
