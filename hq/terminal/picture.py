"""One moment of the screen: what is known, how old it is, and what the reader chose."""

from __future__ import annotations

from hq.terminal.asking import Latest
from hq.terminal.cells import Glyphs
from hq.terminal.observation import Blind, Observation
from hq.terminal.printable import printable
from hq.terminal.view import View
from stack.dataclass import dataclass

PATIENCE = 5.0
"""Data that is this much older than the time between two rounds is old."""


@dataclass(frozen=True)
class Picture:
    """What the sections of the screen are drawn from.

    `blind` says why nobody can say, empty when somebody can. `age` is that of `seen` in seconds, `now` the time that
    ages are measured at, by the clock of Prometheus; it stands still with what is seen. `clock` is our own time (both
    in epoch seconds).
    """

    view: View
    glyphs: Glyphs
    encoding: str
    seen: Observation | None
    blind: str
    blind_for: float
    age: float
    is_old: bool
    now: float
    clock: float
    every: float

    def safe(self, text: str) -> str:
        """Text from outside, fit for this terminal."""
        return printable(text, self.encoding)


def picture(
    latest: Latest, view: View, *, glyphs: Glyphs, encoding: str, every: float, monotonic: float, clock: float
) -> Picture:
    """What is to be drawn at this time."""
    blind_for = 0.0 if latest.blind_since is None else monotonic - latest.blind_since
    age = monotonic - latest.good_at if latest.good else 0.0
    is_blind = isinstance(latest.seen, Blind)
    return Picture(
        view=view,
        glyphs=glyphs,
        encoding=encoding,
        seen=latest.good,
        blind=latest.seen.reason if isinstance(latest.seen, Blind) else "",
        blind_for=blind_for,
        age=age,
        is_old=is_blind or age > every + PATIENCE,
        now=latest.good.at + (0.0 if is_blind or view.paused else age) if latest.good else clock,
        clock=clock,
        every=every,
    )
