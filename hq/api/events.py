"""Server-sent events: how one is written, and the answer that goes on until its events, its reader or we end.

A reader that went away comes back with the id of the last event that it has, in the header Last-Event-ID.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from fastapi import Header
from fastapi.responses import StreamingResponse
from fastapi.sse import format_sse_event

from hq.api.errors import ApiError

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send

HEARTBEAT_SECONDS = 15.0
RECONNECT_SECONDS = 2.0
STALLED_SECONDS = 60.0
"""A reader that takes nothing for so long is gone, or might as well be."""

MOST_STREAMS = 100
TOO_MANY = f"{MOST_STREAMS} streams are open already; close one"

STOPPING = "dev-hq serve was stopped before this was done; ask again when it runs"

HEARTBEAT = b":\n\n"

Given = TypeVar("Given")

LastEventId = Annotated[
    str | None,
    Header(alias="Last-Event-ID", description="The id of the last event that was read: the answer goes on after it."),
]


@dataclass(frozen=True)
class Event:
    """One event: what happened, as a word; what is known of it; and its id, if one can go on from here."""

    name: str
    data: Mapping[str, Any]
    id: str | None = None

    def __bytes__(self) -> bytes:
        """The event as it is sent, in ASCII, so that nothing in it ends a line."""
        return format_sse_event(event=self.name, data_str=json.dumps(self.data, allow_nan=False), id=self.id)


class Streams:
    """All streams of one application, so that they are not too many, and end when it does."""

    def __init__(self) -> None:
        self.ending = asyncio.Event()
        self.open = 0

    def end(self) -> None:
        """Ends them all; for the event loop's own thread."""
        self.ending.set()

    async def before_the_end(self, work: Coroutine[Any, Any, Given], patience: float = 0.0) -> Given:
        """What `work` gives; raises ApiError (503) when it is not done so many seconds after streams have to end.

        The server would cut it off without an answer, and without its line in the audit.
        """
        coming = asyncio.create_task(work)
        await self.wait_for(coming, None)
        await asyncio.wait((coming,), timeout=patience)
        if not coming.done():
            coming.cancel()
            raise ApiError(503, STOPPING, {"retry-after": "10"})
        return coming.result()

    async def wait_for(self, coming: asyncio.Task[Any], seconds: float | None) -> None:
        """Returns when it has come, when the streams end, or after so many seconds."""
        end = asyncio.create_task(self.ending.wait())
        try:
            await asyncio.wait((coming, end), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            end.cancel()


class EventStream(StreamingResponse):
    """The answer that sends `events` as they come, and a comment now and then while none does.

    Raises ApiError (503) when there are too many streams. Nothing is kept for a reader who is slow: the next event is
    asked for when the one before was taken.
    """

    media_type = "text/event-stream"

    def __init__(self, events: AsyncGenerator[Event, None], streams: Streams, status_code: int = 200) -> None:
        if streams.open >= MOST_STREAMS:
            raise ApiError(503, TOO_MANY, {"retry-after": "10"})
        super().__init__(self._chunks(), status_code, headers={"cache-control": "no-store", "x-accel-buffering": "no"})
        self._events = events
        self._streams = streams
        self._coming: asyncio.Task[Event | None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_in_time(message: Message) -> None:
            async with asyncio.timeout(STALLED_SECONDS):
                await send(message)

        self._streams.open += 1
        try:
            with suppress(TimeoutError):
                await super().__call__(scope, receive, send_in_time)
        finally:
            self._streams.open -= 1
            await self._close()

    async def _chunks(self) -> AsyncIterator[bytes]:
        yield f"retry: {RECONNECT_SECONDS * 1000:.0f}\n\n".encode()
        while not self._streams.ending.is_set():
            if self._coming is None:
                self._coming = asyncio.create_task(self._next())
            await self._streams.wait_for(self._coming, HEARTBEAT_SECONDS)
            if not self._coming.done():
                yield HEARTBEAT
                continue
            event, self._coming = self._coming.result(), None
            if event is None:
                return
            yield bytes(event)

    async def _next(self) -> Event | None:
        return await anext(self._events, None)

    async def _close(self) -> None:
        """Lets the events end in order, which they cannot while they are being asked for the next."""
        if self._coming:
            self._coming.cancel()
            await asyncio.wait((self._coming,))
        await self._events.aclose()
