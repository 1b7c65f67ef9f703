"""The runs that the journal tells of: the one that is active, and those that died."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from stack.journal import Record
from stack.process import ProcessIdentity


@dataclass(frozen=True)
class AnnouncedRun:
    """A run as it was announced."""

    run: str
    scenario: str
    target: str
    announced: float
    process: ProcessIdentity


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
    return next((run for run in reversed(unfinished_runs(records)) if run.process.is_alive), None)


def this_process() -> dict[str, object]:
    """What tells this process from every other, before and after it."""
    ours = ProcessIdentity.ours()
    return {"pid": ours.pid, "process_started": ours.started, "boot": ours.boot}


def announced_process(data: Mapping[str, Any]) -> ProcessIdentity:
    """The process that announced itself; one that cannot be read is no process that runs."""
    pid, started = data.get("pid"), data.get("process_started")
    return ProcessIdentity(
        pid if isinstance(pid, int) else -1, started if isinstance(started, int) else -1, str(data.get("boot", ""))
    )


def _announced(run: str, at: float, data: Mapping[str, Any]) -> AnnouncedRun:
    return AnnouncedRun(
        run=run,
        scenario=str(data.get("scenario", "")),
        target=str(data.get("target", "")),
        announced=at,
        process=announced_process(data),
    )
