"""The matrix: timelines are played, the shipped rules judge them in promtool, and what fired is judged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import TypeVar

from bench.detection_matrix.faults import ANOMALIES
from bench.detection_matrix.timeline import Timeline, eventful, play, steady
from bench.detection_matrix.world import EVERY, STACK, STEP
from chaos.verification.episodes import Episode, Trial
from chaos.verification.quality import Quality, judged, steady_seconds
from prometheus.catalogue import CATALOGUE
from prometheus.formats.plain import plain
from prometheus.replay.answers import Got
from prometheus.replay.engine import FIRING, evaluate
from prometheus.replay.episodes import runs
from prometheus.rules import rule_files
from stack.loader import load_stack
from stack.model import Stack

One = TypeVar("One", Trial, Episode)

RATE = 400.0
APART = 10 * 86_400.0  # between the beginnings of timelines, when they are judged as one
TIMEOUT = 3600.0
TOLD_BY = ("anomaly_type", "severity", "service", "pool")


@dataclass(frozen=True)
class Result:
    """What was tried, what fired, and what that says."""

    seed: int
    rate: float
    repeats: int
    days: float
    trials: tuple[Trial, ...]
    episodes: tuple[Episode, ...]
    quality: Quality


def shown_types() -> tuple[str, ...]:
    """The types that the matrix brings about."""
    return tuple(kind for kind in CATALOGUE if kind in ANOMALIES)


def run_matrix(
    *,
    repeats: int,
    days: float,
    seed: int,
    rate: float = RATE,
    kinds: Sequence[str] = (),
    progress: Callable[[str], None] = lambda _: None,
) -> Result:
    """Each kind (all, if none is named) at each intensity, `repeats` times, and `days` without any fault."""
    stack = production_stack()
    rules = shipped_rules(stack)
    timelines = [
        (eventful(stack, Random(f"{seed} order {repeat}"), rate, kinds or shown_types()), f"repeat {repeat + 1}")
        for repeat in range(repeats)
    ]
    timelines += [(timeline, "steady days") for timeline in steady(days, rate)]
    trials: list[Trial] = []
    episodes: list[Episode] = []
    seconds = 0.0
    for number, (timeline, name) in enumerate(timelines):
        progress(f"{name}: {timeline.until / 3600:.1f} hours, {len(timeline.trials)} trials")
        found = alerts(timeline, rules, Random(f"{seed} noise {number}"))
        seconds += steady_seconds(timeline.trials, 0.0, timeline.until)
        trials += (_moved(trial, number * APART) for trial in timeline.trials)
        episodes += (_moved(one, number * APART) for one in found)
    return Result(seed, rate, repeats, days, tuple(trials), tuple(episodes), judged(trials, episodes, seconds))


def production_stack() -> Stack:
    """A stack with the settings that are shipped."""
    with TemporaryDirectory() as directory:
        file = Path(directory) / "stack.yaml"
        file.write_text(STACK)
        return load_stack(file)


def shipped_rules(stack: Stack) -> dict[str, str]:
    """The rules that lead to alerts about anomalies, in this evaluation; what is learnt over days is not among them."""
    return {f"{file.name}.yml": plain(file) for file in rule_files(stack) if file.name == "anomalies"}


def alerts(timeline: Timeline, rules: dict[str, str], random: Random) -> list[Episode]:
    """The alerts of a timeline, by promtool."""
    world = play(timeline, random)
    times = [number * EVERY for number in range(int(timeline.until // EVERY) + 1)]
    answers = evaluate(rules, world.series(), {FIRING: times}, step=STEP, every=EVERY, timeout=TIMEOUT)
    return list(episodes_of((at, got) for at, found in sorted(answers.get(FIRING, {}).items()) for got in found))


def episodes_of(firing: Iterable[tuple[float, Got]]) -> Iterator[Episode]:
    """Each alert from the first evaluation at which it fires to the first at which it does not any more."""
    found: defaultdict[tuple[str, ...], list[float]] = defaultdict(list)
    for at, got in firing:
        if "anomaly_type" in got.labels:
            found[tuple(got.labels.get(name, "") for name in TOLD_BY)].append(at)
    for (anomaly_type, severity, service, _), times in found.items():
        for first, last in runs(times, EVERY):
            yield Episode(anomaly_type, severity, service, first, last + EVERY)


def _moved(one: One, by: float) -> One:
    return replace(one, since=one.since + by, until=one.until + by)
