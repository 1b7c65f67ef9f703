"""A made-up service, and what Prometheus would answer about it, whatever a gate asks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import TypeAlias

from gates.conditions.comparison import Comparison
from gates.conditions.promql import PromQl
from gates.gate import Kind, QualityGate
from gates.rehearsal.server import Asked
from prometheus.selector import quoted
from prometheus.slo import Sli
from stack.dataclass import dataclass
from stack.quantity import parse_duration

Row: TypeAlias = tuple[dict[str, str], float]

_QUESTION = re.compile(r'label_replace\((.*?), "dev_hq_question", "([^"]*)", "", ""\)(?: or |$)', re.DOTALL)
_SUBQUERY = re.compile(r"\[(\w+):(\w+)\]\)$")
_BAD_IN_BASELINE = 0.01  # share of its requests: no release that is as good as ours can be worse than that
_DEAD = ({"job": "rehearsal", "instance": "127.0.0.1:1"}, 0.0)


@dataclass(frozen=True)
class Service:
    """Enough requests for any objective, and hardly a bad one, unless something else is said.

    `requests` and `bad` are what each window counted, without `has_bad_series` nobody ever counted a bad one, and
    `excess` is how many times as many bad (or good) ones as requests there are, if that is not 1. `recent` is the share
    of the requests that came lately, `coverage` the share of the window that has data, and `age` the seconds since the
    newest sample, None when no series lives. Without `is_up` the target does not answer, without `is_known` there is
    no series at all, without `has_baseline` none of the baseline; `copies` series are there twice.
    """

    requests: float = 1e8
    bad: float = 3.0
    has_bad_series: bool = True
    recent: float = 0.25
    excess: float = 1.0
    coverage: float = 1.0
    age: float | None = 0.0
    resets: float = 0.0
    is_up: bool = True
    copies: float | None = None
    is_known: bool = True
    has_baseline: bool = True

    def answer(self, gate: QualityGate, asked: Asked, at: float) -> list[Row]:
        """The series that answer what a gate asks when it judges the moment `at`, each with its number."""
        if _is_of_the_baseline(gate, asked, at):
            service = replace(self, bad=_BAD_IN_BASELINE * self.requests, is_known=self.is_known and self.has_baseline)
        else:
            service = self
        if not service.is_known:
            return []
        if isinstance(gate.condition, PromQl) and asked.query == gate.condition.query:
            return [({}, service._value(gate.condition))]
        return [
            ({"dev_hq_question": name, **labels}, number)
            for question, name in _QUESTION.findall(asked.query)
            for labels, number in service._told(gate, name, question, asked)
        ]

    def _told(self, gate: QualityGate, name: str, question: str, asked: Asked) -> Iterator[Row]:
        if name in ("dead targets", "dead targets of the job"):
            yield from () if self.is_up else [_DEAD]
        elif name == "newest sample":
            yield from () if self.age is None else [({}, asked.times[-1] - self.age)]
        elif name == "copies":
            yield from () if self.copies is None else [({}, self.copies)]
        elif name == "steps with data":
            yield {}, self.coverage * _steps(question)
        elif name == "series of counted requests":
            yield from [({}, 1.0)] if self.has_bad_series else []
        elif name == "counter resets":
            yield {}, self.resets
        elif name == "recent requests":
            yield {}, self.requests * self.recent
        elif name.startswith("at most "):
            yield {}, self._count(gate, "counted requests") / len(asked.times)
        elif name.endswith(" in a slice"):
            yield {}, self._count(gate, name.removesuffix(" in a slice")) / len(asked.times)
        elif name in ("requests", "counted requests"):
            if name == "requests" or self.has_bad_series or " or 0 * " in question or _sli(gate).probed:
                yield {}, self._count(gate, name)
        elif name in ("requests in buckets", "series of buckets"):
            yield from self._buckets(gate, name)

    def _value(self, demand: PromQl) -> float:
        """What any query gives: a number within its limits, or beyond them when every request is bad."""
        limits = [demand.passes, *([demand.warns] if demand.warns else [])]
        near = [float(limit.value) for limit in limits]
        numbers = [*near, *(number + way * (1 + abs(number)) for number in near for way in (-0.5, 0.5))]
        if self.bad >= self.requests:
            return next(number for number in numbers if not demand.passes.holds(number))
        within = [number for number in numbers if demand.passes.holds(number)]
        return next((number for number in within if limits[-1].holds(number)), within[0])

    def _count(self, gate: QualityGate, name: str) -> float:
        """All requests, or those of which a gate counts its bad ones, or its good ones."""
        if name == "requests":
            return self.requests
        if self.excess != 1:
            return self.excess * self.requests
        bad = self.bad if self.has_bad_series else 0.0
        counts_bad = _measured(gate) is not Kind.LATENCY and _sli(gate).good is None
        return bad if counts_bad else self.requests - bad

    def _buckets(self, gate: QualityGate, name: str) -> Iterator[Row]:
        """A histogram with a bucket at the limit, and one above; a slow request is slower than both."""
        under = Decimal(str(getattr(gate.condition, "under", 0.1))) / Decimal(str(_sli(gate).bucket_unit))
        fast = self._count(gate, "counted requests")
        for le, requests in ((f"{under:f}", fast), (f"{2 * under:f}", fast), ("+Inf", self.requests)):
            yield {"le": le}, 1.0 if name == "series of buckets" else requests


def _steps(question: str) -> float:
    """How many steps a subquery has."""
    match = _SUBQUERY.search(question)
    return parse_duration(match[1]) / parse_duration(match[2]) if match else 0.0


def _is_of_the_baseline(gate: QualityGate, asked: Asked, at: float) -> bool:
    """Whether it is the baseline of a comparison that is asked about: by its labels, or by an earlier time."""
    condition = gate.condition
    if not isinstance(condition, Comparison):
        return False
    if labels := condition.baseline.labels:
        return all(re.search(rf"\b{label}={re.escape(quoted(value))}", asked.query) for label, value in labels)
    return asked.times[-1] < at - 1


def _measured(gate: QualityGate) -> Kind:
    """What a gate looks at: a comparison looks at failures or at latencies too."""
    return gate.condition.of if isinstance(gate.condition, Comparison) else gate.condition.kind


def _sli(gate: QualityGate) -> Sli:
    sli = getattr(gate.condition, "sli", None)
    assert isinstance(sli, Sli)  # noqa: S101 - every condition that counts requests has one
    return sli
