"""Turns that processes take at a file: a lock that is gone with whoever held it, however that came."""

from __future__ import annotations

import fcntl

from stack.waiting import wait_for


def take_turn(descriptor: int, seconds: float, every: float) -> None:
    """Waits until no other process holds the lock, looking `every` seconds; raises NotReadyError after `seconds`.

    One that was stopped in its turn must not stop all the others for ever.
    """

    def taken() -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    wait_for(taken, seconds, "the lock was not free", every=every)
