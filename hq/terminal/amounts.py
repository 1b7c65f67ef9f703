"""Numbers for people, in so few characters that columns stay where they are."""

from __future__ import annotations

UNKNOWN = "?"


def percent(ratio: float | None) -> str:
    """At most six characters, such as 34.2%, while it is between -1000% and 10000%."""
    if ratio is None:
        return UNKNOWN
    value = ratio * 100
    return f"{value:.1f}%" if abs(value) < 99.95 else f"{value:.0f}%"


def budget_left(ratio: float | None) -> str:
    """A percentage of which a sliver never looks like all, nor like nothing."""
    if ratio is not None and 0.9995 <= ratio < 1:
        return "99.9%"
    return percent(ratio)


def per_second(rate: float | None) -> str:
    """At most seven characters, such as 50.1/s or 12.3k/s, below a billion a second."""
    if rate is None:
        return UNKNOWN
    if rate == 0:
        return "0/s"
    for unit in ("", "k", "M"):
        if rate < 999.5 or unit == "M":
            digits = 2 if rate < 9.995 else 1 if rate < 99.95 else 0
            return f"{rate:.{digits}f}{unit}/s"
        rate /= 1000
    raise AssertionError("unreachable")


def seconds(duration: float | None) -> str:
    """At most six characters, such as 412ms or 1.23s, below a thousand hours."""
    if duration is None:
        return UNKNOWN
    if duration < 0.9995:
        return f"{duration * 1000:.0f}ms"
    if duration < 59.95:
        return f"{duration:.2f}s" if duration < 9.995 else f"{duration:.1f}s"
    return age(duration)


def age(duration: float) -> str:
    """How long something has been: 41s, 1m12s, 3h05m, 12d03h."""
    whole = max(0, int(duration))
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02}s"
    if whole < 86400:
        return f"{whole // 3600}h{whole % 3600 // 60:02}m"
    days = whole // 86400
    return f"{days}d{whole % 86400 // 3600:02}h" if days < 100 else f"{days}d"


def span(duration: float) -> str:
    """How far something reaches back, in minutes where it is whole ones: 2m, 3m45s."""
    return age(duration).removesuffix("00s")
