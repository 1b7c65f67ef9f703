"""A stream of events that is read on after its connection was lost, from the last event that came."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator

from hq.remote.client import FIRST_PAUSE, LONGEST_PAUSE, LONGEST_WISH, RemoteClient
from hq.remote.errors import LostError, ServerError
from hq.remote.sse import HEARTBEAT, Event
from stack.quantity import format_duration


class GivenUpError(ServerError):
    """The server was not found again in time."""


class Following:
    """The events of the stream at `path`, over as many connections as it takes.

    `lost` is told once why a connection was lost, and nothing when the server is found again. After `patience` seconds
    without a word from it, GivenUpError is raised.
    """

    def __init__(self, client: RemoteClient, path: str, patience: float, lost: Callable[[str], None]) -> None:
        self._client = client
        self._path = path
        self._patience = patience
        self._lost = lost
        self._last = ""

    def events(self) -> Generator[Event, None, None]:
        """Each event once; called again, those after the last. They end when the server says so; raises ServerError."""
        pause = FIRST_PAUSE
        silent_since: float | None = None
        while True:
            try:
                with self._client.events(self._path, self._last) as events:
                    if events is None:
                        return
                    for event in events:
                        pause, silent_since = FIRST_PAUSE, None
                        if event is not HEARTBEAT:
                            yield event
                            self._last = event.id or self._last
                trouble = f"{self._client.name} ended the stream"
            except LostError as error:
                trouble = str(error)
                pause = max(pause, min(error.retry_after or 0.0, LONGEST_WISH))
            now = time.monotonic()
            if silent_since is None:
                silent_since = now
                self._lost(trouble)
            if now + pause >= silent_since + self._patience:
                raise GivenUpError(f"no word for {format_duration(self._patience)}: {trouble}")
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
