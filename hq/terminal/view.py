"""What the reader chose to see: filters, the selected anomaly, and what each key does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from hq.terminal.observation import Observation
from prometheus.anomalies import Anomaly
from prometheus.catalogue import SEVERITIES

PAGE = 10
LONGEST_TEXT = 60

Identity = tuple[str, str, str]


class Wish(Enum):
    """What a key asks of whoever shows the view."""

    NOTHING = "nothing"
    QUIT = "quit"
    LOOK = "look"
    REDRAW = "redraw"


@dataclass
class View:
    """The state of the screen. An empty filter lets everything through; `least` is the least severity shown."""

    service: str = ""
    least: str = "low"
    text: str = ""
    typing: bool = False
    helping: bool = False
    paused: bool = False
    selected: Identity | None = None
    index: int = 0
    offset: int = field(default=0)

    @property
    def is_filtering(self) -> bool:
        """Whether something may be hidden."""
        return bool(self.service or self.text) or self.least != "low"

    def of_service(self, service: str) -> bool:
        """Whether what belongs to this service is shown."""
        return not self.service or service == self.service

    def shown(self, anomalies: Sequence[Anomaly]) -> list[Anomaly]:
        """The anomalies that the filters let through."""
        ranks = list(SEVERITIES)
        least = ranks.index(self.least)
        return [
            one
            for one in anomalies
            if self.of_service(one.service) and ranks.index(one.severity) >= least and self._matches(one)
        ]

    def place(self, shown: Sequence[Anomaly]) -> int | None:
        """The index of the selected anomaly: the same one wherever it is now, else whatever took its place."""
        if not shown:
            return None
        identities = [identity(one) for one in shown]
        if self.selected in identities:
            self.index = identities.index(self.selected)
        self.index = min(self.index, len(shown) - 1)
        return self.index

    def press(self, key: str, seen: Observation | None) -> Wish:
        """Does what a key stands for."""
        if key == "ctrl-c":
            return Wish.QUIT
        if self.typing:
            self._type(key)
            return Wish.NOTHING
        if self.helping:
            self.helping = False
            return Wish.QUIT if key == "q" else Wish.NOTHING
        if key in _WISHES:
            return _WISHES[key]
        self._change(key, seen)
        return Wish.NOTHING

    def _type(self, key: str) -> None:
        if key == "escape":
            self.text, self.typing = "", False
        elif key == "enter":
            self.typing = False
        elif key == "backspace":
            self.text = self.text[:-1]
        elif key == "ctrl-u":
            self.text = ""
        elif len(key) == 1 and len(self.text) < LONGEST_TEXT:
            self.text += key

    def _change(self, key: str, seen: Observation | None) -> None:
        if key in _MOVES:
            self._move(_MOVES[key], seen)
        elif key == "/":
            self.typing = True
        elif key in ("?", "h"):
            self.helping = True
        elif key in ("p", " "):
            self.paused = not self.paused
        elif key in ("s", "S"):
            self.service = _next(["", *_services(seen)], self.service, 1 if key == "s" else -1)
        elif key in ("v", "V"):
            self.least = _next(list(SEVERITIES), self.least, 1 if key == "v" else -1)
        elif key in ("c", "escape"):
            self.service, self.least, self.text = "", "low", ""

    def _move(self, by: int, seen: Observation | None) -> None:
        shown = self.shown(seen.anomalies) if seen else []
        place = self.place(shown)
        if place is not None:
            self.index = max(0, min(len(shown) - 1, place + by))
            self.selected = identity(shown[self.index])

    def _matches(self, anomaly: Anomaly) -> bool:
        words = (anomaly.type, anomaly.severity, anomaly.service, anomaly.pool, anomaly.metric, anomaly.summary)
        return self.text.casefold() in " ".join(words).casefold()


_FAR = 1_000_000
_MOVES = {
    "up": -1, "k": -1, "down": 1, "j": 1, "page up": -PAGE, "page down": PAGE, "home": -_FAR, "g": -_FAR, "end": _FAR,
    "G": _FAR,
}  # fmt: skip
_WISHES = {"q": Wish.QUIT, "Q": Wish.QUIT, "r": Wish.LOOK, "ctrl-l": Wish.REDRAW}


def identity(anomaly: Anomaly) -> Identity:
    """What makes two rounds speak of the same anomaly."""
    return (anomaly.type, anomaly.service, anomaly.pool)


def _services(seen: Observation | None) -> list[str]:
    if seen is None:
        return []
    return sorted({service.name for service in seen.services} | {anomaly.service for anomaly in seen.anomalies})


def _next(choices: list[str], chosen: str, by: int) -> str:
    index = choices.index(chosen) if chosen in choices else 0
    return choices[(index + by) % len(choices)]
