"""What happens in every healthy system, and must alarm nobody."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from types import MappingProxyType

from bench.detection_matrix.world import INSTANCES, SCRAPE, Change, State

DAY = 86_400.0
DRIFT_TO = 0.375  # seconds: three quarters of the limit


@dataclass(frozen=True)
class Decoy:
    """A change that is nothing to worry about, and how long it lasts in seconds."""

    change: Callable[[Random], Change]
    lasts: float


def _load_ramp(_: Random) -> Change:
    """Twice the load: ten minutes up, ten there, ten down."""

    def change(state: State, at: float) -> None:
        state.rate *= 1 + max(0.0, min(1.0, at / 600, (1800 - at) / 600))

    return change


def _restart(random: Random) -> Change:
    """All instances at once: each misses one scrape, a third of them two, and counts from 0."""
    slow = frozenset(random.sample(range(INSTANCES), INSTANCES // 3))

    def change(state: State, at: float) -> None:
        scrape = math.floor(at / SCRAPE)
        everyone = frozenset(range(INSTANCES))
        state.down |= everyone if scrape == 0 else slow if scrape == 1 else frozenset()
        state.restarted |= everyone if scrape == 0 else frozenset()

    return change


def _rolling_deploy(_: Random) -> Change:
    """One instance after the other, half a minute apart, each missing one scrape."""

    def change(state: State, at: float) -> None:
        scrape = math.floor(at / SCRAPE)
        if scrape % 2 == 0 and scrape // 2 < INSTANCES:
            state.down |= {scrape // 2}
            state.restarted |= {scrape // 2}

    return change


def _slow_drift(_: Random) -> Change:
    """Latency that grows for an hour, up to three quarters of its limit."""

    def change(state: State, at: float) -> None:
        state.p95 += (DRIFT_TO - state.p95) * at / 3600

    return change


def _noisy(random: Random) -> Change:
    """Requests come in gusts, a few more of them fail, and latency wavers."""

    def change(state: State, _: float) -> None:
        state.rate *= random.lognormvariate(0, 0.3)
        state.p95 *= random.lognormvariate(0, 0.15)
        state.errors *= random.expovariate(1) * 3
        state.limited *= random.expovariate(1) * 3

    return change


DECOYS: Mapping[str, Decoy] = MappingProxyType(
    {
        "load ramp": Decoy(_load_ramp, 1800),
        "restart": Decoy(_restart, 120),
        "rolling deploy": Decoy(_rolling_deploy, 360),
        "slow drift": Decoy(_slow_drift, 3600),
        "noise": Decoy(_noisy, 1800),
    }
)

NIGHT = "low-traffic night"
NIGHT_IS = 100  # times less traffic than by day


def season(at: float) -> float:
    """Traffic at a time of day, in times that of the day's peak: from noon at 1 down to 1 / NIGHT_IS at midnight."""
    depth = (1 - math.cos(2 * math.pi * at / DAY)) / 2
    return float(NIGHT_IS**-depth)
