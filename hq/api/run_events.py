"""The events of a run: its records in the journal as they are written, and a last one when it has ended."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool

from hq.api.errors import ApiError
from hq.api.events import Event
from hq.api.run_models import moment
from hq.api.run_request import without_paths
from hq.api.runs import Runs
from stack.errors import JournalError
from stack.journal import Record
from stack.model import Stack

EVERY_SECONDS = 0.2

_OURS_ALONE = frozenset({"pid", "process_started", "boot", "pid_namespace", "key", "body"})

_log = logging.getLogger("dev-hq.api")


class RunFeed:
    """Reads the journal on for all who follow a run, as often as one of them would."""

    def __init__(self, runs: Runs) -> None:
        self.runs = runs
        self._lock = asyncio.Lock()
        self._read = float("-inf")

    async def events(self, run: str, after: int) -> AsyncGenerator[Event, None]:
        """Every record of the run after the first so many, and `end` with the run when it has ended.

        It ends without that when the journal cannot be read or written or is another: whoever follows asks again.
        """
        try:
            while True:
                if self.runs.has_news(run, after):
                    records, count, ended = await run_in_threadpool(self.runs.news, run, after)
                    for number, record in enumerate(records, after + 1):
                        yield event_of(record, number, self.runs.stack)
                    if ended:
                        yield Event("end", (await run_in_threadpool(self.runs.one, run)).model_dump(mode="json"))
                        return
                    after = count
                await asyncio.sleep(EVERY_SECONDS)
                await self._read_on()
        except (JournalError, ApiError) as error:
            _log.warning("%s", error)

    async def _read_on(self) -> None:
        async with self._lock:
            if time.monotonic() - self._read >= EVERY_SECONDS:
                await run_in_threadpool(self.runs.refresh)
                self._read = time.monotonic()


def place_of(last_event_id: str | None, records: int) -> int:
    """How many records somebody has who comes back; none for an id that is not of this run."""
    text = last_event_id or ""
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    return number if number <= records else 0


def event_of(record: Record, number: int, stack: Stack) -> Event:
    """A record as an event: its kind, its number within the run, and what somebody elsewhere may know of it."""
    at = moment(record.at)
    shown: dict[str, Any] = {"at": at.isoformat().replace("+00:00", "Z") if at else None}
    for name, value in record.data.items():
        if name == "report" and isinstance(value, str):
            shown[name] = Path(value).name
        elif name not in _OURS_ALONE:
            shown[name] = without_paths(value, stack) if isinstance(value, str) else value
    return Event(record.kind, shown, str(number))
