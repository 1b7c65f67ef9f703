"""When each member of a target is broken: one after another and back, or all together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise

from chaos.faults.fault import Fault
from chaos.parameters import LONGEST, Parameters
from stack.errors import HqError

SHORTEST_FAULT = 1.0


@dataclass(frozen=True)
class Phase:
    """A part of the plan in which the same faults are active: from `start` to `end` seconds after the beginning."""

    start: float
    end: float
    faults: tuple[Fault, ...]


def plan_fault(kind: str, asked: Parameters, target: str, members: int) -> tuple[Fault, ...]:
    """The faults of one kind on a pool of `members`, or on a service when there are none; raises HqError.

    Member i is broken from i steps after the beginning to as many steps before the end as members come after it, so
    that they fail one after another and come back one after another.
    """
    if not members:
        return (Fault(kind, target, None, asked.share * asked.intensity, asked.delay, 0.0, asked.duration),)
    hit = members_hit(asked.share, members)
    seconds = round(asked.duration - (hit - 1) * asked.step, 3)
    if seconds < SHORTEST_FAULT:
        raise HqError(_too_short(target, hit, asked))
    return tuple(
        Fault(kind, target, number, asked.intensity, asked.delay, round(number * asked.step, 3), seconds)
        for number in range(hit)
    )


def members_hit(share: Decimal, members: int) -> int:
    """How many of the members a share of them is: to the nearest, at least one."""
    return max(1, int((share * members).quantize(Decimal(1), ROUND_HALF_UP)))


def phases(faults: Iterable[Fault]) -> tuple[Phase, ...]:
    """The plan as a sequence of phases without gaps, from 0 to the end of the last fault."""
    faults = tuple(faults)
    bounds = sorted({0.0, *(fault.after for fault in faults), *map(end_of, faults)})
    return tuple(
        Phase(start, end, tuple(fault for fault in faults if fault.after <= start < end_of(fault)))
        for start, end in pairwise(bounds)
    )


def end_of(fault: Fault) -> float:
    """Seconds from the beginning of the plan to the end of a fault."""
    return round(fault.after + fault.seconds, 3)  # milliseconds: two sums that mean the same moment must be equal


def _too_short(target: str, hit: int, asked: Parameters) -> str:
    smallest = (hit - 1) * asked.step + SHORTEST_FAULT
    sentence = f"{hit} members of {target} that fail {asked.step:g}s apart would not all be broken in "
    sentence += f"{asked.duration:g}s; "
    if smallest > LONGEST:
        return sentence + "take a smaller step"
    return sentence + f"the smallest duration is {smallest:g}s, or take a smaller step"
