"""The full screen: draws what is known, obeys keys and signals, and leaves the terminal as it was."""

from __future__ import annotations

import os
import select
import signal
import sys
import termios
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import TextIO

from rich.console import Console, Group
from rich.control import Control
from rich.screen import Screen

from hq.terminal.asking import Asking, Latest
from hq.terminal.cells import ASCII, UNICODE
from hq.terminal.keys import ESCAPE_SECONDS, KeyDecoder, KeyMode
from hq.terminal.observation import Observation, exit_code
from hq.terminal.picture import Picture, picture
from hq.terminal.screen import screen
from hq.terminal.signals import NotedSignals, StuckError
from hq.terminal.view import View, Wish

TICK = 1.0
"""Ages grow by the second."""
STOPPING_TICK = 0.1
SIGNALS = (
    signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGTSTP, signal.SIGCONT, signal.SIGWINCH,
)  # fmt: skip
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
_ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J"  # the other screen, no cursor, and nothing that is too long wraps
_LEAVE = "\x1b[?7h\x1b[?25h\x1b[?1049l"
_CLEAR = "\x1b[2J"


class FullScreen:
    """A dashboard on a terminal; `run` ends with `q`, Ctrl-C, a signal, or when `stopping` is set."""

    def __init__(
        self,
        observe: Callable[[], Observation],
        output: TextIO,
        every: float,
        stopping: threading.Event | None = None,
    ) -> None:
        self._output = output
        self._every = every
        self._stopping = stopping
        self._signals = NotedSignals(SIGNALS)
        self._asking = Asking(observe, every, self._signals.wake)
        self._keys = KeyDecoder()
        self._key_mode = KeyMode(sys.stdin.fileno())
        self._view = View()
        self._pinned: Latest | None = None
        self._console = Console(file=output, force_terminal=True, force_jupyter=False, legacy_windows=False)
        self._is_unicode = self._console.encoding.startswith("utf")

    def run(self) -> int:
        """The exit code: what was seen last, or 128 and the number of the signal that ended it."""
        with self._signals:
            try:
                self._signals.interrupt_writing(self._output.fileno(), ENDING)
                self._enter()
                self._asking.start()
                return self._loop()
            except StuckError as stuck:
                self._drop_output()
                return self._code_of(stuck.number)
            except (OSError, termios.error):  # the terminal is gone, and a signal says so, or will
                return 128 + signal.SIGHUP
            finally:
                self._signals.interrupt_writing(-1, ())
                self._asking.stop()
                self._leave()

    def _loop(self) -> int:
        code: int | None = None
        while code is None:
            self._draw()
            code = self._obey(self._wait())
            if self._stopping is not None and self._stopping.is_set():
                code = exit_code(self._asking.latest.seen)
        return code

    def _wait(self) -> list[int]:
        """The descriptors that something came from, at the latest when what is drawn grows old."""
        tick = TICK - time.time() % TICK if self._stopping is None else STOPPING_TICK
        seconds = ESCAPE_SECONDS if self._keys.is_waiting else tick
        return select.select([sys.stdin.fileno(), self._signals.fd], [], [], seconds)[0]

    def _obey(self, readable: list[int]) -> int | None:
        """Does what signals and keys ask for; the exit code, if that is to end."""
        for number in self._signals.noted():
            code = self._obey_signal(number)
            if code is not None:
                return code
        if sys.stdin.fileno() in readable:
            data = self._key_mode.read()
            if not data:
                return 128 + signal.SIGHUP
            keys = self._keys.keys(data)
        else:
            keys = self._keys.give_up()
        return self._obey_keys(keys)

    def _obey_signal(self, number: int) -> int | None:
        if number in ENDING:
            return self._code_of(number)
        if number == signal.SIGTSTP:
            self._leave()
            self._signals.stop_here()
            self._enter()
        elif number == signal.SIGCONT:  # after a stop that nobody could notice, the shell has used the terminal
            self._enter()
        elif number == signal.SIGWINCH:
            self._write(_CLEAR)
        return None

    def _code_of(self, number: int) -> int:
        return exit_code(self._asking.latest.seen) if number == signal.SIGINT else 128 + number

    def _obey_keys(self, keys: list[str]) -> int | None:
        latest = self._asking.latest
        for key in keys:
            wish = self._view.press(key, (self._pinned or latest).good)
            if wish is Wish.QUIT:
                return exit_code(latest.seen)
            if wish is Wish.LOOK:
                self._asking.at_once()
            if wish is Wish.REDRAW:
                self._write(_CLEAR)
        return None

    def _draw(self) -> None:
        """The whole screen, over what is there and without clearing it first: nothing flickers."""
        width, height = self._size()
        lines = screen(self._picture(), width, height)
        self._console.size = (width, height)
        with self._console:
            self._console.control(Control.home())
            self._console.print(Screen(Group(*lines)), end="", highlight=False, markup=False)

    def _picture(self) -> Picture:
        latest = self._asking.latest
        if not self._view.paused or latest.good is None:
            self._pinned = None
        elif self._pinned is None:
            self._pinned = latest
        shown = replace(latest, good=self._pinned.good, good_at=self._pinned.good_at) if self._pinned else latest
        return picture(
            shown,
            self._view,
            glyphs=UNICODE if self._is_unicode else ASCII,
            encoding=self._console.encoding,
            every=self._every,
            monotonic=time.monotonic(),
            clock=time.time(),
        )

    def _size(self) -> tuple[int, int]:
        """Columns and rows; those of an old terminal where it does not know them itself."""
        size = os.get_terminal_size(self._output.fileno())
        return size.columns or 80, size.lines or 24

    def _enter(self) -> None:
        self._key_mode.enter()
        self._write(_ENTER)

    def _leave(self) -> None:
        """Never fails: there may be no terminal any more, and then nothing is to be written to it later either."""
        self._key_mode.leave()
        try:
            self._write(_LEAVE)
        except OSError:
            self._write_nowhere()

    def _drop_output(self) -> None:
        """Forgets what the terminal has not taken, so that it can still be left as it was."""
        fd = self._output.fileno()
        with suppress(OSError, termios.error):
            termios.tcflush(fd, termios.TCOFLUSH)
            if select.select([], [fd], [], 0)[1]:
                os.write(fd, _LEAVE.encode())
        self._write_nowhere()

    def _write_nowhere(self) -> None:
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._output.fileno())

    def _write(self, text: str) -> None:
        self._output.write(text)
        self._output.flush()
