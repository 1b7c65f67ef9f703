"""A band around what is usual for each series, by its own past: the same few rules for every series.

What is expected now is the mean of the same time of day on the last three days; until a day of that has proved itself,
the mean of the last day. How far from it is still usual is 5 % more than the furthest of the past seven days, and never
less than one standard deviation, so that neither a quantised, a flat nor a heavy-tailed series cries wolf. What goes
beyond is learnt as twice the width of an hour ago at most (winsorised): an incident of less than an hour doubles the
band at most, and does not hide a worse one, yet a new level that lasts is learnt within hours. A lasting shift that is
too small for that shows in the mean of two hours, which has a width of its own.
"""

from __future__ import annotations

from typing import Literal

from prometheus.rule import Recording
from stack.quantity import format_duration

Direction = Literal["up", "down", "both"]

STEP = 300.0
MEMORY = "7d"
BEYOND = "1.05"
"""How many times the furthest deviation of the past is the width."""
CLAMP = "2"
"""How many widths, as they were BEFORE, from the centre a value is learnt as, at most."""
BEFORE = "1h"
RELATIVE = "0.01"
"""The share of the centre that the width is at least: arithmetic alone moves a constant series by something."""

# Two hours around the same time of day. The ends lie between the samples of whole minutes: 2.42 counts a sample on the
# left end, 3.x does not.
_AROUND, _TO_AROUND = "122m", (1379, 2819, 4259)
_HOURS = "122m"

CENTRE, WIDTH = "anomaly:band_centre", "anomaly:band_width"
LEARNED = "anomaly:learned"
DRIFT, DRIFT_WIDTH = "anomaly:drift", "anomaly:drift_width"
DEVIATION, LEAST_WIDTH = "anomaly:standard_deviation", "anomaly:least_width"
SAME_TIME, SAME_TIME_RESIDUAL = "anomaly:same_time_of_day", "anomaly:same_time_of_day_residual"
LEVEL, LEVEL_RESIDUAL = "anomaly:level", "anomaly:level_residual"
"""What the recorded series are called; others read those of a band, the rest are for these rules alone."""


def band_rules(source: str, *, excluded: str | None = None, least: str | None = None) -> list[Recording]:
    """The rules of one group, evaluated in this order every STEP seconds, for every series of the expression `source`.

    Nothing is learnt where the vector `excluded` has a value: its labels are those of the source, or it starts with its
    own `on (...)`. `least` is the smallest width, an expression with a value for every series; without one, a series
    that was always 0 has no band. A band begins twelve hours after its series.
    """
    day_known = f"{SAME_TIME} and {_known_for('1d', SAME_TIME_RESIDUAL)}"
    level_known = f"{LEVEL} and {_known_for('6h', LEVEL_RESIDUAL)}"
    furthest = (
        f"(max_over_time({SAME_TIME_RESIDUAL}[{MEMORY}]) and {day_known}"
        f" or max_over_time({LEVEL_RESIDUAL}[{MEMORY}]) and {level_known})"
    )
    floor = _at_least(DEVIATION, f"{RELATIVE} * abs({CENTRE})")
    width = _at_least(f"{BEYOND} * {furthest}", _at_least(floor, LEAST_WIDTH) if least else floor)
    return [
        Recording(LEVEL, f"avg_over_time({LEARNED}[1d]) and {_known_for('6h', LEARNED)}"),
        Recording(SAME_TIME, _same_time_of_day(LEARNED)),
        Recording(CENTRE, f"{day_known} or {level_known}"),
        *([Recording(LEAST_WIDTH, least)] if least else []),
        Recording(DEVIATION, f"stddev_over_time({LEARNED}[{MEMORY}])"),
        Recording(WIDTH, f"{width} > 0 and {CENTRE}"),
        Recording(LEARNED, _learned(source, excluded)),
        Recording(LEVEL_RESIDUAL, f"abs({LEARNED} - {LEVEL})"),
        Recording(SAME_TIME_RESIDUAL, f"abs({LEARNED} - {SAME_TIME})"),
        Recording(DRIFT_WIDTH, _drift_width(at_least=LEAST_WIDTH if least else None)),
        Recording(DRIFT, _drift()),
    ]


def distance(actual: str, direction: Direction = "both") -> str:
    """How far the vector `actual` is from the centre, in widths: 1 is the edge of the band; never negative.

    It can be evaluated at any moment: it reads the band that was recorded last, at most two steps ago. Only a deviation
    in the `direction` counts.
    """
    return _sided(f"({actual} - {_last(CENTRE)})", _last(WIDTH), direction)


def drift_distance(direction: Direction = "both") -> str:
    """How far the mean of the last two hours is from what was expected of them, in widths of its own."""
    return _sided(_last(DRIFT), _last(DRIFT_WIDTH), direction)


def edge_of_band(direction: Literal["up", "down"]) -> str:
    """Where the band ends above, or below."""
    return f"{_last(CENTRE)} {'+' if direction == 'up' else '-'} {_last(WIDTH)}"


def larger(one: str, other: str) -> str:
    """The larger of two vectors of the same series, either of which may lack some."""
    return f"({one}) >= ({other}) or ({other}) or ({one})"


def _sided(deviation: str, width: str, direction: Direction) -> str:
    if direction == "both":
        return f"abs({deviation}) / {width}"
    return f"clamp_min({'-1 * ' if direction == 'down' else ''}{deviation} / {width}, 0)"


def _last(series: str, ago: str = "") -> str:
    return f"last_over_time({series}[{format_duration(2 * STEP)}]{f' offset {ago}' if ago else ''})"


def _at_least(one: str, floor: str) -> str:
    """`one`, or the `floor` where that is larger or the only one; the floor has every series."""
    return f"(({one}) > ({floor}) or ({floor}))"


def _known_for(age: str, series: str) -> str:
    """Where the series was there in the day before `age` ago, whatever gaps it has had."""
    return f"present_over_time({series}[1d] offset {age})"


def _same_time_of_day(learned: str) -> str:
    first, second, third = (f"avg_over_time({learned}[{_AROUND}] offset {offset}m)" for offset in _TO_AROUND)
    return f"({first} + {second} + {third}) / 3\nor ({first} + {second}) / 2\nor {first}"


def _learned(source: str, excluded: str | None) -> str:
    """The width of an hour ago, for one that grows with each value that it holds would soon hold anything."""
    width = f"({_last(WIDTH, BEFORE)} or {WIDTH})"
    clamped = f"{CENTRE} + {width} * clamp((({source}) - {CENTRE}) / {width}, -{CLAMP}, {CLAMP})"
    return f"({clamped}\nor ({source}))\nunless {excluded}" if excluded else f"{clamped}\nor ({source})"


def _drift() -> str:
    mean = f"avg_over_time({LEARNED}[{_HOURS}]) - avg_over_time({CENTRE}[{_HOURS}])"
    return f"{mean} and {_known_for('2h', CENTRE)}"


def _drift_width(*, at_least: str | None) -> str:
    """Read before this step's drift is recorded, so that a drift is compared with the past alone."""
    up, down = f"max_over_time({DRIFT}[{MEMORY}])", f"-min_over_time({DRIFT}[{MEMORY}])"
    floor = _at_least(DEVIATION, at_least) if at_least else DEVIATION
    return f"{_at_least(f'{BEYOND} * {_at_least(up, down)}', floor)} > 0 and {_known_for('1d', DRIFT)}"
