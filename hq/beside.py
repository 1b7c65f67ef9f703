"""A command of ours that runs beside us, as a user would type it."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from typing import TextIO

from stack.errors import NotReadyError
from stack.process import die_with_parent


class Command:
    """A command running beside us, its lines passed on as they come; it ends with us."""

    def __init__(self, argv: Sequence[str], say: Callable[[str], None]) -> None:
        self.lines: list[str] = []
        self._say = say
        self._process = subprocess.Popen(
            [sys.executable, "-m", *argv],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,  # Ctrl-C is for us; we end the commands in order
            preexec_fn=die_with_parent(signal.SIGTERM),
        )
        self._reader = threading.Thread(target=self._pass_on, args=(self._process.stdout,), daemon=True)
        self._reader.start()

    @property
    def exit_code(self) -> int | None:
        return self._process.poll()

    def wait(self, seconds: float, what: str) -> int:
        """Its exit code, once all its lines have been passed on; raises NotReadyError after `seconds`."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise NotReadyError(f"{what} did not end within {seconds:g} s") from None
        self._reader.join(5)
        return self._process.returncode

    def stop(self) -> None:
        """Asks it to end, waits, and makes it."""
        if self.exit_code is None:
            self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(5)

    def _pass_on(self, output: TextIO) -> None:
        for line in output:
            self.lines.append(line.rstrip("\n"))
            self._say(f"  | {line.rstrip()}")
