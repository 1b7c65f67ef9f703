"""The scores that a rule file records, in promtool: all files are series of one evaluation of its group."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from math import isfinite

from bench.nab.corpus import Series
from prometheus.detection.adaptive import STEP
from prometheus.formats.nab import SCORE, SOURCE
from prometheus.replay.engine import InputSeries, evaluate
from prometheus.replay.notation import Point
from stack.errors import HqError

TIMEOUT = 7200.0


def recorded_scores(corpus: list[Series], rules: str, *, by_time: bool = False) -> list[list[float]]:
    """The score of every row of every series, 0 where there is none; raises HqError for rules that promtool refuses.

    A row is a step of five minutes, or the step that is nearest to its time.
    """
    every = timedelta(seconds=STEP)
    slots = [series.slots(every) if by_time else list(range(len(series.values))) for series in corpus]
    found = _scores(corpus, slots, rules)
    return [[found.get((str(number), slot), 0.0) for slot in some] for number, some in enumerate(slots)]


def _scores(corpus: list[Series], slots: list[list[int]], rules: str) -> dict[tuple[str, int], float]:
    """Each score by the number of its series and its step."""
    inputs = [
        InputSeries({"__name__": SOURCE, "series": str(number)}, list(_points(one, some)))
        for number, (one, some) in enumerate(zip(corpus, slots, strict=True))
    ]
    steps = sorted({slot for some in slots for slot in some})
    moments = [slot * STEP for slot in steps]
    answers = evaluate({"rules.yml": rules}, inputs, {SCORE: moments}, step=STEP, every=STEP, timeout=TIMEOUT)
    found = {}
    for at, scores in answers.get(SCORE, {}).items():
        for score in scores:
            if not isfinite(score.value):
                raise HqError(f"the rules record {score.value} as {SCORE}; every score must be a finite number")
            found[score.labels.get("series", ""), round(at / STEP)] = score.value
    return found


def _points(series: Series, slots: list[int]) -> Iterator[Point]:
    for slot, value in zip(slots, series.values, strict=True):
        yield slot * STEP, value
