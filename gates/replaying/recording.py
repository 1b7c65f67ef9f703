"""What a source was asked and what it answered, kept so that it can answer the same again without being there."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from gates.formats.plain import plain, shortened
from gates.instant import Source
from gates.replaying.codec import Json, encode
from prometheus.answer import Answer, RangeAnswer, read_instant, read_range
from prometheus.errors import AnswerError, PrometheusError, RefusedError, UnreachableError
from stack.dataclass import dataclass
from stack.errors import HqError

Told = TypeVar("Told", Answer, RangeAnswer)

_ERRORS = {"unreachable": UnreachableError, "refused": RefusedError, "answer": AnswerError, "other": PrometheusError}
_SAID = {"refused": ("message", "error_type", "words")}  # what an error says, where it is more than its message


@dataclass(frozen=True)
class Question:
    """One question: `at` is the time of an instant query, and start, end and step are a range query's."""

    query: str
    at: float | None = None
    start: float | None = None
    end: float | None = None
    step: float | None = None


@dataclass(frozen=True)
class Exchange:
    """A question and what came of it: an answer as Prometheus' API writes it, or an error's kind and what it says."""

    question: Question
    answer: Mapping[str, Any] | None = None
    error: Mapping[str, str] | None = None


class Recording:
    """A source that asks `source` and keeps what it was asked and what came of it."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.exchanges: list[Exchange] = []

    def instant(self, query: str, at: float | None = None) -> Answer:
        """As the source answers it; raises PrometheusError."""
        return self._kept(Question(query, at), lambda: self._source.instant(query, at), _write_instant)

    def range(self, query: str, start: float, end: float, step: float) -> RangeAnswer:
        """As the source answers it; raises PrometheusError."""
        question = Question(query, start=start, end=end, step=step)
        return self._kept(question, lambda: self._source.range(query, start, end, step), _write_range)

    def _kept(self, question: Question, ask: Callable[[], Told], write: Callable[[Told], dict[str, Any]]) -> Told:
        try:
            told = ask()
        except PrometheusError as error:
            self.exchanges.append(Exchange(question, error=_write_error(error)))
            raise
        self.exchanges.append(Exchange(question, write(told)))
        return told


class MissingAnswerError(HqError):
    """What is asked was not asked when the answers were recorded."""


class Recorded:
    """A source that answers what a recording holds, and the same question in the order of its answers."""

    def __init__(self, exchanges: Iterable[Exchange]) -> None:
        self._left: dict[Question, deque[Exchange]] = defaultdict(deque)
        for exchange in exchanges:
            self._left[exchange.question].append(exchange)

    def instant(self, query: str, at: float | None = None) -> Answer:
        """As it was answered; raises PrometheusError as it was raised, and MissingAnswerError."""
        return self._told(Question(query, at), read_instant)

    def range(self, query: str, start: float, end: float, step: float) -> RangeAnswer:
        """As it was answered; raises PrometheusError as it was raised, and MissingAnswerError."""
        return self._told(Question(query, start=start, end=end, step=step), read_range)

    def _told(self, question: Question, read: Callable[[Mapping[str, Any]], Told]) -> Told:
        if not self._left[question]:
            raise MissingAnswerError(f"it lacks the answer to {shortened(plain(question.query), 100)}")
        exchange = self._left[question].popleft()
        if exchange.error is not None:
            raise _read_error(exchange.error)
        return read(exchange.answer or {})


def write_exchange(exchange: Exchange) -> dict[str, Json]:
    """An exchange as JSON."""
    asked = {name: value for name, value in _object(encode(exchange.question)).items() if value is not None}
    if exchange.error is not None:
        return {**asked, "error": dict(exchange.error)}
    return {**asked, "answer": dict(exchange.answer or {})}


def read_exchange(data: object) -> Exchange:
    """What write_exchange() wrote; raises ValueError with a sentence, and AnswerError."""
    if not isinstance(data, dict) or not isinstance(data.get("query"), str):
        raise ValueError("an answer without its question")
    times = {name: data.pop(name) for name in ("at", "start", "end", "step") if name in data}
    if any(isinstance(time, bool) or not isinstance(time, int | float) for time in times.values()):
        raise ValueError("a question whose time is not a number")
    question = Question(data.pop("query"), **times)
    if data.keys() == {"answer"} and isinstance(data["answer"], dict):
        (read_range if "step" in times else read_instant)(data["answer"])
        return Exchange(question, data["answer"])
    if data.keys() == {"error"} and isinstance(data["error"], dict):
        _read_error(data["error"])
        return Exchange(question, error=data["error"])
    raise ValueError("a question with neither an answer nor an error")


def _write_error(error: PrometheusError) -> dict[str, str]:
    kind = next(name for name, error_class in _ERRORS.items() if isinstance(error, error_class))
    return {"kind": kind, "message": str(error), **{name: getattr(error, name) for name in _SAID.get(kind, ())[1:]}}


def _read_error(data: Mapping[str, Any]) -> PrometheusError:
    """The error that was written; raises ValueError with a sentence."""
    kind = data.get("kind")
    said = _SAID.get(str(kind), ("message",))
    if not isinstance(kind, str) or kind not in _ERRORS or data.keys() != {"kind", *said}:
        raise ValueError("an error that is of no kind that is known")
    if not all(isinstance(data[name], str) for name in said):
        raise ValueError("an error whose words are not text")
    error: PrometheusError = _ERRORS[kind](*(data[name] for name in said))
    return error


def _write_instant(answer: Answer) -> dict[str, Any]:
    points = [(dict(sample.labels), [sample.at, _number(sample.value)]) for sample in answer.samples]
    result: object
    if answer.result_type == "vector":
        result = [{"metric": labels, "value": point} for labels, point in points]
    elif answer.result_type == "matrix":
        result = [{"metric": labels, "values": [point]} for labels, point in points]
    else:
        result = points[0][1] if points else []
    return _document(answer.result_type, result, answer)


def _write_range(answer: RangeAnswer) -> dict[str, Any]:
    series = [
        {"metric": dict(series.labels), "values": [[at, _number(value)] for at, value in series.points]}
        for series in answer.series
    ]
    return _document("matrix", series, answer)


def _document(kind: str, result: object, answer: Answer | RangeAnswer) -> dict[str, Any]:
    notes = {name: list(found) for name in ("warnings", "infos") if (found := getattr(answer, name))}
    return {"data": {"resultType": kind, "result": result}, **notes}


def _number(value: float) -> str:
    """A number as Prometheus writes it, and none of its digits lost."""
    words = encode(float(value))
    return words if isinstance(words, str) else repr(words)


def _object(data: Json) -> dict[str, Json]:
    assert isinstance(data, dict)  # noqa: S101 - a dataclass is an object
    return data
