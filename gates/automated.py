"""All gates of a checklist: their verdicts, the record of them, and what follows a failure."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from gates.checklist import Checklist
from gates.gate import GateReport
from gates.instant import Moment, Source
from gates.looking import look
from stack.errors import JournalError
from stack.journal import Journal

if TYPE_CHECKING:
    from gates.asking import Ask
    from gates.remedies.remedy import Remedy
    from gates.waiting import Waiting
    from stack.on_fail import OnFail


class AutomatedQualityGate:
    """All gates of a checklist, asked of `source` (its Prometheus unless given); the verdicts go to its journal."""

    def __init__(self, checklist: Checklist, source: Source | None = None) -> None:
        checklist.refuse_short_windows()
        self._checklist = checklist
        self._source = source

    def check_all_gates(
        self,
        *,
        at: float | None = None,
        since: float | None = None,
        waiting: Waiting | None = None,
        strict: bool = False,
        dry_run: bool = False,
        record: bool = True,
        remediate: bool = True,
        run_id: str | None = None,
        evidence: Path | None = None,
    ) -> GateReport:
        """Every gate's verdict at one instant, `at` (epoch seconds) or just before now; raises HqError for bad input.

        Windows begin no earlier than `since`, the release. A Prometheus that cannot answer is no exception but the
        verdict error. A verdict that the checklist's remediation is for starts it, unless this is a `dry_run`; it is
        started once for a `run_id`, however often that is checked. All that was asked for the verdict, and the answers,
        are written to the file `evidence`.
        """
        on_fail = self._checklist.on_fail if remediate and not dry_run else None
        if on_fail:
            on_fail.refuse_missing_secret()
        begun = GateReport((), None, strict, dry_run, run_id or _new_run_id())
        with self._asking() as ask:

            def look_at(moment: Moment) -> GateReport:
                return self._look(ask, moment, begun, evidence)

            report = waiting.until_decided(look_at, since) if waiting else look_at(Moment(at, since))
        if record:
            report = replace(report, journal_problem=self._record(report))
        if on_fail and report.verdict in on_fail.when:
            report = replace(report, remedy=self._remedied(on_fail, report))
        return report

    def _look(self, ask: Ask, moment: Moment, begun: GateReport, evidence: Path | None) -> GateReport:
        def judge(source: Source) -> GateReport:
            return look(self._checklist, source, moment, begun)

        if evidence is None:
            return ask(judge)
        from gates.replaying.keeping import look_and_keep

        return look_and_keep(evidence, self._checklist, moment, ask, judge)

    def _remedied(self, on_fail: OnFail, report: GateReport) -> Remedy:
        from gates.remedies.remediation import remediate

        return remediate(on_fail, report, Journal(self._checklist.journal))

    @contextmanager
    def _asking(self) -> Iterator[Ask]:
        """What has somebody's answers judged."""
        if source := self._source:
            yield lambda judge: judge(source)
            return
        from gates.asking import Asking
        from prometheus.access import connect_to_all

        settings = self._checklist.prometheus
        asking = Asking(connect_to_all(settings), settings.access.deadline)
        try:
            yield asking.look
        finally:
            asking.close()

    def _record(self, report: GateReport) -> str | None:
        """Writes the verdicts down; what keeps it from that is returned, for a verdict stands without its record."""
        try:
            Journal(self._checklist.journal).append_all(
                "gate_verdict",
                [
                    {
                        "run_id": report.run_id,
                        "gate": result.gate,
                        "service": result.service,
                        "verdict": result.verdict,
                        "actual": result.actual,
                        "threshold": result.threshold,
                        "required": result.required,
                        "reason": result.reason,
                    }
                    for result in report.results
                ],
            )
        except JournalError as error:
            return str(error)
        return None


def _new_run_id() -> str:
    return f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{os.urandom(3).hex()}"
