"""A look whose evidence is kept: of many looks, that of the last one stays."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from gates.checklist import Checklist
from gates.gate import GateReport
from gates.instant import Moment, Source
from gates.replaying.evidence_file import refuse_unwritable, write_evidence
from gates.replaying.recording import Recording
from stack.errors import HqError

if TYPE_CHECKING:
    from gates.asking import Ask, Judge


def look_and_keep(path: Path, checklist: Checklist, moment: Moment, ask: Ask, judge: Judge) -> GateReport:
    """What `judge` finds at a moment, its evidence kept in the file `path`.

    Evidence that has no place to go raises HqError before anything is asked, but what comes between later costs no
    verdict: the report says it.
    """
    if moment.look <= 1:
        refuse_unwritable(path)
    recordings: list[tuple[Recording, GateReport]] = []

    def judge_recorded(source: Source) -> GateReport:
        recording = Recording(source)
        recordings.append((recording, judge(recording)))
        return recordings[-1][1]

    report = ask(judge_recorded)
    recording, judged = recordings[-1]
    try:
        notes, exchanges = _added(judged, report), recording.exchanges
        write_evidence(path, checklist, moment, report, exchanges=exchanges, notes=notes)
    except HqError as error:
        return replace(report, evidence_problem=str(error))
    return report


def _added(judged: GateReport, report: GateReport) -> tuple[str, ...]:
    """The notes that results got from who asked, after their own."""
    pairs = zip(judged.results, report.results, strict=True)
    return next((after.notes[len(before.notes) :] for before, after in pairs), ())
