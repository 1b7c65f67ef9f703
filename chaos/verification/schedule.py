"""What is tried when: in random order, with random gaps, all from one seed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice

from chaos.verification.aim import Aim
from chaos.verification.decoys import Decoy

GAP = (5.0, 30.0)  # seconds
QUICK_GAP = (1.0, 4.0)
STEADY = 120.0  # seconds before each repetition in which nothing is done


@dataclass(frozen=True)
class Planned:
    """One trial, and the seconds before it in which nothing is done."""

    act: Aim | Decoy
    gap: float


def schedule(aims: Sequence[Sequence[Aim]], decoys: Sequence[Decoy], repeats: int, seed: int) -> tuple[Planned, ...]:
    """Everything so many times, each time in an order of its own; `aims` are those of each scenario by intensity."""
    chance = random.Random(seed)
    found: list[Planned] = []
    for _ in range(repeats):
        acts: list[Aim | Decoy] = [*(aim for scenario in aims for aim in scenario), *decoys]
        chance.shuffle(acts)
        gaps = [chance.uniform(*GAP) for _ in acts]
        gaps[0] += STEADY
        found += [Planned(act, round(gap, 1)) for act, gap in zip(acts, gaps, strict=True)]
    return tuple(found)


def sample(aims: Sequence[Sequence[Aim]], decoys: Sequence[Decoy], seed: int) -> tuple[Planned, ...]:
    """Each scenario once, the intensities spread over them, each of which comes at least once; at last one decoy."""
    chance = random.Random(seed)
    scenarios = [list(scenario) for scenario in aims]
    chance.shuffle(scenarios)
    places = list(range(len(scenarios[0])))
    chance.shuffle(places)
    number = max(len(scenarios), len(places))
    acts: list[Aim | Decoy] = [
        scenario[place] for scenario, place in islice(zip(cycle(scenarios), cycle(places), strict=False), number)
    ]
    if decoys:
        acts.append(chance.choice(list(decoys)))
    return tuple(Planned(act, round(chance.uniform(*QUICK_GAP), 1)) for act in acts)
