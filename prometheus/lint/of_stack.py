"""What a stack.yaml says is exposed and recorded."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus.indicators import Family, sli_of
from prometheus.lint.metric import COUNTER, GAUGE, Metric
from prometheus.lint.rule_file import SourceRule, parse_rule_file
from prometheus.recording.targets import targets
from prometheus.rules import rule_texts
from prometheus.selector import matchers, name_of
from prometheus.slo import Sli
from stack.model import Stack


def counted(stack: Stack) -> Iterator[Metric]:
    """The metrics of the services' indicators, and of what can run full."""
    for service in stack.services.values():
        sli = sli_of(service)
        kind = GAUGE if sli.probed else COUNTER
        for series in (sli.total, sli.bad, sli.good, sli.throttled, sli.throttled_among):
            yield from (Metric(name, kind) for name in _names(series))
        yield from (Metric(name, COUNTER) for name in _buckets(sli))
        if service.saturation:
            capacity = (service.saturation.used, service.saturation.limit)
            yield from (Metric(name, GAUGE) for one in capacity if isinstance(one, str) for name in _names(one))


def of_targets() -> Iterator[Metric]:
    """What is recorded of those services alone whose scrape job is known; rules of ours look whether it is there."""
    sli = Sli("any", 'any_total{job="any"}', bad='any_total{job="any",code="5"}', job="any")
    yield from (Metric(rule.record) for rule in targets((Family(sli, ("any",)),)))


def recorded(stack: Stack) -> tuple[SourceRule, ...]:
    """The rules that are generated from the stack, for what they record; raises HqError."""
    return tuple(
        rule
        for name, text in rule_texts(stack).items()
        for rule in parse_rule_file(text, f"the generated {name}").rules
        if not rule.is_alert
    )


def _buckets(sli: Sli) -> Iterator[str]:
    """The buckets, and what the histogram has beside them."""
    for name in _names(sli.buckets):
        base = name.removesuffix("_bucket")
        yield from (name, f"{base}_count", f"{base}_sum") if base != name else (name,)


def _names(series: str | None) -> Iterator[str]:
    if series is None:
        return
    if name := name_of(series):
        yield name
    for label, operator, value in matchers(series):
        if label == "__name__" and operator in ("=", "=~"):
            yield from value.split("|")
