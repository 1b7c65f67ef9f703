"""What the journal knows of each run, from the request to the end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from chaos.announced_process import announced_process
from chaos.requested import is_held, log_of
from stack.journal import JournalTail, Record, finite
from stack.process import AFTERMATH_SECONDS, ProcessIdentity


class State(StrEnum):
    """Where a run is; `died` is one whose process ended without a word."""

    REQUESTED = "requested"
    RUNNING = "running"
    FINISHED = "finished"
    DIED = "died"


@dataclass
class KnownRun:
    """One run; times in epoch seconds, None for what has not happened or cannot be read."""

    run: str
    scenario: str = ""
    target: str = ""
    service: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    requested: float | None = None
    announced: float | None = None
    finished: float | None = None
    deadline: float | None = None
    process: ProcessIdentity | None = None
    outcome: str | None = None
    reason: str | None = None
    score: float | None = None
    time_to_detect: float | None = None
    time_to_recover: float | None = None
    duration: float | None = None
    request_key: str | None = None
    request_body: str | None = None
    records: int = 0

    @property
    def since(self) -> float:
        """When it was first heard of."""
        return self.requested or self.announced or self.finished or 0.0

    @property
    def has_begun(self) -> bool:
        """Whether there is a process to ask for: a run of which only other records are left is no run."""
        return self.requested is not None or self.announced is not None

    def take(self, record: Record) -> None:
        """Learns from one record of this run; of two of a kind, the first counts."""
        self.records += 1
        if record.kind == "run_requested" and self.requested is None:
            self.requested = record.at
            self.request_key = _text(record.data, "key") or None
            self.request_body = _text(record.data, "body") or None
            self._plan(record.data)
        elif record.kind == "run_announced" and self.announced is None:
            self.announced = record.at
            self._plan(record.data)
            self.service = _text(record.data, "service") or None
            self.deadline = finite(record.data, "deadline")
            self.process = announced_process(record.data)
        elif record.kind == "run_finished" and self.finished is None:
            self.finished = record.at
            self._end(record.data)

    def state(self, journal: Path) -> State:
        """Where it is now, as far as the journal was read; ask its process before you believe that it died."""
        if self.finished is not None:
            return State.DIED if self.outcome == "died" else State.FINISHED
        if self.process is not None:
            return State.RUNNING if self._may_live(self.process, log_of(journal, self.run)) else State.DIED
        if self.requested is not None:
            return State.REQUESTED if is_held(log_of(journal, self.run)) else State.DIED
        return State.DIED

    def _may_live(self, process: ProcessIdentity, log: Path) -> bool:
        """One in a container beside is seen by its log, if it has one; else it is given the time it may need."""
        if process.is_out_of_sight and is_held(log):
            return True
        return process.may_live(AFTERMATH_SECONDS + (self.deadline or self.announced or 0.0))

    def _plan(self, data: Mapping[str, Any]) -> None:
        self.scenario = _text(data, "scenario") or self.scenario
        self.target = _text(data, "target") or self.target
        parameters = data.get("parameters")
        if isinstance(parameters, dict):
            self.parameters = {str(name): str(value) for name, value in parameters.items()}

    def _end(self, data: Mapping[str, Any]) -> None:
        self.scenario = self.scenario or _text(data, "scenario")
        self.target = self.target or _text(data, "target")
        self.outcome = _text(data, "outcome") or None
        self.reason = _text(data, "reason") or None
        self.score = finite(data, "score")
        self.time_to_detect = finite(data, "time_to_detect_seconds")
        self.time_to_recover = finite(data, "time_to_recover_seconds")
        self.duration = finite(data, "duration_seconds")


class KnownRuns:
    """Every run that a journal tells of, oldest first; `read` again learns what is new."""

    def __init__(self, journal: Path) -> None:
        self.journal = journal
        self.runs: dict[str, KnownRun] = {}
        self._tail = JournalTail(journal)
        self._restarts = 0

    def read(self) -> list[Record]:
        """The records of runs that are new, each taken; raises JournalError."""
        records = self._tail.new()
        if self._tail.restarts != self._restarts:  # another file is there now
            self._restarts = self._tail.restarts
            self.forget()
        return self.take(records)

    def forget(self) -> None:
        """Begins again: another journal lies there now."""
        self.runs.clear()

    def take(self, records: Iterable[Record]) -> list[Record]:
        """Learns from records; those of runs."""
        of_runs = [record for record in records if run_of(record)]
        for record in of_runs:
            run = run_of(record)
            self.runs.setdefault(run, KnownRun(run)).take(record)
        return of_runs

    def newest(self, limit: int) -> list[KnownRun]:
        """At most `limit` of them, the newest first."""
        return sorted(self.runs.values(), key=lambda known: known.since, reverse=True)[:limit]

    def unfinished(self) -> list[KnownRun]:
        """Those whose end is not written down, alive or not."""
        return [known for known in self.runs.values() if known.finished is None]

    def lost(self) -> list[KnownRun]:
        """Those that never said how they ended although their process is gone; raises JournalError.

        What they wrote just before they went is read after they are seen gone.
        """
        gone = [known.run for known in self.unfinished() if known.has_begun and known.state(self.journal) is State.DIED]
        if gone:
            self.read()
        return [known for run in gone if (known := self.runs.get(run)) and known.finished is None]

    def active(self) -> KnownRun | None:
        """The run that goes on or is about to; raises JournalError."""
        lost = {known.run for known in self.lost()}
        going = [known for known in self.unfinished() if known.has_begun and known.run not in lost]
        return going[-1] if going else None


def run_of(record: Record) -> str:
    """The run that a record is of, empty when it is of none: a gate's verdict may name a run of another program."""
    run = record.data.get("run")
    ours = record.kind.startswith(("run_", "fault_"))
    return run if ours and isinstance(run, str) else ""


def _text(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key)
    return value if isinstance(value, str) else ""
