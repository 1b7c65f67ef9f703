"""Series in the notation of promtool's unit tests: one value for each step of a grid, `_` where there is none."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from itertools import groupby

from prometheus.selector import quoted

STALE = None
"""In the place of a value: the series ends here, as when its target is gone."""

Point = tuple[float, float | None]


def series_notation(labels: Mapping[str, str]) -> str:
    """A series by all of its labels, its name among them."""
    return "{" + ",".join(f"{label}={quoted(value)}" for label, value in labels.items()) + "}"


def values_notation(points: Iterable[Point], step: float) -> str:
    """The points (seconds from the beginning, value) on a grid of `step` seconds.

    None is visible before its time: each is moved to the next step of the grid, and of several there the last is taken.
    """
    on_grid = {math.ceil(round(at / step, 6)): value for at, value in points}
    words: list[str] = []
    reached = 0
    for slot, value in sorted(on_grid.items()):
        if slot > reached:
            words.append(f"_x{slot - reached}" if slot - reached > 1 else "_")
        words.append("stale" if value is None else _number(value))
        reached = slot + 1
    return _repeated(words)


def _repeated(words: Iterable[str]) -> str:
    """The same number many times over is written once: promtool reads `5x3` as 5 and three more of it."""
    written = []
    for word, run in groupby(words):
        times = sum(1 for _ in run)
        if times > 2 and word[0] in "0123456789" and "x" not in word:
            written.append(f"{word}+0x{times - 1}")
        else:
            written.extend([word] * times)
    return " ".join(written)


def _number(value: float) -> str:
    if math.isfinite(value):
        return f"{value:.17g}" if value % 1 else f"{value:.0f}" if abs(value) < 1e15 else repr(value)
    return "NaN" if math.isnan(value) else "Inf" if value > 0 else "-Inf"
