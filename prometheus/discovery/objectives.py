"""Objectives that a service keeps already: measured, and rounded down to what people usually promise."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_FLOOR, Decimal
from math import inf

from stack.dataclass import dataclass
from stack.quantity import QuantityError, format_duration, format_percent, parse_duration

USUAL = tuple(map(Decimal, ("0.5", "0.75", "0.8", "0.9", "0.95", "0.98", "0.99", "0.995", "0.999", "0.9995", "0.9999")))
UNMEASURED = Decimal("0.99")
FEWEST_FAILURES = 10  # that a target must allow in what was measured; a finer one is luck
QUICK = 0.99


@dataclass(frozen=True)
class Target:
    """The share `target` (a ratio) that is proposed, and the share that was measured, None where nothing was."""

    target: Decimal
    measured: float | None

    @property
    def is_missed(self) -> bool:
        """Whether the service does not keep even the lowest usual target."""
        return self.measured is not None and self.measured < self.target


@dataclass(frozen=True)
class Latency:
    """A latency objective: the share `target` within `under` seconds."""

    under: float
    target: Target


def target_of(requests: float, bad: float) -> Target:
    """The highest usual target that was kept, and that allows enough failures to be told from luck."""
    if requests < 1:
        return Target(UNMEASURED, None)
    measured = 1 - min(max(bad, 0.0), requests) / requests
    kept = [usual for usual in USUAL if float(usual) <= measured]
    told = [usual for usual in kept if usual <= UNMEASURED or requests * float(1 - usual) >= FEWEST_FAILURES]
    return Target(told[-1] if told else USUAL[0], measured)


def latency_of(bounds: Mapping[float, float]) -> Latency | None:
    """The lowest bound within which nearly all requests stayed, None where there is none with a bucket above it.

    `bounds` has the number of requests of at most so many seconds, by bound, the lowest first.
    """
    requests = bounds.get(inf, 0.0)
    finite = [bound for bound in bounds if bound < inf]
    if requests < 1:
        return None
    for bound in finite[:-1]:
        if bounds[bound] >= QUICK * requests and _can_be_written(bound):
            return Latency(bound, target_of(requests, requests - bounds[bound]))
    return None


def _can_be_written(bound: float) -> bool:
    try:
        return bound >= 0.001 and abs(parse_duration(format_duration(bound)) - bound) < 1e-9
    except QuantityError:
        return False


def percent(ratio: float) -> str:
    """A share as a percentage with up to four digits behind the point, never more than it is."""
    return format_percent(Decimal(str(ratio)).quantize(Decimal("0.000001"), ROUND_FLOOR))
