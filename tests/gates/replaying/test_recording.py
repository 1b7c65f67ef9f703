"""A source that is recorded, and one that answers from the record: nobody can tell which is which."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.replaying.recording import Exchange, MissingAnswerError, Recorded, Recording, read_exchange, write_exchange
from prometheus.answer import Answer, RangeAnswer, Sample, Series
from prometheus.errors import AnswerError, PrometheusError, RefusedError, UnreachableError

TIMES = st.floats(0, 4e9)
LABELS = st.dictionaries(st.text(), st.text(), max_size=3)
SAMPLES = st.builds(Sample, LABELS, TIMES, st.floats())
NOTES = st.lists(st.text(min_size=1), max_size=2).map(tuple)
SCALARS = st.builds(Sample, st.just({}), TIMES, st.floats())
ANSWERS = st.one_of(
    st.builds(Answer, st.lists(SAMPLES).map(tuple), NOTES, NOTES, st.sampled_from(["vector", "matrix"])),
    st.builds(Answer, st.tuples(SCALARS), NOTES, NOTES, st.just("scalar")),
    st.builds(Answer, st.just(()), NOTES, NOTES, st.just("string")),
)
SERIES = st.builds(Series, LABELS, st.lists(st.tuples(TIMES, st.floats()), min_size=1).map(tuple))
RANGE_ANSWERS = st.builds(RangeAnswer, st.lists(SERIES).map(tuple), NOTES, NOTES)


class Told:
    """A source that answers what it is told to, in that order."""

    def __init__(self, *answers: object) -> None:
        self._answers = list(answers)

    def instant(self, _query: str, at: float | None = None) -> Answer:
        return self._next()

    def range(self, _query: str, start: float, end: float, step: float) -> RangeAnswer:
        return self._next()

    def _next(self):
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def kept(recording: Recording) -> Recorded:
    """What was recorded, after it has been a file."""
    written = json.dumps([write_exchange(exchange) for exchange in recording.exchanges], allow_nan=False)
    return Recorded([read_exchange(exchange) for exchange in json.loads(written)])


@given(ANSWERS)
def test_an_answer_comes_back_as_it_was(answer: Answer) -> None:
    recording = Recording(Told(answer))
    assert recording.instant("up", at=7.25) is answer
    assert repr(kept(recording).instant("up", at=7.25)) == repr(answer)  # NaN is not equal to itself


@given(RANGE_ANSWERS)
def test_an_answer_over_time_comes_back_as_it_was(answer: RangeAnswer) -> None:
    recording = Recording(Told(answer))
    assert recording.range("up", 1.0, 61.5, 15.0) is answer
    assert repr(kept(recording).range("up", 1.0, 61.5, 15.0)) == repr(answer)


@pytest.mark.parametrize(
    "error",
    [
        UnreachableError("it is starting", 5.0),
        RefusedError("it refuses", "bad_data", "parse error: nothing there"),
        AnswerError("a web page"),
        PrometheusError("a header"),
    ],
)
def test_an_error_comes_back_as_it_was(error: PrometheusError) -> None:
    recording = Recording(Told(error))
    with pytest.raises(PrometheusError):
        recording.instant("up")
    with pytest.raises(type(error)) as again:
        kept(recording).instant("up")
    assert type(again.value) is type(error)
    assert str(again.value) == str(error)
    if isinstance(error, RefusedError):
        assert (again.value.error_type, again.value.words) == (error.error_type, error.words)


def test_the_same_question_gets_its_answers_in_their_order() -> None:
    answers = [Answer((Sample({}, 0.0, value),), (), (), "scalar") for value in (1.0, 2.0)]
    recording = Recording(Told(*answers))
    for answer in answers:
        assert recording.instant("time()") is answer
    recorded = kept(recording)
    assert [recorded.instant("time()").samples[0].value for _ in answers] == [1.0, 2.0]
    with pytest.raises(MissingAnswerError, match=r"it lacks the answer to time\(\)"):
        recorded.instant("time()")


def test_a_question_at_another_time_is_another_question() -> None:
    recording = Recording(Told(Answer((), (), (), "vector")))
    recording.instant("up", at=1.0)
    with pytest.raises(MissingAnswerError, match="it lacks the answer to up"):
        kept(recording).instant("up", at=2.0)


def test_what_is_kept_looks_as_prometheus_wrote_it() -> None:
    answer = Answer((Sample({"job": "shop"}, 1.5, float("inf")),), ("partial",), (), "vector")
    recording = Recording(Told(answer))
    recording.instant("up", at=1.5)
    (exchange,) = recording.exchanges
    assert isinstance(exchange, Exchange)
    assert write_exchange(exchange) == {
        "query": "up",
        "at": 1.5,
        "answer": {
            "data": {"resultType": "vector", "result": [{"metric": {"job": "shop"}, "value": [1.5, "+Inf"]}]},
            "warnings": ["partial"],
        },
    }
