"""A run that was asked for and has not announced itself: its process holds its log locked for as long as it lives.

Whoever starts the process locks the log and hands it over as its output. So anybody can tell whether it lives, also
when whoever started it is gone, and no number of a process needs to be known.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LAST_BYTES = 4096


def log_of(journal: Path, run: str) -> Path:
    """Where the output of a run goes that was asked for over HTTP."""
    return journal.parent / "log" / f"{run}.log"


@contextmanager
def held(log: Path) -> Iterator[int]:
    """The new log, locked; the lock goes on in each process that was given it as its output. Raises OSError."""
    log.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield descriptor
    finally:
        os.close(descriptor)


def is_held(log: Path) -> bool:
    """Whether a process lives whose output goes there."""
    try:
        descriptor = os.open(log, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)  # shared: two that look do not see each other
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def last_words(log: Path) -> str:
    """The last line in a log, without the program's name; empty when there is none."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - _LAST_BYTES))
            lines = file.read().decode(errors="replace").split("\n")
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "").removeprefix("dev-hq: ")
