"""What changed from one look to the next, as events with ids, of which the last ones are kept."""

from __future__ import annotations

import re
import secrets
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from hq.api.events import Event
from hq.terminal.json_lines import Document

KEPT = 1000
"""So many events are kept; who comes back after more of them is told all that is so, and not what has changed."""

_KEY = ("type", "service", "pool")
_ID = re.compile(r"([0-9a-f]{8})-(\d{1,15})", re.ASCII)

Key = tuple[str, ...]


@dataclass(frozen=True)
class Step:
    """An event, and where in the feed it leads."""

    number: int
    event: Event


class AnomalyFeed:
    """The events of one process, numbered from 1: an id of another one, `BOOT-N` with another BOOT, means nothing here.

    Whoever applies the events after a snapshot, or after `seeing`, to its anomalies has those that are now.
    """

    def __init__(self, kept: int = KEPT) -> None:
        self._boot = secrets.token_hex(4)
        self._steps: deque[Step] = deque(maxlen=kept)
        self._last = 0
        self._now: Document | None = None
        self._known: dict[Key, Document] | None = None

    @property
    def now(self) -> Document:
        """What was seen last; raises RuntimeError before anything was."""
        if self._now is None:
            raise RuntimeError("nobody has looked yet")
        return self._now

    def take(self, now: Document) -> None:
        """What is seen now: keeps what differs from what was seen before, if anything was."""
        for name, data in list(self._news(now)):
            self._last += 1
            self._steps.append(Step(self._last, Event(name, data, self._id)))
        self._now = now
        if now["state"] != "blind":
            self._known = _by_key(now)

    def position(self, last_event_id: str | None) -> int | None:
        """The number of the event with this id, or None when nobody could say what came after it."""
        match = _ID.fullmatch(last_event_id or "")
        if not match or match[1] != self._boot:
            return None
        number = int(match[2])
        return number if self._oldest - 1 <= number <= self._last else None

    def after(self, position: int | None) -> Step | None:
        """The next step from there, or None at the end; a snapshot of all that is so where nothing leads on."""
        if position is None or position < self._oldest - 1:
            return Step(self._last, Event("snapshot", self.now, self._id))
        return self._steps[position - self._last] if position < self._last else None

    @property
    def _oldest(self) -> int:
        """The number of the first event that is kept, or of the next one."""
        return self._last - len(self._steps) + 1

    @property
    def _id(self) -> str:
        return f"{self._boot}-{self._last}"

    def _news(self, now: Document) -> Iterator[tuple[str, Document]]:
        if self._now is None:
            return
        was_blind, at = self._now["state"] == "blind", {"at": now["at"], "state": now["state"]}
        if now["state"] == "blind":
            if not was_blind:
                yield "blind", {**at, "reason": now["reason"]}
            return
        if was_blind:
            yield "seeing", now
        if self._known is not None:
            for name, anomaly, fields in _differences(self._known, _by_key(now)):
                yield name, {**at, "anomaly": anomaly, "fields": fields}


def _by_key(seen: Document) -> dict[Key, Document]:
    return {tuple(anomaly[name] for name in _KEY): anomaly for anomaly in seen["anomalies"]}


def _differences(before: dict[Key, Document], now: dict[Key, Document]) -> Iterator[tuple[str, Document, list[str]]]:
    for key, anomaly in before.items():
        if key not in now:
            yield "ended", anomaly, []
    for key, anomaly in now.items():
        if key not in before:
            yield "started", anomaly, []
        elif fields := [name for name in anomaly if anomaly[name] != before[key][name]]:
            yield "changed", anomaly, fields
