"""The band of what is usual, held against days of history: what it must see, and what it must learn.

Everything is evaluated every five minutes, which is the pace of the band's own rules, so that a week takes seconds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from random import Random

from bench.detection_matrix.decoys import DAY
from bench.detection_matrix.matrix import production_stack
from bench.detection_matrix.world import STEP, State, World
from prometheus.detection.adaptive import STEP as EVERY
from prometheus.formats.plain import plain
from prometheus.replay.engine import FIRING, InputSeries, evaluate
from prometheus.rules import rule_files

HOUR = 3600.0
SCRAPED_BEFORE = (54.0, 39.0, 24.0, 9.0)  # seconds before an evaluation: what the last minute holds
WIDTH = 'anomaly:band_width{anomaly_type="latency_shift"}'
FAULT = {"__name__": "chaos_fault_active", "chaos_target": "storefront", "fault": "latency", "scenario": "slow"}
PEAK = 0.15

Usual = Callable[[float], State]


@dataclass(frozen=True)
class Check:
    """What the band must do, whether it did, and what was seen."""

    what: str
    met: bool
    seen: str


@dataclass(frozen=True)
class Past:
    """What a history came to: the severities of each type that fired by time, and the width of the band of latency."""

    firing: Mapping[float, frozenset[tuple[str, str]]]
    width: Mapping[float, float]

    def fired(self, since: float, until: float) -> frozenset[tuple[str, str]]:
        """The types and severities that fired in a stretch."""
        return frozenset().union(*(found for at, found in self.firing.items() if since <= at <= until))

    def width_at(self, at: float) -> float:
        """The half-width of the band of latency in seconds; not a number where there is none."""
        return self.width.get(math.floor(at / EVERY) * EVERY, math.nan)

    def widths_about(self, at: float) -> tuple[float, float]:
        """The width four hours after something happened, and that at the same time of the day before."""
        later = at + 4 * HOUR
        return self.width_at(later - DAY), self.width_at(later)


@dataclass
class Story:
    """A week of a service: how it usually is, what happens to it, and when a fault of ours is injected."""

    days: float
    usual: Usual
    slow: list[tuple[float, float, float]] = field(default_factory=list)
    chaos: list[tuple[float, float]] = field(default_factory=list)

    def state(self, at: float) -> State:
        """What is true at a time."""
        state = self.usual(at)
        for since, until, p95 in self.slow:
            if since < at <= until:
                state.p95 = p95
        return state


def checks(seed: int) -> Iterator[Check]:
    """Every check, in turn; raises HqError when promtool cannot evaluate the rules."""
    yield from _of_a_season(seed)
    yield from _of_a_drift(seed)


def _of_a_season(seed: int) -> Iterator[Check]:
    """Traffic and latency with a daily season; an incident, a fault of ours, and a shift that the limit cannot see."""
    incident, fault, shift = 3.4 * DAY, 4.4 * DAY, 5.4 * DAY
    story = Story(
        6,
        _seasonal,
        slow=[
            (incident, incident + HOUR, 2.0),
            (fault, fault + HOUR, 2.0),
            (shift, shift + 2 * HOUR, 0.45),
        ],
        chaos=[(fault, fault + HOUR)],
    )
    past = play(story, seed)
    quiet = past.fired(0, incident)
    yield Check("three days with a daily season are no anomaly", not quiet, _told(quiet))
    seen = past.fired(shift, shift + 2 * HOUR)
    severities = {severity for kind, severity in seen if kind == "latency_shift"}
    yield Check(
        "a shift below the limit and beyond the band is seen, and is medium at most",
        bool(severities) and severities <= {"low", "medium"},
        _told(seen),
    )
    before, after = past.widths_about(incident)
    yield Check("an incident of an hour does not double the band", after < 2 * before, _widths(before, after))
    before, after = past.widths_about(fault)
    yield Check("a fault of ours does not widen the band", after < 1.05 * before, _widths(before, after))


def _of_a_drift(seed: int) -> Iterator[Check]:
    """Latency that grows by a quarter a day: each day is a little slower than the one before, and that is learnt."""

    def drifting(at: float) -> State:
        return State(rate=400.0, p95=PEAK * 1.25 ** (at / DAY))

    past = play(Story(5, drifting), seed)
    fired = past.fired(0, 5 * DAY)
    yield Check("latency that grows by a quarter a day, below its limit, is learnt", not fired, _told(fired))


def play(story: Story, seed: int) -> Past:
    """The rules on a story, with all its chance from `seed`."""
    random = Random(f"{seed} history")
    world = World(random)
    times = [number * EVERY for number in range(1, int(story.days * DAY / EVERY) + 1)]
    for time in times:
        for before in SCRAPED_BEFORE:
            state = story.state(time - before)
            state.rate *= random.lognormvariate(0, 0.03)
            state.p95 *= random.lognormvariate(0, 0.03)
            world.live(time - before, state)
    on = [(time - SCRAPED_BEFORE[-1], float(any(a < time <= b for a, b in story.chaos))) for time in times]
    rules = {
        f"{file.name}.yml": plain(file)
        for file in rule_files(production_stack())
        if file.name in ("anomalies", "bands")
    }
    answers = evaluate(
        rules,
        [*world.series(), InputSeries(FAULT, on)],
        {FIRING: times, WIDTH: times},
        step=STEP,
        every=EVERY,
        timeout=3600,
    )
    return Past(
        {
            at: frozenset((one.labels.get("anomaly_type", ""), one.labels.get("severity", "")) for one in got)
            for at, got in answers.get(FIRING, {}).items()
        },
        {at: got[0].value for at, got in answers.get(WIDTH, {}).items() if got},
    )


def table(found: list[Check]) -> str:
    """The checks, as Markdown."""
    rows = (f"| {one.what} | {'yes' if one.met else '**no**'} | {one.seen} |" for one in found)
    return "\n".join(["| with days of history | met | seen |", "|---|---|---|", *rows])


def _seasonal(at: float) -> State:
    """By day five times the traffic of the night, and half as slow again."""
    day = (1 - math.cos(2 * math.pi * at / DAY)) / 2
    return State(rate=400 * 5 ** (day - 1), p95=PEAK * (1 + day / 2))


def _told(fired: frozenset[tuple[str, str]]) -> str:
    return ", ".join(f"`{kind}` ({severity})" for kind, severity in sorted(fired)) or "nothing fired"


def _widths(before: float, after: float) -> str:
    return f"half-width {before * 1000:.0f} ms the day before, {after * 1000:.0f} ms four hours after it began"
