"""What happens when: faults of every type and size in random order, decoys among them, and steady stretches between."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from random import Random

from bench.detection_matrix.decoys import DAY, DECOYS, NIGHT, season
from bench.detection_matrix.faults import ANOMALIES
from bench.detection_matrix.world import EVERY, SCRAPE, SCRAPED_AT, SERVICE, Change, State, World, changed
from chaos.detection import allowance
from chaos.verification.bars import INTENSITIES
from chaos.verification.episodes import Trial
from prometheus.catalogue import CATALOGUE
from stack.model import Stack

WARM_UP = 4500.0  # until the past hour is known
SHORTEST_GAP, LONGEST_GAP = 300.0, 600.0
MOST_DAYS = 2.0


@dataclass(frozen=True)
class Timeline:
    """Trials and the changes that they are, until the end; `rate` is the traffic by day, with a season or without."""

    trials: tuple[Trial, ...]
    changes: tuple[tuple[float, float, Change], ...]
    until: float
    rate: float
    seasonal: bool = False

    def rate_at(self, at: float) -> float:
        """Requests a second at a time, without any change."""
        return self.rate * season(at) if self.seasonal else self.rate


def eventful(stack: Stack, random: Random, rate: float, kinds: Sequence[str]) -> Timeline:
    """Every kind at every intensity and every decoy, once each, in random order with random gaps."""
    wanted: list[tuple[str, Decimal | None]] = [(kind, size) for kind in kinds for size in INTENSITIES]
    wanted += [(name, None) for name in DECOYS]
    random.shuffle(wanted)
    trials: list[Trial] = []
    changes: list[tuple[float, float, Change]] = []
    at = WARM_UP
    for kind, size in wanted:
        at = _at_a_scrape(at)
        trial, change = _fault(stack, random, kind, size, at) if size else _decoy(random, kind, at)
        trials.append(trial)
        changes.append((trial.since, trial.until, change))
        at = trial.until + _clearing(kind) + random.uniform(SHORTEST_GAP, LONGEST_GAP)
    return Timeline(tuple(trials), tuple(changes), at, rate)


def steady(days: float, rate: float) -> Iterator[Timeline]:
    """So many days in which nothing happens but that they end in nights, which are decoys; at most two in a timeline.

    So what promtool has to hold at once stays bounded, however many they are.
    """
    while days > 0:
        yield _steady(min(days, MOST_DAYS), rate)
        days -= MOST_DAYS


def _steady(days: float, rate: float) -> Timeline:
    nights = tuple(
        Trial(NIGHT, None, (night + 0.35) * DAY, (night + 0.65) * DAY, SERVICE)
        for night in range(int(days + 0.35))
        if (night + 0.65) * DAY <= days * DAY
    )
    return Timeline(nights, (), days * DAY, rate, seasonal=True)


def play(timeline: Timeline, random: Random) -> World:
    """The metrics of a timeline."""
    world = World(random)
    for number in range(int(timeline.until // SCRAPE)):
        at = number * SCRAPE + SCRAPED_AT
        usual = State(
            rate=timeline.rate_at(at) * random.lognormvariate(0, 0.03),
            past_rate=world.past_rate(),
            p95=0.2 * random.lognormvariate(0, 0.03),
        )
        world.live(at, changed(usual, timeline.changes, at))
    return world


def _fault(stack: Stack, random: Random, kind: str, size: Decimal, at: float) -> tuple[Trial, Change]:
    anomaly = ANOMALIES[kind]
    allowed = anomaly.needed(float(size)) + allowance(stack, kind)
    may = CATALOGUE[kind].explains
    trial = Trial(kind, size, at, _at_a_scrape(at + anomaly.lasts), SERVICE, may, allowed)
    return trial, anomaly.change(float(size), random)


def _decoy(random: Random, name: str, at: float) -> tuple[Trial, Change]:
    decoy = DECOYS[name]
    return Trial(name, None, at, _at_a_scrape(at + decoy.lasts), SERVICE), decoy.change(random)


def _clearing(kind: str) -> float:
    """How long an alert of a kind may fire on: its window, and then as long as it is kept firing.

    After a decoy it is the longest window, ten minutes: an instance that goes twice in that time is flapping indeed.
    """
    if kind not in CATALOGUE:
        return 600.0 + 2 * EVERY
    return CATALOGUE[kind].keep_firing_for + (600.0 if kind == "flapping" else 60.0) + 2 * EVERY


def _at_a_scrape(at: float) -> float:
    """Just after a scrape, so that the next one sees 15 s of it: the latest that it can be seen."""
    return round((at - SCRAPED_AT) / SCRAPE) * SCRAPE + SCRAPED_AT
