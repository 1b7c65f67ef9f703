"""The objectives of a stack, and how those that have something in common are selected among the recorded series."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import TypeVar

from stack.dataclass import dataclass
from stack.model import Stack

SLOS = ("success_rate", "latency")

G = TypeVar("G")
T = TypeVar("T")


@dataclass(frozen=True)
class Objective:
    """What one service promises: `target` (a ratio) of the requests are good, over `window` seconds."""

    service: str
    slo: str
    target: Decimal
    window: float

    @property
    def budget(self) -> Decimal:
        """The share of the requests that may be bad; exact, since the target is a Decimal."""
        return 1 - self.target


def objectives(stack: Stack) -> tuple[Objective, ...]:
    """Every objective of every service."""
    return tuple(
        Objective(service.name, slo, promised.target, promised.window)
        for service in stack.services.values()
        for slo, promised in zip(SLOS, (service.success_rate, service.latency), strict=True)
        if promised
    )


def selected(some: Iterable[Objective], among: Iterable[Objective]) -> Iterator[str]:
    """The matchers, braces and all, that together select `some` objectives among all that are recorded.

    Nothing at all when these are all of them, and else one for each of SLOS: as many as there are kinds of promises,
    however many services there are.
    """
    wanted, known = set(some), set(among)
    if wanted == known:
        yield ""
        return
    for slo in SLOS:
        services = sorted(one.service for one in wanted if one.slo == slo)
        if not services:
            continue
        others = len({one for one in known if one.slo == slo}) > len(services)
        by_service = f',service=~"{"|".join(services)}"' if others else ""
        yield f'{{slo="{slo}"{by_service}}}'


def window_of(objective: Objective) -> float:
    """The window of an objective, as the key of a group."""
    return objective.window


def by(key: Callable[[G], T], found: Iterable[G]) -> dict[T, list[G]]:
    """Objectives, or alerts on them, in groups, each in the order in which they came."""
    groups: dict[T, list[G]] = {}
    for one in found:
        groups.setdefault(key(one), []).append(one)
    return groups


def for_each(
    key: Callable[[Objective], T],
    found: Iterable[Objective],
    among: Iterable[Objective],
    write: Callable[[str, T], str],
) -> str:
    """PromQL: what `write` makes of the matchers and the key of each group of objectives, joined to one expression.

    One rule has to record all of them: several with one name and the same labels look like a mistake to promtool.
    """
    known = tuple(among)
    return "\nor ".join(
        write(matchers, value) for value, group in by(key, found).items() for matchers in selected(group, known)
    )
