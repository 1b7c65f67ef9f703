"""The runs that the journal tells of: the one that is active, and those that died."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from stack.journal import Record
from stack.process import boot_id, process_started


@dataclass(frozen=True)
class AnnouncedRun:
    """A run as it was announced."""

    run: str
    scenario: str
    target: str
    announced: float
    pid: int
    started: int | None
    boot: str

    @property
    def is_alive(self) -> bool:
        """Whether the process that announced it still runs."""
        return self.boot == boot_id() and self.started is not None and process_started(self.pid) == self.started


def unfinished_runs(records: Iterable[Record]) -> list[AnnouncedRun]:
    """The runs that were announced and not finished, oldest first; alive or not."""
    runs: dict[str, AnnouncedRun] = {}
    for record in records:
        run = record.data.get("run")
        if record.kind == "run_announced" and isinstance(run, str):
            runs[run] = _announced(run, record.at, record.data)
        elif record.kind == "run_finished":
            runs.pop(str(run), None)
    return list(runs.values())


def active_run(records: Iterable[Record]) -> AnnouncedRun | None:
    """The run that is going on."""
    return next((run for run in reversed(unfinished_runs(records)) if run.is_alive), None)


def this_process() -> dict[str, object]:
    """What tells this process from every other, before and after it."""
    return {"pid": os.getpid(), "process_started": process_started(os.getpid()), "boot": boot_id()}


def _announced(run: str, at: float, data: Mapping[str, Any]) -> AnnouncedRun:
    pid, started = data.get("pid"), data.get("process_started")
    return AnnouncedRun(
        run=run,
        scenario=str(data.get("scenario", "")),
        target=str(data.get("target", "")),
        announced=at,
        pid=pid if isinstance(pid, int) else 0,
        started=started if isinstance(started, int) else None,
        boot=str(data.get("boot", "")),
    )
