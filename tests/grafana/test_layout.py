"""Where panels stand, whatever their sizes."""

from __future__ import annotations

from itertools import combinations
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from grafana.colours import NEUTRAL_STEPS
from grafana.layout import COLUMNS, Section, arranged
from grafana.panels import Panel, stat
from grafana.query import Query

Sizes = list[tuple[int, int]]
SIZES = st.lists(st.tuples(st.integers(1, COLUMNS), st.integers(1, 12)), max_size=12)
SECTIONS = st.lists(st.tuples(st.sampled_from(["", "Signals"]), SIZES, st.booleans()), max_size=4)


def panel(name: str, width: int, height: int) -> Panel:
    return stat(name, "It shows.", [Query("up")], unit="none", steps=NEUTRAL_STEPS, width=width, height=height)


def sections(sizes: list[tuple[str, Sizes, bool]]) -> list[Section]:
    return [
        Section(title, [panel(f"{number}.{place}", *size) for place, size in enumerate(some)], collapsed)
        for number, (title, some, collapsed) in enumerate(sizes)
    ]


def place(one: Any) -> tuple[int, int, int, int]:
    at = one.gridPos
    return at.x, at.y, at.w, at.h


def overlap(one: Any, other: Any) -> bool:
    (x, y, w, h), (x2, y2, w2, h2) = place(one), place(other)
    return x < x2 + w2 and x2 < x + w and y < y2 + h2 and y2 < y + h


@given(SECTIONS)
def test_no_panel_stands_on_another_or_outside_the_grid(sizes: list[tuple[str, Sizes, bool]]) -> None:
    top = arranged(sections(sizes))
    inside = [one.panels for one in top if getattr(one, "collapsed", False)]
    for together in (top, *inside):
        for one, other in combinations(together, 2):
            assert not overlap(one, other), (one.title, other.title)
        for one in together:
            x, y, w, _ = place(one)
            assert min(x, y) >= 0
            assert x + w <= COLUMNS


@given(SECTIONS)
def test_every_panel_is_there_once_in_its_size_and_order(sizes: list[tuple[str, Sizes, bool]]) -> None:
    every = [inner for one in arranged(sections(sizes)) for inner in (one, *(getattr(one, "panels", None) or ()))]
    panels = [one for one in every if hasattr(one, "reduceCalc")]
    wanted = [(one.title, one.gridPos.w, one.gridPos.h) for section in sections(sizes) for one in section.panels]
    assert [(one.title, one.gridPos.w, one.gridPos.h) for one in panels] == wanted


@given(SECTIONS)
def test_what_comes_later_never_stands_higher(sizes: list[tuple[str, Sizes, bool]]) -> None:
    ys = [one.gridPos.y for one in arranged(sections(sizes))]
    assert ys == sorted(ys)


def test_panels_flow_into_lines() -> None:
    placed = arranged([Section("", [panel("a", 12, 4), panel("b", 12, 6), panel("c", 1, 2), panel("d", 24, 1)])])
    assert [place(one) for one in placed] == [(0, 0, 12, 4), (12, 0, 12, 6), (0, 6, 1, 2), (0, 8, 24, 1)]


def test_a_collapsed_section_takes_no_room_but_that_of_its_heading() -> None:
    row, after = arranged([Section("Runs", [panel("a", 8, 9)], collapsed=True), Section("", [panel("b", 8, 4)])])
    assert [place(one) for one in (row, *row.panels, after)] == [(0, 0, 24, 1), (0, 1, 8, 9), (0, 1, 8, 4)]
