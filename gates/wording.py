"""Numbers as people read them, never rounded into what they are not."""

from __future__ import annotations

from decimal import Decimal

from stack.quantity import format_duration, format_percent


def count(number: float) -> str:
    """A count of requests: `6,021`, and a fraction only where it is all there is."""
    return f"{number:,.0f}" if number >= 10 or abs(number - round(number)) < 1e-6 else f"{number:.1f}"


def percent(ratio: float, limit: float | None = None) -> str:
    """A ratio as a percentage with as many digits as it takes to tell it from `limit`: never `99.5% < 99.5%`."""
    for digits in range(4, 13):
        rounded = round(ratio, digits)
        if limit is None or rounded != limit or ratio == limit:
            break
    return format_percent(Decimal(f"{rounded:.12f}"))


def number(value: float, limit: float | None = None) -> str:
    """A number with three digits, or all before the point, or as many as it takes to tell it from `limit`."""
    for digits in range(max(3, min(15, len(f"{abs(value):.0f}"))), 18):
        words = f"{value + 0.0:.{digits}g}"  # and never -0
        if limit is None or value == limit or float(words) != limit:
            break
    return words


def length(seconds: float) -> str:
    """The length of a window: `10m` and `500ms` exactly, and `10m 14s` where it grew with the time that was waited."""
    grown = (seconds >= 120 and seconds % 60) or (seconds >= 10 and seconds % 1)
    return span(seconds) if grown else format_duration(seconds)


def span(seconds: float) -> str:
    """A length of time in its two largest units: `12m 5s`, `2d 3h`."""
    units = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))
    rest = round(seconds)
    parts = []
    for unit, size in units:
        if rest >= size:
            parts.append(f"{rest // size}{unit}")
            rest %= size
        elif parts:
            break
    return " ".join(parts[:2]) or "0s"
