"""The objectives of a gates file: what is counted of a service, and how much of it must be good."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from prometheus.selector import equal_value, is_selector, matchers, matching
from prometheus.slo import Sli
from stack.dataclass import dataclass
from stack.document import Value

DAY = 86400.0
PERIOD = 30 * DAY
LONGEST_PERIOD = 365 * DAY
HIGHEST_OBJECTIVE = Decimal("0.999999")
_HISTOGRAM = re.compile(r"\s*([a-zA-Z_:][a-zA-Z0-9_:]*)(.*)", re.ASCII | re.DOTALL)


@dataclass(frozen=True)
class Slo:
    """At least `objective` (a ratio) of what `sli` counts is good, over `period` seconds; it stands at `place`."""

    name: str
    sli: Sli
    objective: Decimal
    period: float
    place: Value


def read_slos(value: Value, base: Path) -> dict[str, Slo]:
    """The SLOs by name, those of OpenSLO documents too, whose paths are relative to `base`; raises HqError."""
    slos: dict[str, Slo] = {}
    for item in value.items():
        for slo in _read(item, base):
            if other := slos.get(slo.name):
                where = f"{other.place.file}:{other.place.line}"
                raise slo.place.error(f'there is an SLO "{slo.name}" already, in {where}; give one another name')
            slos[slo.name] = slo
    return slos


def _read(value: Value, base: Path) -> Iterator[Slo]:
    if "openslo" in value.mapping():
        from gates.configuration.openslo import read_openslo

        keys = value.fields(required=("openslo",))
        yield from read_openslo(keys["openslo"], base)
        return
    keys = value.fields(required=("name", "objective", "total"), optional=("service", "period", "good", "bad"))
    if ("good" in keys) == ("bad" in keys):
        raise value.error(f"{value.path} needs either good or bad beside total")
    total = series(keys["total"])
    yield Slo(
        name=title(keys["name"]),
        sli=Sli(
            service=title(keys["service"]) if "service" in keys else "",
            total=total,
            bad=series(keys["bad"]) if "bad" in keys else None,
            good=series(keys["good"]) if "good" in keys else None,
            buckets=None,
            bucket_unit=1.0,
            throttled=None,
            job=equal_value(total, "job"),
        ),
        objective=objective(keys["objective"]),
        period=keys["period"].duration(low=60, high=LONGEST_PERIOD) if "period" in keys else PERIOD,
        place=value,
    )


def title(value: Value) -> str:
    """A name that people read: 1 to 63 printable characters."""
    text = value.text()
    if not text.isprintable() or len(text) > 63:
        raise value.error(f"{value.path} must have 1 to 63 printable characters")
    return text


def objective(value: Value) -> Decimal:
    """The share that must be good, as a ratio; raises ConfigError for what nobody can measure."""
    return possible(value, value.percent())


def possible(value: Value, ratio: Decimal) -> Decimal:
    """The share `ratio` that must be good, which `value` says; raises ConfigError for what nobody can measure."""
    if not 0 < ratio < 1:
        raise value.error(f"{value.path} must lie between 0% and 100%; 100% leaves no budget and cannot be measured")
    if ratio > HIGHEST_OBJECTIVE:
        raise value.error(
            f"{value.path} is above 99.9999%, which nobody can measure: it takes millions of requests "
            "without a failure to prove it; write at most 99.9999%"
        )
    return ratio


def series(value: Value) -> str:
    """A selector of series."""
    text = value.text().strip()
    if not is_selector(text):
        raise value.error(
            f"{value.path}: {text} is no selector of series; write it like "
            'http_requests_total{job="shop"}, without functions'
        )
    return text


def histogram(value: Value, service: str) -> Sli:
    """The indicator that has nothing but the histogram that `value` selects, `_bucket` added to its name if need be."""
    text = series(value)
    if any(label == "le" for label, _, _ in matchers(text)):
        raise value.error(f"{value.path} must leave the label le to the gate; it reads all buckets")
    match = _HISTOGRAM.fullmatch(text)
    name, braces = (match[1], match[2]) if match else ("", text)
    if name.endswith(("_count", "_sum", "_total")):
        raise value.error(
            f"{value.path}: {name} has no buckets; name the histogram, without {name[name.rindex('_') :]}"
        )
    buckets = f"{name}{'_bucket' if name and not name.endswith('_bucket') else ''}{braces}"
    return Sli(
        service=service,
        total=matching(buckets, "le", "=", "+Inf"),
        bad=None,
        good=None,
        buckets=buckets,
        bucket_unit=0.001 if re.search(r"_(milliseconds|ms)(_bucket)?$", name) else 1.0,
        throttled=None,
        job=equal_value(buckets, "job"),
    )
