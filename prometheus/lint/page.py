"""What a program exposes, from its /metrics page in a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from prometheus.lint.metric import Metric, series_of
from stack.errors import HqError
from stack.reading import MIB, read_text

MAX_BYTES = 64 * MIB


def page(path: Path) -> Iterator[Metric]:
    """Every metric on a saved page, in the text format or OpenMetrics; raises HqError."""
    text = read_text(path, at_most=MAX_BYTES, or_pipe=True)
    found: dict[str, Metric] = {}
    for name, kind, labels in _families(text, path):
        for metric in series_of(name, kind, labels):
            found.setdefault(metric.name, metric)
    if not found:
        raise HqError(f"{path} holds no metrics; save a page by: curl -o {path} http://…/metrics")
    yield from found.values()


def _families(text: str, path: Path) -> Iterator[tuple[str, str, frozenset[str] | None]]:
    from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
    from prometheus_client.parser import text_string_to_metric_families as plain

    parse = openmetrics if text.rstrip().endswith("# EOF") else plain
    try:
        for family in parse(text):
            labels = frozenset(label for sample in family.samples for label in sample.labels) - {"le", "quantile"}
            if family.samples:
                yield family.name, family.type, labels
                yield from ((sample.name, "", labels) for sample in family.samples)
            else:
                yield family.name, family.type, None
    except (ValueError, KeyError, IndexError) as error:
        raise HqError(f"{path} is no page of metrics: {error}") from None
