"""Replays a recorded run through a rule set."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from math import ceil, floor
from statistics import median

from prometheus.replay.engine import FIRING, InputSeries, evaluate
from prometheus.replay.episodes import Comparison, Episode, compared, episodes
from prometheus.replay.notation import STALE, Point
from prometheus.replay.recorded_run import RecordedRun, RecordedSeries
from prometheus.replay.rule_set import RuleSet
from prometheus.replay.selectors import is_within
from stack.errors import HqError

STEPS = 5
LONG_MEMORY = 7200.0
TOLERATED_EVALUATIONS = 2
_GONE_AFTER = 2.5  # times the usual distance of its samples, and a series is gone: a scrape that fails ends it


def recorded_episodes(run: RecordedRun) -> list[Episode]:
    """The alerts that really fired, in seconds from where the recording counts."""
    lead = run.since - run.began
    firing = ((one.labels, [at - lead for at, _ in one.points]) for one in run.firing)
    return episodes(firing, _gap(run), 0.0, run.until - run.since)


def replayed_episodes(run: RecordedRun, rules: RuleSet, timeout: float = 600.0) -> list[Episode]:
    """The alerts that fire in the replay, in seconds from where the recording counts; raises HqError.

    Evaluations are when they were, and a sample lies between the same two of them as it did.
    """
    origin = run.evaluated - ceil((run.evaluated - run.began) / run.every) * run.every
    shift = run.began - origin  # at least 0, less than an evaluation
    last = floor((run.until - origin) / run.every + 1e-6)
    series = (InputSeries(one.labels, _on_grid(one, run, shift)) for one in run.series)
    times = [number * run.every for number in range(last + 1)]
    answers = evaluate(rules.texts, series, {FIRING: times}, step=_step(run), every=run.every, timeout=timeout).get(
        FIRING, {}
    )
    offset = run.since - origin
    firing = ((got.labels, [at - offset]) for at, found in sorted(answers.items()) for got in found)
    return episodes(firing, _gap(run), 0.0, run.until - run.since)


def differences(
    run: RecordedRun, before: Iterable[Episode], after: Iterable[Episode], rules: RuleSet
) -> list[Comparison]:
    """What differs by more than two evaluations of the slowest rule that the alert stands on."""
    tolerance = {name: TOLERATED_EVALUATIONS * max(run.every, one.every) for name, one in rules.lineages.items()}
    return compared(before, after, tolerance, TOLERATED_EVALUATIONS * run.every)


def remembers_more(run: RecordedRun, rules: RuleSet, episode: Episode) -> bool:
    """Whether an alert stands on so much history that a recording cannot repeat it, such as an error budget.

    Two hours of history are allowed for: a service that behaved as usual then is like one that was not there.
    """
    lineage = rules.lineages.get(episode.labels.get("alertname", ""))
    return lineage is not None and lineage.memory > max(LONG_MEMORY, run.since - run.began)


def unrecorded(run: RecordedRun, rules: RuleSet) -> tuple[str, ...]:
    """The selectors of a rule set of which the recording has nothing, since the rules then did not read it."""
    return tuple(selector for selector in rules.read if not is_within(selector, run.read))


def _step(run: RecordedRun) -> float:
    step = round(run.every / STEPS, 3)
    if abs(step * STEPS - run.every) > 1e-9:
        raise HqError(f"an evaluation every {run.every:g} s cannot be replayed; it must be a multiple of 5 ms")
    return step


def _gap(run: RecordedRun) -> float:
    """An alert that misses fewer than five evaluations, because Prometheus was busy, fires on."""
    return 5 * run.every


def _on_grid(series: RecordedSeries, run: RecordedRun, shift: float) -> list[Point]:
    placed: list[Point] = []
    for at, value in _with_ends(series, run.until - run.began):
        whole, inside = divmod(round((at + shift) / run.every, 6), 1.0)
        slot = 0 if inside == 0 else min(max(round(inside * STEPS), 1), STEPS - 1)
        placed.append(((whole * STEPS + slot) * _step(run), value))
    return placed


def _with_ends(series: RecordedSeries, lasts: float) -> Iterator[Point]:
    """The samples, and an end where they break off: Prometheus ends a series whose scrape fails at once."""
    points = series.points
    usual = median([later - earlier for (earlier, _), (later, _) in pairwise(points)] or [lasts])
    for (at, value), following in zip(points, [at for at, _ in points[1:]] + [lasts], strict=True):
        yield at, value
        if following - at > _GONE_AFTER * usual:
            yield at + usual, STALE
