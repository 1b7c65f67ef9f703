"""Signals that wake whoever waits for a file descriptor, and are handled there, not in the middle of something."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Iterable
from contextlib import suppress
from types import FrameType, TracebackType
from typing import Any


class StuckError(Exception):
    """A signal, its number, came while the terminal took nothing."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class NotedSignals:
    """While entered, notes signals; `fd` is readable when there are some. For the main thread only.

    Those that are ignored on entry, as SIGHUP by nohup, stay ignored.
    """

    def __init__(self, numbers: Iterable[signal.Signals]) -> None:
        self._numbers = tuple(numbers)
        self._ending: tuple[signal.Signals, ...] = ()
        self._output_fd = -1
        self._before: dict[signal.Signals, Any] = {}
        self.fd, self._write_fd = -1, -1
        self._woken_before = -1

    def __enter__(self) -> NotedSignals:
        self.fd, self._write_fd = os.pipe()
        os.set_blocking(self.fd, False)
        os.set_blocking(self._write_fd, False)
        self._woken_before = signal.set_wakeup_fd(self._write_fd, warn_on_full_buffer=False)
        for number in self._numbers:
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._woken_before)
        os.close(self.fd)
        os.close(self._write_fd)

    def interrupt_writing(self, fd: int, ending: Iterable[signal.Signals]) -> None:
        """From now on these signals raise StuckError while `fd` takes nothing: nobody reads that terminal."""
        self._output_fd, self._ending = fd, tuple(ending)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        """Python writes the number to the wakeup descriptor; but a write that is stuck it goes on with."""
        if number in self._ending and not select.select([], [self._output_fd], [], 0)[1]:
            self._ending = ()
            raise StuckError(number)

    def wake(self) -> None:
        """Makes `fd` readable, from any thread."""
        with suppress(OSError):  # full: it is readable already; closed: nobody waits any more
            os.write(self._write_fd, b"\0")

    def noted(self) -> list[int]:
        """The numbers of the signals since the last call."""
        try:
            return [number for number in os.read(self.fd, 4096) if number]
        except BlockingIOError:
            return []

    def stop_here(self) -> None:
        """Stops this process as Ctrl-Z does without us; returns when it goes on."""
        handler = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTSTP)
        signal.signal(signal.SIGTSTP, handler)
