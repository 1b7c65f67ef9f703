"""What is known of a metric: its kind, and what labels its program gives it."""

from __future__ import annotations

from collections.abc import Iterator

from stack.dataclass import dataclass

COUNTER = "counter"
GAUGE = "gauge"
SUM_OF_COUNTERS = "sum of counters"

_SERIES_OF = {
    "counter": {"": COUNTER, "_total": COUNTER, "_created": GAUGE},
    "gauge": {"": GAUGE},
    "histogram": {"_bucket": COUNTER, "_count": COUNTER, "_sum": COUNTER, "_created": GAUGE},
    "gaugehistogram": {"_bucket": GAUGE, "_gcount": GAUGE, "_gsum": GAUGE},
    "summary": {"": GAUGE, "_count": COUNTER, "_sum": COUNTER, "_created": GAUGE},
    "info": {"": GAUGE, "_info": GAUGE},
    "stateset": {"": GAUGE},
}


@dataclass(frozen=True)
class Metric:
    """A metric as rules name it; `kind` is None when nobody says, and `labels` where they are not known."""

    name: str
    kind: str | None = None
    labels: frozenset[str] | None = None


def series_of(family: str, kind: str, labels: frozenset[str] | None = None) -> Iterator[Metric]:
    """The metrics that a family of this type is made of; of an unknown type it is one, of unknown kind."""
    base = family.removesuffix("_total") if kind == "counter" else family.removesuffix("_info")
    for suffix, of_series in _SERIES_OF.get(kind, {}).items():
        yield Metric(base + suffix, of_series, labels)
    if kind not in _SERIES_OF:
        yield Metric(family, None, labels)
