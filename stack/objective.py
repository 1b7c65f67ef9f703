"""The share that must be good, as people write it down and as it can be measured."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from stack.quantity import format_percent

if TYPE_CHECKING:
    from stack.document import Value

LOWEST, HIGHEST = Decimal("0.01"), Decimal("0.999999")


def read_objective(value: Value) -> Decimal:
    """The share that must be good, as a ratio; raises ConfigError for what nobody can measure or means."""
    return measurable(value, value.percent())


def measurable(value: Value, ratio: Decimal) -> Decimal:
    """The share `ratio`, which `value` says must be good; raises ConfigError for what nobody can measure or means."""
    if not 0 < ratio < 1:
        raise value.error(f"{value.path} must lie between 0% and 100%; 100% leaves no budget and cannot be measured")
    if ratio < LOWEST:
        raise value.error(
            f"{value.path} would let {format_percent(1 - ratio)} of the requests fail; "
            f"did you mean {format_percent(100 * ratio)}?"
        )
    if ratio > HIGHEST:
        raise value.error(
            f"{value.path} is above 99.9999%, which nobody can measure: it takes millions of requests "
            "without a failure to prove it; write at most 99.9999%"
        )
    return ratio
