"""One watcher for all who listen: it asks Prometheus while somebody does, and nobody is asked while nobody does."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import contextmanager, suppress

from hq.api.anomaly_feed import AnomalyFeed
from hq.api.events import Event
from hq.api.threads import in_thread
from hq.terminal.asking import look
from hq.terminal.json_lines import Document, document
from hq.terminal.observation import Blind, BlindError, Observation
from hq.terminal.round import Rounds
from prometheus.access import connect
from prometheus.errors import PrometheusError
from stack.errors import HqError
from stack.model import PrometheusSettings

NO_ACCESS = "Prometheus cannot be asked; the log of dev-hq serve says why"
BROKEN = "something went wrong while looking; the log of dev-hq serve says what"

_log = logging.getLogger("dev-hq.api")


class AnomalyWatch:
    """Looks every `every` seconds while somebody listens, one look at a time, and feeds what it sees."""

    def __init__(self, observe: Callable[[], Observation], every: float) -> None:
        self._observe = observe
        self._every = every
        self._feed = AnomalyFeed()
        self._listeners = 0
        self._watching: asyncio.Task[None] | None = None
        self._is_fresh = False
        self._looked = asyncio.Event()  # another one for each look
        self._left = asyncio.Event()

    async def now(self) -> Document:
        """What is so now: at most as old as a look takes and the time between two."""
        with self._listening():
            await self._fresh()
            return self._feed.now

    async def events(self, last_event_id: str | None) -> AsyncGenerator[Event, None]:
        """What changes, after the event of this id where that is known, and else after a snapshot of what is so."""
        with self._listening():
            position = self._feed.position(last_event_id)
            if position is None:
                await self._fresh()
            while True:
                looked = self._looked
                step = self._feed.after(position)
                if step is None:
                    await looked.wait()
                else:
                    position = step.number
                    yield step.event

    @contextmanager
    def _listening(self) -> Iterator[None]:
        self._listeners += 1
        if self._watching is None:
            self._watching = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            self._listeners -= 1
            self._left.set()

    async def _fresh(self) -> None:
        """Returns when the feed shows what was seen since somebody listens."""
        while not self._is_fresh:
            await self._looked.wait()

    async def _watch(self) -> None:
        try:
            while self._listeners:
                began = time.monotonic()
                self._feed.take(await in_thread(self._look))
                self._is_fresh = True
                self._looked.set()
                self._looked = asyncio.Event()
                await self._pause(began + self._every)
        finally:
            self._watching, self._is_fresh = None, False

    async def _pause(self, until: float) -> None:
        """Returns at that monotonic time, or when the last listener has left."""
        while self._listeners:
            self._left.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._left.wait(), max(0.0, until - time.monotonic()))
                continue
            return

    def _look(self) -> Document:
        try:
            return document(look(self._observe))
        except Exception:  # whoever listens would wait for ever for a look that never ends
            _log.exception("a mistake of ours, and not of Prometheus")
            return document(Blind(time.time(), BROKEN))


class Observer:
    """Rounds over one Prometheus, begun when it is first asked; what names files of ours goes to the log."""

    def __init__(self, settings: PrometheusSettings) -> None:
        self._settings = settings
        self._rounds: Rounds | None = None
        self._said = ""

    def __call__(self) -> Observation:
        """What is so now; raises HqError when nobody can say."""
        try:
            if self._rounds is None:
                self._rounds = Rounds(connect(self._settings))
            return self._rounds.observe()
        except (PrometheusError, BlindError):
            raise
        except HqError as error:
            if str(error) != self._said:
                self._said = str(error)
                _log.warning("%s", error)
            raise HqError(NO_ACCESS) from None
