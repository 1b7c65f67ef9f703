"""What a gate asks Prometheus, by name: found by asking nobody."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from gates.checklist import Checklist
from gates.gate import QualityGate
from gates.instant import Instant, Reading
from prometheus.answer import Answer, RangeAnswer
from stack.errors import HqError

_NOW = 1.8e9  # epoch seconds; any time will do
_RELEASE = _NOW - 3600.0


class _Nobody:
    """A source that knows nothing, and remembers what it was asked: by name, in PromQL."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def instant(self, query: str, at: float | None = None) -> Answer:
        self.asked.append(("the query", query))
        return Answer((), (), (), "vector")

    def range(self, query: str, start: float, end: float, step: float) -> RangeAnswer:
        self.asked.append(("the query over time", query))
        return RangeAnswer((), (), ())


class _InstantOfNobody(Instant):
    """An instant at which questions keep their names."""

    source: _Nobody

    def ask(self, questions: Mapping[str, str]) -> Reading:
        self.source.asked.extend(questions.items())
        return Reading({})


def questions_of(gate: QualityGate, checklist: Checklist) -> list[tuple[str, str]]:
    """The questions that a gate begins with and their PromQL, each once; what it asks then depends on the answers."""
    nobody = _Nobody()
    interval = checklist.prometheus.scrape_interval
    instant = _InstantOfNobody(nobody, _NOW, interval, checklist.max_age, since=_RELEASE)
    with suppress(HqError):  # not every gate can live without an answer, but by then it has asked
        gate.condition.check(gate, instant)
    return list(dict.fromkeys(nobody.asked))
