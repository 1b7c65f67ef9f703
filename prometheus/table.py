"""The catalogue as the Markdown table of docs/anomalies.md."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from prometheus.catalogue import CATALOGUE, AnomalyType, Unit
from stack.quantity import format_duration, format_percent


def catalogue_table() -> str:
    """One row for each type of anomaly."""
    return "".join(f"| {' | '.join(cells)} |\n" for cells in _rows())


def _rows() -> Iterator[tuple[str, ...]]:
    yield "type", "looks at", "threshold", "unusual", "judged when there is", "holds", "fires on for", "explains"
    yield ("---",) * 8
    for kind in CATALOGUE.values():
        metrics = [f"`{signal.metric}`" for signal in (kind.of_pool, kind.of_service) if signal]
        yield (
            f"[{kind.name}](runbooks/{kind.name}.md)",
            " or ".join(metrics),
            _threshold(kind),
            _band(kind),
            kind.guard,
            format_duration(kind.hold),
            format_duration(kind.keep_firing_for),
            ", ".join(kind.explains),
        )


def _threshold(kind: AnomalyType) -> str:
    limit = kind.limit
    if kind.unit is Unit.CHANGES:
        return f"{limit} changes"
    if kind.unit is Unit.REQUESTS_PER_SECOND:
        return f"{limit} times the past hour" if limit > 1 else f"{format_percent(limit)} of the past hour"
    return _quantity(limit, kind.unit)


def _band(kind: AnomalyType) -> str:
    """What is never unusual, however calm the past was."""
    if kind.band is None:
        return ""
    side = "above" if kind.band.direction == "up" else "below"
    return f"{_quantity(kind.band.floor, kind.unit)} and {format_percent(kind.band.share)} {side}"


def _quantity(value: Decimal, unit: Unit) -> str:
    if unit is Unit.SECONDS:
        return format_duration(float(value))
    return f"{value}/s" if unit is Unit.REQUESTS_PER_SECOND else format_percent(value)
