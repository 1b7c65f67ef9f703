"""An observer: a thread that looks again and again until it is left."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self


class Repeating(ABC):
    """Calls `look` every `every` seconds while it is entered; an exception in it comes out when it is left."""

    every: float

    def __init__(self) -> None:
        self._left = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._observe, name=type(self).__name__, daemon=True)

    @property
    def is_looking(self) -> bool:
        """Whether it was entered and nothing has ended it yet."""
        return self._thread.is_alive()

    def check(self) -> None:
        """Raises what went wrong in a look, since when there were none."""
        if self._failure:
            raise self._failure

    @abstractmethod
    def look(self) -> None:
        """One look."""

    def close(self) -> None:  # noqa: B027 - most have nothing to close
        """Lets go of what it holds, after the last look."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._left.set()
        self._thread.join(30)
        self.close()
        if not error:
            self.check()

    def _observe(self) -> None:
        try:
            while not self._left.is_set():
                began = time.monotonic()
                self.look()
                self._left.wait(max(0.0, began + self.every - time.monotonic()))
        except BaseException as failure:
            self._failure = failure
