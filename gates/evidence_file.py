"""Evidence: all that was asked for a verdict, and what was answered, so that it can be judged again."""

from __future__ import annotations

from pathlib import Path

from gates.checklist import Checklist
from gates.gate import GateReport
from gates.instant import Moment, Source
from prometheus.answer import Answer, RangeAnswer


class Recording:
    """A source that remembers what `source` was asked and what it answered, or how it failed."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def instant(self, query: str, at: float | None = None) -> Answer:
        raise NotImplementedError

    def range(self, query: str, start: float, end: float, step: float) -> RangeAnswer:
        raise NotImplementedError

    def write(self, path: Path, checklist: Checklist, report: GateReport, moment: Moment) -> None:
        """Writes the evidence of `report`; raises HqError when it cannot."""
        raise NotImplementedError


def replay(path: Path, *, strict: bool = False, dry_run: bool = False) -> GateReport:
    """The report that the evidence in `path` gives, without asking anybody; raises HqError."""
    raise NotImplementedError
