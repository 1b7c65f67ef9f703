"""Looks whose evidence is kept: that of the last one stays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from gates.checklist import Checklist
from gates.gate import GateReport
from gates.instant import Moment, Source
from gates.replaying.evidence_file import refuse_unwritable, write_evidence
from gates.replaying.recording import Recording
from stack.dataclass import dataclass
from stack.errors import HqError


@dataclass(frozen=True)
class Keeping:
    """Keeps in the file `path` what `judge` asks a source about the gates of a checklist."""

    path: Path
    checklist: Checklist
    judge: Callable[[Source, Moment], GateReport]

    def look(self, ask: Callable[[Callable[[Source], GateReport]], GateReport], moment: Moment) -> GateReport:
        """What is judged at a moment, of a source that `ask` gives, more than one if the first is lost.

        Evidence that has no place to go raises HqError before anything is asked, but what comes between later costs
        no verdict: the report says it.
        """
        if moment.look <= 1:
            refuse_unwritable(self.path)
        recordings: list[tuple[Recording, GateReport]] = []

        def judge(source: Source) -> GateReport:
            recording = Recording(source)
            recordings.append((recording, self.judge(recording, moment)))
            return recordings[-1][1]

        report = ask(judge)
        recording, judged = recordings[-1]
        try:
            notes, exchanges = _added(judged, report), recording.exchanges
            write_evidence(self.path, self.checklist, moment, report, exchanges=exchanges, notes=notes)
        except HqError as error:
            return replace(report, evidence_problem=str(error))
        return report


def _added(judged: GateReport, report: GateReport) -> tuple[str, ...]:
    """The notes that results got from who asked, after their own."""
    pairs = zip(judged.results, report.results, strict=True)
    return next((after.notes[len(before.notes) :] for before, after in pairs), ())
