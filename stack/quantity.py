"""Durations, percentages and counts as people write them: `300ms`, `30d`, `99.5%`, `3 rules`."""

from __future__ import annotations

import re
from decimal import Decimal

_SECONDS = {
    "ms": Decimal("0.001"),
    "s": Decimal(1),
    "m": Decimal(60),
    "h": Decimal(3600),
    "d": Decimal(86400),
    "w": Decimal(604800),
}
_DURATION = re.compile(r"(\d{1,12}(?:\.\d{1,6})?)(ms|s|m|h|d|w)", re.ASCII)
_PERCENT = re.compile(r"(\d{1,3}(?:\.\d{1,9})?) ?%?", re.ASCII)


class QuantityError(ValueError):
    """A quantity that cannot be read; the message says what would be right."""


def parse_duration(text: str) -> float:
    """Seconds in a duration like `300ms`, `1.5s`, `10m` or `30d`; raises QuantityError."""
    match = _DURATION.fullmatch(text)
    if not match:
        raise QuantityError(f'"{text}" is not a duration; write a number and a unit, such as 300ms, 10s, 5m, 1h or 30d')
    return float(Decimal(match[1]) * _SECONDS[match[2]])


def format_duration(seconds: float) -> str:
    """The shortest exact way to write a duration in one unit, as PromQL reads it too: `90s`, `1h`, `300ms`."""
    milliseconds = round(seconds * 1000)
    for unit in ("w", "d", "h", "m", "s"):
        size = int(_SECONDS[unit] * 1000)
        if milliseconds >= size and milliseconds % size == 0:
            return f"{milliseconds // size}{unit}"
    return f"{milliseconds}ms" if milliseconds else "0s"


def parse_percent(text: str) -> Decimal:
    """The exact ratio of a percentage from 0 to 100: `99.5%` and `99.5` are Decimal("0.995"); raises QuantityError."""
    match = _PERCENT.fullmatch(text)
    if not match:
        raise QuantityError(f'"{text}" is not a percentage; write it like 99.5%')
    percent = Decimal(match[1])
    if percent > 100:
        raise QuantityError(f'"{text}" is more than 100%')
    if 0 < percent < 1 and not text.endswith("%"):
        raise QuantityError(f'"{text}" looks like a ratio; write it as a percentage, {format_percent(percent)}')
    return percent / 100


def format_percent(ratio: Decimal | float) -> str:
    """A ratio as a percentage without trailing zeros: 0.995 is `99.5%`."""
    percent = f"{Decimal(str(ratio)) * 100:f}"
    return (percent.rstrip("0").rstrip(".") if "." in percent else percent) + "%"


def format_count(number: int, noun: str) -> str:
    """How many there are of something whose plural takes an s: `1 rule`, `3 rules`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
