"""Where panels stand: from left to right, in lines of 24 columns, under the headings of their sections."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import attr
from grafanalib.core import GridPos, RowPanel

from grafana.panels import Panel, Place
from stack.dataclass import dataclass

COLUMNS = 24


@dataclass(frozen=True)
class Section:
    """Panels under one heading, which hides them until it is opened when it is `collapsed`; "" for no heading."""

    title: str
    panels: Sequence[Panel]
    collapsed: bool = False


def arranged(sections: Iterable[Section]) -> list[Any]:
    """The panels of a dashboard in their places.

    What is in a collapsed section takes no room: Grafana moves what is below when it opens it.
    """
    arranged: list[Any] = []
    y = 0
    for section in sections:
        if section.title:
            row = RowPanel(title=section.title, collapsed=section.collapsed, gridPos=_at(COLUMNS, 1, 0, y))
            y += 1
        placed, below = _flowed(section.panels, y)
        if section.title and section.collapsed:
            arranged.append(attr.evolve(row, panels=placed))
        else:
            arranged += [*([row] if section.title else []), *placed]
            y = below
    return arranged


def _flowed(panels: Iterable[Panel], y: int) -> tuple[list[Panel], int]:
    """The panels from `y` on, a new line where one does not fit, and the first free y below them."""
    placed = []
    x = line = 0
    for panel in panels:
        width, height = panel.gridPos.w, panel.gridPos.h
        if x + width > COLUMNS:
            x, y, line = 0, y + line, 0
        placed.append(attr.evolve(panel, gridPos=_at(width, height, x, y)))
        x, line = x + width, max(line, height)
    return placed, y + line


def _at(width: int, height: int, x: int, y: int) -> Place:
    return GridPos(h=height, w=width, x=x, y=y)
