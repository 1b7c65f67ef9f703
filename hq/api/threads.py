"""Work that waits for somebody else, in threads: it holds up no other request, nor the end of this process."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from hq.api.errors import ApiError

Given = TypeVar("Given")


async def in_thread(work: Callable[[], Given]) -> Given:
    """What `work` gives or raises; it has a thread of its own, which the end of the process does not wait for."""
    done: Future[Given] = Future()
    done.set_running_or_notify_cancel()  # so that whoever stops waiting does not take it from under the thread

    def run() -> None:
        try:
            given = work()
        except BaseException as error:
            done.set_exception(error)
        else:
            done.set_result(given)

    threading.Thread(target=run, name="api work", daemon=True).start()
    return await asyncio.wrap_future(done)


class AtMost:
    """Lets so many pieces of work go on at once, and refuses what is more: what waited would only pile up."""

    def __init__(self, most: int, refusal: str, retry_after: int) -> None:
        self._most = most
        self._refusal = refusal
        self._retry_after = retry_after
        self._running = 0

    async def run(self, work: Callable[[], Given]) -> Given:
        """As `in_thread`; raises ApiError (503) when there is enough to do."""
        if self._running >= self._most:
            raise ApiError(503, self._refusal, {"retry-after": str(self._retry_after)})
        self._running += 1
        try:
            return await in_thread(work)
        finally:
            self._running -= 1
