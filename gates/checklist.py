"""The gates of one check, whom they ask, and what follows when one of them fails."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from gates.gate import QualityGate
from stack.dataclass import dataclass
from stack.errors import HqError
from stack.model import PrometheusSettings
from stack.quantity import format_count, format_duration
from stack.suggestion import suggestion

if TYPE_CHECKING:
    from stack.on_fail import OnFail

FEWEST_SCRAPES = 4


@dataclass(frozen=True)
class Checklist:
    """What one check judges: `file` is where it is written, `journal` where the verdicts go.

    `on_fail` is what to do when it fails; data older than `max_age` seconds is stale (None: by the scrape interval).
    """

    file: Path
    gates: tuple[QualityGate, ...]
    prometheus: PrometheusSettings
    journal: Path
    max_age: float | None = None
    on_fail: OnFail | None = None

    @property
    def summary(self) -> str:
        """How many gates there are, and how many of them are required."""
        required = sum(gate.required for gate in self.gates)
        return f"{format_count(len(self.gates), 'gate')}, {required} required"

    def only(self, services: Collection[str] | None = None, names: Collection[str] | None = None) -> Checklist:
        """The gates of these services and names, of all unless given; raises HqError when there are none."""
        _refuse_unknown("service", services, [gate.service for gate in self.gates if gate.service])
        _refuse_unknown("gate", names, [gate.name for gate in self.gates])
        chosen = tuple(
            gate
            for gate in self.gates
            if (services is None or gate.service in services) and (names is None or gate.name in names)
        )
        if not chosen:
            raise HqError(f"{self.file} has no gate {', '.join(sorted(names or ()))} for these services")
        return replace(self, gates=chosen)

    def with_window(self, seconds: float) -> Checklist:
        """The same gates over the last `seconds`; those whose windows are their own keep them. Raises HqError."""
        if problem := self._too_short("the window", seconds):
            raise HqError(problem)
        gates = tuple(replace(gate, window=seconds) if gate.condition.is_of_the_window else gate for gate in self.gates)
        return replace(self, gates=gates)

    def refuse_short_windows(self) -> None:
        """Raises HqError for a window with too few scrapes to count in, with its place where that is known."""
        for gate in self.gates:
            service = f" for {gate.service}" if gate.service else ""
            problem = self._too_short(f"the window of {gate.name}{service}", gate.window)
            if problem:
                raise gate.error(problem)

    def _too_short(self, what: str, seconds: float) -> str | None:
        return too_short(what, seconds, self.prometheus.scrape_interval, self.prometheus.url)


def too_short(what: str, seconds: float, scrape_interval: float, server: str = "Prometheus") -> str | None:
    """Why a window of so many seconds, called `what`, holds too few scrapes to count in, or None."""
    shortest = FEWEST_SCRAPES * scrape_interval
    if seconds >= shortest:
        return None
    return (
        f"{what}, {format_duration(seconds)}, is too short to count in: {server} scrapes every "
        f"{format_duration(scrape_interval)}, so make it at least {format_duration(shortest)}"
    )


def _refuse_unknown(what: str, asked: Collection[str] | None, known: Collection[str]) -> None:
    for name in asked or ():
        if name not in known:
            raise HqError(f'there is no {what} "{name}"; {suggestion(name, tuple(dict.fromkeys(known)), "there is")}')
