"""What the server remembers of the journal's runs, so that whoever follows one does not read all of it each time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from chaos.known_run import KnownRuns, run_of
from stack.journal import Journal, Record

KEPT_RUNS = 20


class RememberedRuns(KnownRuns):
    """The journal's runs, with the records of those that go on and of the last that ended."""

    def __init__(self, journal: Journal) -> None:
        super().__init__(journal.path)
        self._records: dict[str, list[Record]] = {}
        self._ended: deque[str] = deque()

    def forget(self) -> None:
        super().forget()
        self._records.clear()
        self._ended.clear()

    def take(self, records: Iterable[Record]) -> list[Record]:
        return [record for one in records for record in self._take(one)]

    def records_of(self, run: str) -> list[Record]:
        """What was written of one run, up to its end; raises JournalError."""
        if run in self._records:
            return self._records[run]
        remembered: list[Record] = []
        for record in Journal(self.journal).read():
            if run_of(record) == run:
                remembered.append(record)
                if record.kind == "run_finished":
                    break
        return remembered

    def _take(self, record: Record) -> list[Record]:
        run = run_of(record)
        has_ended = run in self.runs and self.runs[run].finished is not None
        of_run = super().take([record])
        if of_run and not has_ended:
            self._records.setdefault(run, []).append(record)
            if record.kind == "run_finished":
                self._ended.append(run)
        if len(self._ended) > KEPT_RUNS:
            del self._records[self._ended.popleft()]
        return of_run
