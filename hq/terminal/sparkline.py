"""A row of bars: how a value went."""

from __future__ import annotations

from collections.abc import Sequence

BARS = "▁▂▃▄▅▆▇█"
ASCII_BARS = "_.:-=+*#"


def sparkline(points: Sequence[float | None], width: int, top: float, bars: str = BARS) -> str:
    """The last `width` points as bars, from 0 to `top` and cut off there, the newest at the right.

    A point that is missing is a gap.
    """
    shown = "".join(_bar(point, top, bars) for point in points[max(0, len(points) - width) :])
    return shown.rjust(width) if width > 0 else ""


def highest(points: Sequence[float | None], least: float = 0.0) -> float:
    """The highest point, and at least `least`: noise far below it is to look flat."""
    return max(least, *(point for point in points if point is not None), 0.0) or 1.0


def _bar(point: float | None, top: float, bars: str) -> str:
    if point is None:
        return " "
    share = min(1.0, max(0.0, point / top)) if top > 0 else 0.0
    return bars[round(share * (len(bars) - 1))]
