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
from stack.dataclass import dataclass
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


@dataclass(frozen=True)
class Names:
    """What the recorded series are called; those of a band are read by others, the rest by these rules alone."""

    centre: str = "anomaly:band_centre"
    width: str = "anomaly:band_width"
    deviation: str = "anomaly:standard_deviation"
    least: str = "anomaly:least_width"
    drift: str = "anomaly:drift"
    drift_width: str = "anomaly:drift_width"
    learned: str = "anomaly:learned"
    day: str = "anomaly:same_time_of_day"
    level: str = "anomaly:level"
    day_residual: str = "anomaly:same_time_of_day_residual"
    level_residual: str = "anomaly:level_residual"


SHIPPED = Names()


def band_rules(
    source: str, names: Names = SHIPPED, *, excluded: str | None = None, least: str | None = None
) -> list[Recording]:
    """The rules of one group, evaluated in this order every STEP seconds, for every series of the expression `source`.

    Nothing is learnt where the vector `excluded` has a value: its labels are those of the source, or it starts with its
    own `on (...)`. `least` is the smallest width, an expression with a value for every series; without one, a series
    that was always 0 has no band. A band begins twelve hours after its series.
    """
    day_known = f"{names.day} and {_known_for('1d', names.day_residual)}"
    level_known = f"{names.level} and {_known_for('6h', names.level_residual)}"
    furthest = (
        f"(max_over_time({names.day_residual}[{MEMORY}]) and {day_known}"
        f" or max_over_time({names.level_residual}[{MEMORY}]) and {level_known})"
    )
    floor = _larger(names.deviation, f"{RELATIVE} * abs({names.centre})")
    width = _larger(f"{BEYOND} * {furthest}", _larger(floor, names.least) if least else floor)
    return [
        Recording(names.level, f"avg_over_time({names.learned}[1d]) and {_known_for('6h', names.learned)}"),
        Recording(names.day, _same_time_of_day(names.learned)),
        Recording(names.centre, f"{day_known} or {level_known}"),
        *([Recording(names.least, least)] if least else []),
        Recording(names.deviation, f"stddev_over_time({names.learned}[{MEMORY}])"),
        Recording(names.width, f"{width} > 0 and {names.centre}"),
        Recording(names.learned, _learned(source, names, excluded)),
        Recording(names.level_residual, f"abs({names.learned} - {names.level})"),
        Recording(names.day_residual, f"abs({names.learned} - {names.day})"),
        Recording(names.drift_width, _drift_width(names, at_least=names.least if least else None)),
        Recording(names.drift, _drift(names)),
    ]


def distance(actual: str, names: Names = SHIPPED, direction: Direction = "both") -> str:
    """How far the vector `actual` is from the centre, in widths: 1 is the edge of the band; never negative.

    It can be evaluated at any moment: it reads the band that was recorded last, at most two steps ago. Only a deviation
    in the `direction` counts.
    """
    return _sided(f"({actual} - {_last(names.centre)})", _last(names.width), direction)


def drift_distance(names: Names = SHIPPED, direction: Direction = "both") -> str:
    """How far the mean of the last two hours is from what was expected of them, in widths of its own."""
    return _sided(_last(names.drift), _last(names.drift_width), direction)


def edge_of_band(names: Names = SHIPPED, *, direction: Literal["up", "down"]) -> str:
    """Where the band ends above, or below."""
    return f"{_last(names.centre)} {'+' if direction == 'up' else '-'} {_last(names.width)}"


def larger(one: str, other: str) -> str:
    """The larger of two vectors of the same series, either of which may lack some."""
    return f"({one}) >= ({other}) or ({other}) or ({one})"


def _sided(deviation: str, width: str, direction: Direction) -> str:
    if direction == "both":
        return f"abs({deviation}) / {width}"
    return f"clamp_min({'-1 * ' if direction == 'down' else ''}{deviation} / {width}, 0)"


def _last(series: str, ago: str = "") -> str:
    return f"last_over_time({series}[{format_duration(2 * STEP)}]{f' offset {ago}' if ago else ''})"


def _larger(one: str, other: str) -> str:
    """The larger of two vectors, of which the `other` has every series."""
    return f"(({one}) > ({other}) or ({other}))"


def _known_for(age: str, series: str) -> str:
    """Where the series was there in the day before `age` ago, whatever gaps it has had."""
    return f"present_over_time({series}[1d] offset {age})"


def _same_time_of_day(learned: str) -> str:
    first, second, third = (f"avg_over_time({learned}[{_AROUND}] offset {offset}m)" for offset in _TO_AROUND)
    return f"({first} + {second} + {third}) / 3\nor ({first} + {second}) / 2\nor {first}"


def _learned(source: str, names: Names, excluded: str | None) -> str:
    """The width of an hour ago, for one that grows with each value that it holds would soon hold anything."""
    width = f"({_last(names.width, BEFORE)} or {names.width})"
    clamped = f"{names.centre} + {width} * clamp((({source}) - {names.centre}) / {width}, -{CLAMP}, {CLAMP})"
    return f"({clamped}\nor ({source}))\nunless {excluded}" if excluded else f"{clamped}\nor ({source})"


def _drift(names: Names) -> str:
    mean = f"avg_over_time({names.learned}[{_HOURS}]) - avg_over_time({names.centre}[{_HOURS}])"
    return f"{mean} and {_known_for('2h', names.centre)}"


def _drift_width(names: Names, *, at_least: str | None) -> str:
    """Read before this step's drift is recorded, so that a drift is compared with the past alone."""
    up, down = f"max_over_time({names.drift}[{MEMORY}])", f"-min_over_time({names.drift}[{MEMORY}])"
    floor = _larger(names.deviation, at_least) if at_least else names.deviation
    return f"{_larger(f'{BEYOND} * {_larger(up, down)}', floor)} > 0 and {_known_for('1d', names.drift)}"
