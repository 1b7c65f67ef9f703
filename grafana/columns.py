"""The columns of a table: which label or value they show, and how."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from grafana.colours import Step, Word
from grafana.fields import captioned, mappings, scale
from grafana.query import ref_id
from stack.dataclass import dataclass

LABEL = "string"
"""The unit of a label. Without one of its own it has the table's, by which Grafana writes 007 as 7 and 2048 as 2.05 K,
in links too.
"""


@dataclass(frozen=True)
class Column:
    """One column: `of` is a label, or the letter of the query whose value it shows.

    `cell` is one of Grafana's kinds of cells; `links` are data links. With a `caption` every cell that has a value says
    that in its place, such as "open" for an address; with `wrap` a cell has as many lines as its text needs.
    """

    of: str
    title: str
    unit: str | None = None
    decimals: int | None = None
    steps: tuple[Step, ...] = ()
    words: tuple[Word, ...] = ()
    cell: str | None = None
    width: int | None = None
    minimum: float | None = None
    maximum: float | None = None
    links: tuple[Mapping[str, Any], ...] = ()
    hidden: bool = False
    caption: str = ""
    wrap: bool = False

    @property
    def is_value(self) -> bool:
        return len(self.of) == 1 and self.of.isupper()


def transformations(columns: Sequence[Column], queries: int) -> list[dict[str, Any]]:
    """Merges what the queries gave, keeps what has a column, in the order of the columns, under their titles."""
    names = [field_name(column, queries) for column in columns]
    return [
        {"id": "merge", "options": {}},
        {"id": "filterFieldsByName", "options": {"include": {"names": names}}},
        {
            "id": "organize",
            "options": {
                "excludeByName": {},
                "indexByName": {name: place for place, name in enumerate(names)},
                "renameByName": {name: column.title for name, column in zip(names, columns, strict=True)},
            },
        },
    ]


def field_name(column: Column, queries: int) -> str:
    """What Grafana calls the column before it has its title: a value by its query, when there are several.

    Several that answer: where only one of them has a series, its value is called Value. Let the rows be told by labels.
    Raises ValueError for a query that is not there.
    """
    if not column.is_value:
        return column.of
    if column.of > ref_id(queries - 1):
        raise ValueError(f'the column "{column.title}" shows query {column.of}, and there are {queries}')
    return f"Value #{column.of}" if queries > 1 else "Value"


def column_overrides(columns: Sequence[Column]) -> list[dict[str, Any]]:
    """How each column differs from the table's own way."""
    overrides = []
    for column in columns:
        wanted: list[tuple[str, Any]] = [
            ("unit", column.unit or (None if column.is_value else LABEL)),
            ("decimals", column.decimals),
            ("min", column.minimum),
            ("max", column.maximum),
            ("thresholds", {"mode": "absolute", "steps": scale(column.steps)} if column.steps else None),
            ("color", {"mode": "thresholds"} if column.steps else None),
            ("mappings", (captioned(column.caption) if column.caption else mappings(column.words)) or None),
            ("custom.cellOptions", _cell(column)),
            ("custom.wrapText", column.wrap or None),  # since Grafana 12.2, before it in the options of the cell
            ("custom.width", column.width),
            ("custom.hidden", column.hidden or None),  # up to Grafana 12.1
            ("custom.hideFrom.viz", column.hidden or None),  # since
            ("links", [dict(link) for link in column.links] or None),
        ]
        properties = [{"id": name, "value": value} for name, value in wanted if value is not None]
        if properties:
            overrides.append({"matcher": {"id": "byName", "options": column.title}, "properties": properties})
    return overrides


def _cell(column: Column) -> dict[str, Any] | None:
    if not column.cell and not column.wrap:
        return None
    return {"type": column.cell or "auto", **({"wrapText": True} if column.wrap else {})}
