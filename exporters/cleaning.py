"""What a collector hands over, cleaned so that it cannot spoil a scrape.

Prometheus drops every sample of a target when one byte of its answer is wrong. So a family or series that could do
that is left out and counted, and never passed on.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from prometheus_client.core import Metric
from prometheus_client.samples import Sample

MAX_TEXT_BYTES = 256
NO_NAME = "invalid"

LabelSet = tuple[tuple[str, str], ...]

_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*", re.ASCII)
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_SUFFIXES = {
    "counter": ("_total",),
    "gauge": ("",),
    "histogram": ("_bucket", "_sum", "_count"),
    "info": ("_info",),
    "unknown": ("",),
}
_NEVER_BELOW_ZERO = ("counter", "histogram")


@dataclass(frozen=True)
class Cleaned:
    """A family fit for exposition, or None when nothing of it is, and how many of its series were dropped."""

    name: str
    family: Metric | None
    dropped: int


def clean_family(family: object, max_series: int) -> Cleaned:
    """The fit part of a family: at most `max_series` label sets, each once, with legal names and finite values."""
    if not isinstance(family, Metric):
        return Cleaned(NO_NAME, None, 1)
    if not _is_name(family.name) or family.type not in _SUFFIXES:
        return Cleaned(family.name if _is_name(family.name) else NO_NAME, None, len(family.samples))
    wanted = [sample for sample in family.samples if sample.name != f"{family.name}_created"]  # it doubles a counter
    series = _series(family, wanted)
    cleaned = Metric(family.name, clean_text(family.documentation), family.type)
    cleaned.samples = [sample for one in list(series.values())[:max_series] for sample in one]
    return Cleaned(family.name, cleaned if cleaned.samples else None, len(wanted) - len(cleaned.samples))


def clean_text(text: object) -> str:
    """Text that every parser reads: control characters and lone surrogates replaced, its length in bytes bounded."""
    printable = _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", str(text)[:MAX_TEXT_BYTES])
    return printable.encode()[:MAX_TEXT_BYTES].decode(errors="ignore")


def exposed_names(family: Metric) -> frozenset[str]:
    """Every name that the family takes in an exposition, in text or OpenMetrics."""
    return frozenset({family.name, *(family.name + suffix for suffix in _SUFFIXES[family.type])})


def _series(family: Metric, raw: list[Sample]) -> dict[LabelSet, list[Sample]]:
    """The fit samples by label set, the first of each; a histogram without one of its buckets would lie: left out."""
    unique: dict[tuple[str, LabelSet], Sample] = {}
    spoiled: set[LabelSet] = set()
    for sample in raw:
        cleaned = _clean_sample(family, sample)
        if cleaned is None:
            spoiled.add(_label_set(family, sample.labels))
        else:
            unique.setdefault((cleaned.name, tuple(sorted(cleaned.labels.items()))), cleaned)
    series: dict[LabelSet, list[Sample]] = {}
    for sample in unique.values():
        labels = _label_set(family, sample.labels)
        if family.type != "histogram" or labels not in spoiled:
            series.setdefault(labels, []).append(sample)
    return series


def _clean_sample(family: Metric, sample: Sample) -> Sample | None:
    if sample.name not in {family.name + suffix for suffix in _SUFFIXES[family.type]} or sample.native_histogram:
        return None
    value = _clean_value(family.type, sample.value)
    if value is None or not all(_is_label(family, name, text) for name, text in sample.labels.items()):
        return None
    return Sample(sample.name, {name: clean_text(text) for name, text in sample.labels.items()}, value)


def _clean_value(kind: str, value: object) -> float | None:
    """The value as a number; never NaN, and for what is counted neither infinite nor below zero."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    if math.isnan(number) or (kind in _NEVER_BELOW_ZERO and not 0 <= number < math.inf):
        return None
    return number


def _is_label(family: Metric, name: object, text: object) -> bool:
    reserved = str(name).startswith("__") or (name == "le" and family.type != "histogram")
    return _is_name(name) and not reserved and isinstance(text, str)


def _is_name(name: object) -> bool:
    return isinstance(name, str) and _NAME.fullmatch(name) is not None


def _label_set(family: Metric, labels: Mapping[str, str]) -> LabelSet:
    """What tells one series of the family from another; the buckets of one histogram belong together."""
    own = "le" if family.type == "histogram" else None
    return tuple(sorted((str(name), clean_text(text)) for name, text in labels.items() if name != own))
