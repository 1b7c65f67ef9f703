"""The numbers of a result in words: each kind of gate has a unit of its own."""

from __future__ import annotations

from math import isfinite

from gates.gate import GateResult, Kind
from gates.wording import number, percent

_BOUND = {
    Kind.SUCCESS_RATE: "at least ",
    Kind.LATENCY: "at least ",
    Kind.ERROR_BUDGET: "at least ",
    Kind.BURN_RATE: "at most ",
    Kind.COMPARISON: "at most ",
    Kind.PROMQL: "",
}


def measured(result: GateResult) -> str:
    """What was measured, or "unknown"."""
    return "unknown" if result.actual is None else _words(result, result.actual)


def limit(result: GateResult) -> str:
    """What it was held against; for a query only the number, for its reason says what is asked of it."""
    return f"{_BOUND[result.kind]}{_words(result, result.threshold)}"


def interval(result: GateResult) -> tuple[str, str] | None:
    """The bounds of what is proven, or None where nothing is."""
    if result.interval is None:
        return None
    low, high = (_words(result, bound) for bound in result.interval)
    return low, high


def _words(result: GateResult, value: float) -> str:
    if not isfinite(value):
        return str(value)
    if result.kind is Kind.PROMQL:
        return number(value, result.threshold)
    if result.kind is Kind.BURN_RATE:
        return f"{number(value, result.threshold)}x"
    return percent(value, result.threshold)
