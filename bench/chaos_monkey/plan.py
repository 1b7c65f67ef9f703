"""Which victims are killed in which round, and at which moments; all of it follows from the seed."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

HALF = 0.5


@dataclass(frozen=True)
class PlannedKill:
    """A kill at a `moment` of the loop: 0 is the start of its run, 1 the end of one that nothing disturbs."""

    number: int
    victim: str
    moment: float


@dataclass(frozen=True)
class PlannedRound:
    """Kills of different victims during one loop, in order of their moments, and how its run is started."""

    kills: tuple[PlannedKill, ...]
    over_http: bool


def planned_rounds(victims: Sequence[str], kills: int, together: tuple[int, int], seed: int) -> Iterator[PlannedRound]:
    """Rounds with so many kills each (fewest, most), `kills` in all; half of the runs are started over HTTP.

    Every victim comes equally often (give or take one), in an order by chance.
    """
    chance = random.Random(seed)
    order: list[str] = []
    while len(order) < kills:
        order += chance.sample(victims, len(victims))
    number = 0
    while number < kills:
        size = min(chance.randint(*together), kills - number)
        chosen: list[str] = []
        for victim in order[number : number + size]:
            if victim in chosen:
                break  # it is the next round's
            chosen.append(victim)
        planned = [PlannedKill(number + index, victim, chance.random()) for index, victim in enumerate(chosen)]
        number += len(chosen)
        yield PlannedRound(tuple(sorted(planned, key=lambda kill: kill.moment)), over_http=chance.random() < HALF)
