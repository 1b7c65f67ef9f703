"""Each type of anomaly, brought about at so many times its threshold."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from types import MappingProxyType

from bench.detection_matrix.world import INSTANCES, SCRAPE, Change, State
from prometheus.catalogue import CATALOGUE
from prometheus.recording.recordings import MINUTE

FIVE_MINUTES, TEN_MINUTES = 300.0, 600.0


def _by_window(size: float) -> float:
    """Of a minute that fills evenly, so much is needed."""
    return MINUTE / size


@dataclass(frozen=True)
class Anomaly:
    """How a type is brought about: the change for a size, and how long it lasts.

    `needed` are the seconds after which the rule's window has reached the threshold.
    """

    change: Callable[[float, Random], Change]
    lasts: float = FIVE_MINUTES
    needed: Callable[[float], float] = _by_window


def _limit(kind: str) -> float:
    return float(CATALOGUE[kind].limit)


def _latency_shift(size: float, _random: Random) -> Change:
    def change(state: State, _: float) -> None:
        state.p95 = size * _limit("latency_shift")

    return change


def _error_spike(size: float, _random: Random) -> Change:
    def change(state: State, _: float) -> None:
        state.errors = size * _limit("error_spike")

    return change


def _upstream_failure(size: float, _random: Random) -> Change:
    """The service tries again twice, so that what fails in the pool hardly ever fails for its users."""

    def change(state: State, _: float) -> None:
        state.pool_errors = size * _limit("upstream_failure")
        state.errors += state.pool_errors**3

    return change


def _rate_limit_storm(size: float, _random: Random) -> Change:
    def change(state: State, _: float) -> None:
        state.limited = size * _limit("rate_limit_storm")
        state.errors += state.limited**3

    return change


def _traffic_drop(size: float, _random: Random) -> Change:
    def change(state: State, _: float) -> None:
        state.rate = state.past_rate * _limit("traffic_drop") / size

    return change


def _fall_needed(size: float) -> float:
    """Of the fall from the usual, so much of a minute is needed until the mean of the minute is at the limit."""
    limit = _limit("traffic_drop")
    return MINUTE * (1 - limit) / (1 - limit / size)


def _traffic_spike(size: float, _random: Random) -> Change:
    def change(state: State, _: float) -> None:
        state.rate = state.past_rate * _limit("traffic_spike") * size

    return change


def _saturation(size: float, random: Random) -> Change:
    """So many times nearer to full than the limit is; of the service's files or of the pool's requests."""
    full = 1 - (1 - _limit("saturation")) / size
    of_pool = random.random() < 0.5

    def change(state: State, _: float) -> None:
        if of_pool:
            state.pool_busy = full
        else:
            state.fds = full

    return change


def _flapping(size: float, random: Random) -> Change:
    """One instance starts again so many times in ten minutes, at regular distances."""
    changes = round(size * _limit("flapping"))
    number = random.randrange(INSTANCES)
    scrapes = [math.floor(index * TEN_MINUTES / changes / SCRAPE) for index in range(changes)]

    def change(state: State, at: float) -> None:
        if math.floor(at / SCRAPE) in scrapes:
            state.restarted |= {number}

    return change


def _absent_data(size: float, random: Random) -> Change:
    """So many of the instances cannot be reached any more, though they go on."""
    count = min(INSTANCES, round(size * _limit("absent_data") * INSTANCES))
    lost = frozenset(random.sample(range(INSTANCES), count))

    def change(state: State, _: float) -> None:
        state.down |= lost

    return change


ANOMALIES: Mapping[str, Anomaly] = MappingProxyType(
    {
        "latency_shift": Anomaly(_latency_shift),
        "error_spike": Anomaly(_error_spike),
        "upstream_failure": Anomaly(_upstream_failure),
        "rate_limit_storm": Anomaly(_rate_limit_storm),
        "traffic_drop": Anomaly(_traffic_drop, needed=_fall_needed),
        "traffic_spike": Anomaly(_traffic_spike),
        "saturation": Anomaly(_saturation),
        "flapping": Anomaly(_flapping, lasts=TEN_MINUTES, needed=lambda size: TEN_MINUTES / size),
        "absent_data": Anomaly(_absent_data),
    }
)
"""Every type that requests and scrapes can show."""

ELSEWHERE = frozenset({"budget_exhaustion"})
"""What needs days of a budget; tests/prometheus has it."""
