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
    yield "type", "looks at", "threshold", "judged when there is", "holds", "fires on for", "runbook"
    yield ("---",) * 7
    for kind in CATALOGUE.values():
        metrics = [f"`{signal.metric}`" for signal in (kind.of_pool, kind.of_service) if signal]
        yield (
            f"`{kind.name}`",
            " or ".join(metrics),
            _threshold(kind),
            kind.guard,
            format_duration(kind.hold),
            format_duration(kind.keep_firing_for),
            f"[{kind.name}](runbooks/{kind.name}.md)",
        )


def _threshold(kind: AnomalyType) -> str:
    if kind.unit is Unit.SECONDS:
        return format_duration(float(kind.limit))
    share = format_percent(Decimal(kind.limit))
    return f"{share} of the past hour" if kind.unit is Unit.REQUESTS_PER_SECOND else share
