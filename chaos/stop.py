"""Tells the run that goes on to stop, from another process."""

from __future__ import annotations

import signal
from pathlib import Path

from chaos.known_run import KnownRun, KnownRuns
from stack.errors import HqError
from stack.waiting import wait_for

BEGIN_SECONDS = 15.0


def tell_to_stop(journal: Path, run: str | None = None) -> KnownRun | None:
    """The run that was told, or None when none goes on, or not this one; it may take a moment until it has ended.

    One that was asked for is told when it has announced itself, since it hears nothing before: raises NotReadyError
    when it does not. Raises JournalError, and HqError when its process is somebody else's.
    """
    known = KnownRuns(journal)
    known.read()
    active = known.active()
    if active is None or run not in (None, active.run):
        return None

    def has_begun_or_ended() -> bool:
        known.read()
        return active.process is not None or active.finished is not None or active in known.lost()

    wait_for(has_begun_or_ended, BEGIN_SECONDS, f"run {active.run} did not begin")
    if active.process is None or active.finished is not None:
        return None
    if active.process.is_out_of_sight:
        raise HqError(f"run {active.run} goes on in another container of this machine; stop it from there")
    active.process.signal(signal.SIGTERM, signal.SIGCONT)  # one that was suspended hears nothing until it goes on
    return active
