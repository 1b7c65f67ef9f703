"""Which victims are killed in which round, and at which moments; all of it follows from the seed."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class PlannedKill:
    """A kill at a `moment` of the loop: 0 is the start of its run, 1 the end of one that nothing disturbs."""

    number: int
    victim: str
    moment: float


def planned_rounds(
    victims: Sequence[str], kills: int, together: tuple[int, int], seed: int
) -> Iterator[tuple[PlannedKill, ...]]:
    """Rounds with so many kills of different victims (fewest, most), in order of their moments, `kills` in all.

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
        yield tuple(sorted(planned, key=lambda kill: kill.moment))
