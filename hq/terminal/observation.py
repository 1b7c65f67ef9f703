"""What one round saw of a stack, or why it saw nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from hq.terminal.trends import Trends
from prometheus.anomalies import Anomaly
from stack.dataclass import dataclass
from stack.errors import HqError


class BlindError(HqError):
    """Nobody can say whether something is anomalous: the rules are not evaluated."""


@dataclass(frozen=True)
class Fault:
    """What we broke ourselves; `began` and `ended` in epoch seconds, as exact as the trends are.

    `began` is None when it was longer ago than the trends reach, `ended` while it is injected.
    """

    kind: str
    target: str
    scenario: str
    began: float | None = None
    ended: float | None = None


@dataclass(frozen=True)
class Service:
    """The last minute of a service: requests a second, failed ones as a ratio, seconds; None is not known."""

    name: str
    rate: float | None
    errors: float | None
    p95: float | None


@dataclass(frozen=True)
class Budget:
    """What is left of an objective's error budget, as a ratio; `burning` is the severity of its alert, or empty."""

    service: str
    objective: str
    left: float | None
    burning: str = ""


@dataclass(frozen=True)
class Gate:
    """The last verdict of a gate, and when it was checked (epoch seconds)."""

    name: str
    service: str
    verdict: str
    checked: float | None


@dataclass(frozen=True)
class Trouble:
    """Something that watches is itself in trouble, as an alert about the stack says."""

    alert: str
    severity: str
    summary: str


@dataclass(frozen=True)
class Observation:
    """What was seen at the time `at` (epoch seconds, by the clock of Prometheus).

    `faults` and `gates` are None when nobody can say. `pools` names the pools through which each service goes out.
    """

    at: float
    anomalies: tuple[Anomaly, ...]
    troubles: tuple[Trouble, ...] = ()
    faults: tuple[Fault, ...] | None = ()
    services: tuple[Service, ...] = ()
    budgets: tuple[Budget, ...] = ()
    gates: tuple[Gate, ...] | None = ()
    pools: Mapping[str, frozenset[str]] = field(default_factory=dict)
    trends: Trends = field(default_factory=Trends)


@dataclass(frozen=True)
class Blind:
    """Nobody can say what is anomalous, and why; found at `at` (epoch seconds, by our clock)."""

    at: float
    reason: str


def exit_code(seen: Observation | Blind | None) -> int:
    """0 nothing is anomalous, 1 something is, 2 nobody can say."""
    if isinstance(seen, Observation):
        return 1 if seen.anomalies else 0
    return 2
