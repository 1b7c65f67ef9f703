"""The limits of a gate as people write them: windows, confidences, shares, factors, and a warning before each."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal

from gates.checklist import too_short
from gates.conditions.promql import Limit
from stack.document import Value
from stack.model import LONGEST_GATE_WINDOW
from stack.quantity import format_percent

_LOWEST_CONFIDENCE, _HIGHEST_CONFIDENCE = Decimal("0.5"), Decimal("0.999999")


def read_window(value: Value, scrape_interval: float) -> float:
    """A window in seconds, long enough to count in."""
    seconds = value.duration(high=LONGEST_GATE_WINDOW)
    if problem := too_short(value.path, seconds, scrape_interval):
        raise value.error(problem)
    return seconds


def read_confidence(value: Value) -> float:
    """A confidence as a ratio, written as one, 0.95, or as 95%."""
    text = value.text()
    ratio = Decimal(text) if re.fullmatch(r"[01]?\.\d{1,9}|[01]", text, re.ASCII) else value.percent()
    if not _LOWEST_CONFIDENCE <= ratio <= _HIGHEST_CONFIDENCE:
        raise value.error(f'{value.path} must lie between 50% and 99.9999%, not "{text}"; 95% is usual')
    return float(ratio)


def read_margin(value: Value) -> Decimal:
    """How much larger the share of bad requests may be, as a ratio."""
    text = value.text()
    if re.fullmatch(r"0?\.\d+", text, re.ASCII) and Decimal(text):
        raise value.error(f'{value.path}: "{text}" can be {text}% or {format_percent(Decimal(text))}; write the %')
    ratio = value.percent()
    if ratio >= 1:
        raise value.error(f"{value.path} must be less than 100%, which everything is within")
    return ratio


def read_factor(value: Value) -> Decimal:
    """How many times something may be something else."""
    return value.number(Decimal("0.01"), Decimal(1000000))


def read_at_least(value: Value) -> Decimal:
    """A share of the budget, written like `>= 10%`."""
    match = re.fullmatch(r">=\s*(.+)", value.text().strip(), re.DOTALL)
    if not match:
        raise value.error(f'{value.path} must be a limit such as ">= 10%", not "{value.text()}"')
    ratio = value.saying(match[1]).percent()
    if ratio == 1:
        raise value.error(f"{value.path}: all of the budget is left only where nothing ever fails; demand less")
    return ratio


def read_limit(value: Value) -> Limit:
    """What a number is held against, written like `< 100`."""
    try:
        return Limit.parse(value.text())
    except ValueError as error:
        raise value.error(f'{value.path}: "{value.text()}" {error}') from None


def is_stricter(warns: Limit, passes: Limit) -> bool:
    """Whether `warns` lies within `passes`, on the same side."""
    if warns.operator[0] != passes.operator[0] or warns.operator[0] not in "<>":
        return False
    return warns.value < passes.value if warns.operator[0] == "<" else warns.value > passes.value


def warning_above(keys: Mapping[str, Value], read: Callable[[Value], Decimal], limit: Decimal) -> Decimal | None:
    """What `warn` says, if it is there: a share above the `limit` at which the gate fails."""
    if "warn" not in keys:
        return None
    warn = read(keys["warn"])
    if warn <= limit:
        raise keys["warn"].error(
            f"{keys['warn'].path} must be above {format_percent(limit)}, below which the gate fails anyway"
        )
    return warn


def warning_below(keys: Mapping[str, Value], limit: str, read: Callable[[Value], Decimal]) -> Decimal | None:
    """What `warn` says, if it is there: something below what the key `limit` says, above which the gate fails."""
    if "warn" not in keys:
        return None
    warn = read(keys["warn"])
    if limit not in keys or warn >= read(keys[limit]):
        raise keys["warn"].error(f"{keys['warn'].path} must be below {limit}, above which the gate fails anyway")
    return warn
