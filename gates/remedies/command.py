"""A command in a process group of its own, none of which outlives its deadline."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO

from gates.remedies.remedy import Remedy
from gates.remedies.transcript import Transcript
from stack.on_fail import OnFail
from stack.process import die_with_parent, interrupts_held
from stack.quantity import format_duration

GRACE = 5.0  # seconds from the request to end to the end
_CHUNK = 64 * 1024
_TICK = 0.05
_LAST_WORDS = 0.5


def run(action: str, on_fail: OnFail, words: bytes, known: Mapping[str, str]) -> Remedy:
    """Runs the command with `words` on its standard input and `known` in its environment.

    What it prints goes to our standard error. At its deadline, or when we are interrupted, its whole process group is
    ended; what it leaves running in that group ends with it.
    """
    began = time.monotonic()
    with ExitStack() as at_last:
        try:
            with interrupts_held() as let_go:
                running = _Running(on_fail, words, known, let_go)
                at_last.callback(running.end)
        except OSError as error:
            return Remedy.failed(action, f"could not be started: {_reason(error)}")
        in_time = running.attend(on_fail.timeout, lambda: running.has_ended)
    code = running.code
    if not in_time:
        fate = "could not be killed" if code is None else "was killed"
        return Remedy.failed(action, f"did not end within {format_duration(on_fail.timeout)} and {fate}")
    after = f"after {time.monotonic() - began:.1f}s"
    return Remedy(action, f"ended with 0 {after}") if code == 0 else Remedy.failed(action, f"{_ending(code)} {after}")


class _Running:
    """The process group of a command, and its pipes."""

    def __init__(self, on_fail: OnFail, words: bytes, known: Mapping[str, str], in_child: Callable[[], None]) -> None:
        die_with_us = die_with_parent(signal.SIGTERM)  # nobody else would hold its deadline

        def prepare() -> None:
            in_child()
            die_with_us()

        self._process = subprocess.Popen(
            on_fail.run,
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=on_fail.directory,
            env={**os.environ, **known},
            start_new_session=True,
            preexec_fn=prepare,
        )
        assert self._process.stdin  # noqa: S101 - it is asked for above
        assert self._process.stdout  # noqa: S101
        self._open: dict[int, IO[bytes]] = {}
        self._selector = selectors.DefaultSelector()
        self._stdin = self._opened(self._process.stdin, selectors.EVENT_WRITE)
        self._stdout = self._opened(self._process.stdout, selectors.EVENT_READ)
        self._words = words
        self._transcript = Transcript(Path(on_fail.run[0]).name)
        self._is_lost = False
        self.code: int | None = None  # below zero a signal's; None as long as, or where, nobody knows it

    @property
    def has_ended(self) -> bool:
        """Whether the command has; it is not reaped yet, so that its group's number cannot be anybody else's."""
        try:
            return os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        except ChildProcessError:  # whoever started us ignores SIGCHLD, and so the kernel reaps
            self._is_lost = True
            return True

    @property
    def _is_silent(self) -> bool:
        """Whether nobody is left who could print."""
        return self._stdout not in self._open

    def attend(self, seconds: float, done: Callable[[], bool]) -> bool:
        """Feeds it and passes on what it prints until it is `done`; whether it was, within so many seconds."""
        deadline = time.monotonic() + seconds
        while not done():
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            self._exchange(min(left, _TICK))
        return True

    def end(self) -> None:
        """Ends the whole group, gently at first if the command still runs.

        Nobody knows the exit code of a command that cannot be killed, or that the kernel reaped.
        """
        try:
            if not self.has_ended:
                self._signal(signal.SIGTERM)
                self.attend(GRACE, lambda: self.has_ended and self._is_silent)
        finally:
            self._signal(signal.SIGKILL)
            self.attend(_LAST_WORDS, lambda: self._is_silent)
            self._close()
        if not self._is_lost:
            with suppress(subprocess.TimeoutExpired):
                self.code = self._process.wait(GRACE)

    def _opened(self, pipe: IO[bytes], event: int) -> int:
        os.set_blocking(pipe.fileno(), False)
        self._selector.register(pipe, event)
        self._open[pipe.fileno()] = pipe
        return pipe.fileno()

    def _exchange(self, seconds: float) -> None:
        """Moves what can be moved through its pipes, waiting so long for it."""
        for key, _ in self._selector.select(seconds):
            if key.fd == self._stdin:
                self._feed()
            else:
                self._hear()

    def _feed(self) -> None:
        try:
            self._words = self._words[os.write(self._stdin, self._words) :]
        except BrokenPipeError:  # it does not want to know
            self._words = b""
        if not self._words:
            self._forget(self._stdin)

    def _hear(self) -> None:
        heard = os.read(self._stdout, _CHUNK)
        self._transcript.add(heard)
        if not heard:
            self._forget(self._stdout)

    def _forget(self, descriptor: int) -> None:
        self._selector.unregister(descriptor)
        self._open.pop(descriptor).close()

    def _close(self) -> None:
        self._transcript.end()
        for descriptor in list(self._open):
            self._forget(descriptor)
        self._selector.close()

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)


def _reason(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "there is no such program, or not the interpreter that its first line names"
    if isinstance(error, PermissionError):
        return "it is not executable"
    return f"{error.strerror}"


def _ending(code: int | None) -> str:
    if code is None:
        return "ended, nobody knows how,"
    if code >= 0:
        return f"ended with {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"
