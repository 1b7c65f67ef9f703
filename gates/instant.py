"""One instant: everything a gate asks is answered as of the same moment, in one query."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from gates.proof import ManyLooks, OneLook, Proof, confidence_at_look
from stack.dataclass import dataclass
from stack.errors import HqError

if TYPE_CHECKING:
    from prometheus.answer import Answer, RangeAnswer, Sample

_QUESTION = "dev_hq_question"


class UnusableAnswerError(HqError):
    """Prometheus answered, but with what no verdict may rest on."""


class Source(Protocol):
    """What is asked: a Prometheus, several that hold the same, or what one answered earlier."""

    def instant(self, query: str, at: float | None = None) -> Answer:
        """What `query` gives at the time `at` (epoch seconds; the server's now unless given)."""

    def range(self, query: str, start: float, end: float, step: float) -> RangeAnswer:
        """What `query` gives from `start` to `end` (epoch seconds), every `step` seconds."""


@dataclass(frozen=True)
class Moment:
    """What is to be judged: the time `at` (just before now unless given), after the release at `since`.

    `look` and `first` are as in Instant; `waited` is how many seconds ago the first look was. Times are epoch seconds.
    """

    at: float | None = None
    since: float | None = None
    look: int = 0
    first: float | None = None
    waited: float = 0.0


@dataclass(frozen=True)
class Instant:
    """The moment `at` (epoch seconds), as `source` knows it; samples come every `scrape_interval` seconds.

    Data whose newest sample is older than `max_age` seconds is stale; None leaves that to the scrape interval. No
    window begins before `since` (epoch seconds), when the release went out. `look` is 0 for who looks once, and else
    the number of this look, from 1; then `first` is the moment of the first one, and windows begin where its began.
    """

    source: Source
    at: float
    scrape_interval: float
    max_age: float | None = None
    since: float | None = None
    look: int = 0
    first: float | None = None

    def proof(self, confidence: float) -> Proof:
        """What counts of the gate's window prove at this look: it grows from look to look."""
        return ManyLooks(confidence) if self.look else OneLook(confidence)

    def proof_of_moving_window(self, confidence: float) -> OneLook:
        """What counts prove at this look in a window that does not grow, and in comparisons: any test for one look."""
        return OneLook(confidence_at_look(confidence, self.look))

    def ask(self, questions: Mapping[str, str]) -> Reading:
        """The answers to several PromQL questions, from one evaluation; raises PrometheusError, UnusableAnswerError.

        One query cannot see two states of the database, as several can while samples arrive late.
        """
        answer = self.source.instant(_all_of(questions), at=self.at)
        refuse_partial(answer.warnings)
        if answer.result_type != "vector":
            raise UnusableAnswerError(f"Prometheus answered with a {answer.result_type}, where a vector is due")
        found: dict[str, list[Sample]] = {}
        for sample in answer.samples:
            name = sample.labels.get(_QUESTION, "")
            if name not in questions:
                raise UnusableAnswerError("Prometheus answered with series that nobody asked for")
            found.setdefault(name, []).append(sample)
        return Reading(found)

    def ask_over_time(self, questions: Mapping[str, str], times: int, every: float) -> dict[str, dict[float, float]]:
        """The counts that several PromQL questions give at `times` moments, `every` seconds apart, until this instant.

        By question and moment (epoch seconds); moments without an answer are left out. From one evaluation. Raises
        PrometheusError, UnusableAnswerError.
        """
        answer = self.source.range(_all_of(questions), self.at - (times - 1) * every, self.at, every)
        refuse_partial(answer.warnings)
        counts: dict[str, dict[float, float]] = {name: {} for name in questions}
        for series in answer.series:
            name = series.labels.get(_QUESTION, "")
            if name not in questions:
                raise UnusableAnswerError("Prometheus answered with series that nobody asked for")
            if counts[name]:
                raise UnusableAnswerError(f"several series answer where one is due: {name}")
            counts[name] = {at: _count(name, value) for at, value in series.points}
        return counts


def _all_of(questions: Mapping[str, str]) -> str:
    return " or ".join(
        f'label_replace({question}, "{_QUESTION}", "{name}", "", "")' for name, question in questions.items()
    )


def refuse_partial(warnings: tuple[str, ...]) -> None:
    """Raises UnusableAnswerError for an answer that lacks a part of the data.

    Prometheus 2.48 to 2.53 sends its hints among the warnings; a warning proper means that data is missing.
    """
    for warning in warnings:
        if not warning.startswith("PromQL info"):
            raise UnusableAnswerError(f"Prometheus warns that its answer is not complete: {warning}")


@dataclass(frozen=True)
class Reading:
    """What was answered, by the name of the question."""

    samples: Mapping[str, list[Sample]]

    def count(self, name: str) -> float | None:
        """The one number that `name` asked for, None when there is no data for it; raises UnusableAnswerError."""
        samples = self.samples.get(name, [])
        if len(samples) > 1:
            raise UnusableAnswerError(f"{len(samples)} series answer where one is due: {name}")
        return _count(name, samples[0].value) if samples else None

    def counts_by(self, name: str, label: str) -> dict[str, float]:
        """The numbers that `name` asked for, by the value of `label`; raises UnusableAnswerError."""
        counts: dict[str, float] = {}
        for sample in self.samples.get(name, []):
            key = sample.labels.get(label, "")
            if key in counts:
                raise UnusableAnswerError(f'several series answer where one is due: {name}, {label}="{key}"')
            counts[key] = _count(name, sample.value)
        return counts

    def labels(self, name: str) -> list[Mapping[str, str]]:
        """The labels of the series that `name` found."""
        return [sample.labels for sample in self.samples.get(name, [])]


def _count(name: str, value: float) -> float:
    if math.isnan(value) or math.isinf(value):
        raise UnusableAnswerError(f"the number of {name} is {value}; a counter that is not a number spoils every sum")
    if value < 0:
        raise UnusableAnswerError(f"the number of {name} is {value:g}, and no count is below zero")
    return value
