"""Who may start a stack: one at a time from a directory, and one at a time chooses addresses on a machine."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path

from stack.address import Address
from stack.errors import HqError, NotReadyError
from stack.model import Stack
from stack.placement import read_placement
from stack.waiting import wait_for

TURN_SECONDS = 60.0


def turn_to_choose(interrupted: Callable[[], bool]) -> socket.socket:
    """What is held while a stack chooses its addresses, until it listens there: two at once would choose the same.

    The name is in the kernel, not in a file, and gone with us. Who has waited for long goes on without it.
    """
    turn = socket.socket(socket.AF_UNIX)

    def taken() -> bool:
        if interrupted():
            raise KeyboardInterrupt
        try:
            turn.bind("\0dev-hq up")
        except OSError as error:
            return error.errno != errno.EADDRINUSE
        return True

    with suppress(NotReadyError):
        wait_for(taken, TURN_SECONDS, "another stack was not up")
    return turn


def reserved(control_plane: Address) -> AbstractContextManager[object]:
    """Keeps the control plane's address ours between runs; one on another machine is not ours to keep."""
    return control_plane.reserve() if control_plane.is_loopback else nullcontext()


@contextmanager
def written_in(directory: Path) -> Iterator[None]:
    """Raises HqError for what the body cannot write there."""
    try:
        yield
    except OSError as error:
        raise HqError(f"{error.filename or directory} cannot be written: {error.strerror}") from None


@contextmanager
def only_one(stack: Stack) -> Iterator[None]:
    """Holds the stack's directory; raises HqError when another `dev-hq up` does."""
    with written_in(stack.directory):
        stack.directory.mkdir(parents=True, exist_ok=True)
        lock = os.open(stack.directory / "up.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o640)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        placement = read_placement(stack.directory)
        pid = f" (pid {placement.process.pid})" if placement else ""
        raise HqError(f"the stack of {stack.file} already runs{pid}; `dev-hq down` stops it") from None
    else:
        yield
    finally:
        os.close(lock)
