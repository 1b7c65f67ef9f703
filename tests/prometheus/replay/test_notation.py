"""Series as promtool reads them."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from prometheus.replay.notation import STALE, series_notation, values_notation

SLOTS = st.dictionaries(st.integers(0, 60), st.one_of(st.none(), st.floats(allow_nan=False), st.integers(0, 2)))


def read(text: str) -> dict[int, float | None]:
    """Values by their place in the series, as the documentation of promtool defines the notation."""
    values: list[float | str | None] = []
    for word in text.split():
        if found := re.fullmatch(r"_(?:x(\d+))?", word):
            values += ["_"] * int(found[1] or 1)
        elif word == "stale":
            values.append(None)
        elif found := re.fullmatch(r"(.+)\+0x(\d+)", word):
            values += [float(found[1])] * (int(found[2]) + 1)
        else:
            values.append(float(word))
    return {slot: value for slot, value in enumerate(values) if not isinstance(value, str)}


@given(SLOTS)
def test_the_values_lie_where_they_were(slots: dict[int, float | None]) -> None:
    points = [(slot * 0.2, value) for slot, value in sorted(slots.items())]
    assert read(values_notation(points, 0.2)) == slots


def test_gaps_ends_and_repetition() -> None:
    points = [(0, 1.0), (1, 1.0), (2, 1.0), (3, STALE), (8, 1.5), (9.2, 2.0), (10, float("nan")), (11, float("-inf"))]
    assert values_notation(points, 1) == "1+0x2 stale _x4 1.5 _ NaN -Inf"


def test_a_value_is_not_visible_before_its_time() -> None:
    assert values_notation([(0.1, 1.0)], 1) == "_ 1"


def test_labels_cannot_leave_their_quotes() -> None:
    assert series_notation({"__name__": "up", "job": 'a"}\n'}) == '{__name__="up",job="a\\"}\\n"}'
