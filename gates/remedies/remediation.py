"""What follows a failing gate: a command or a webhook, at most once for each run id."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import urlsplit

from gates.formats.json import render
from gates.gate import GateReport
from gates.remedies.remedy import Remedy
from stack.errors import JournalError
from stack.journal import Journal, Record
from stack.on_fail import OnFail

ANNOUNCED = "remediation_announced"
FINISHED = "remediation_finished"


def remediate(on_fail: OnFail, report: GateReport, journal: Journal) -> Remedy:
    """Does what `on_fail` says about the report, unless the journal knows that it was begun for its run id.

    It is announced in the journal before it starts, and its outcome is written after; without a journal nothing starts.
    An interrupt ends it, is written down as its outcome, and goes on.
    """
    action = _action(on_fail)
    announcement = {"run_id": report.run_id, "verdict": report.verdict, "action": action}
    try:
        earlier = journal.append_unless(lambda record: _is(record, ANNOUNCED, report.run_id), ANNOUNCED, announcement)
        if earlier:
            return _known(earlier[0], journal)
    except JournalError as error:
        return Remedy.failed(action, f"was not started, for nothing would keep it from starting twice: {error}")
    return _recorded(action, lambda: _do(action, on_fail, report), report.run_id, journal)


def _action(on_fail: OnFail) -> str:
    """What is done, without what may be secret: the arguments of the command, the path of the URL."""
    if on_fail.webhook:
        where = urlsplit(on_fail.webhook.url)
        return f"the webhook at {where.scheme}://{where.netloc}"
    return on_fail.run[0]


def _do(action: str, on_fail: OnFail, report: GateReport) -> Remedy:
    verdict = render(report).encode()
    if on_fail.webhook:
        from gates.remedies.webhook import post

        return post(action, on_fail.webhook, verdict, report.run_id, on_fail.timeout)
    from gates.remedies.command import run

    known = {"GATE_VERDICT": report.verdict.value, "GATE_RUN_ID": report.run_id}
    return run(action, on_fail, verdict, known)


def _recorded(action: str, do: Callable[[], Remedy], run_id: str, journal: Journal) -> Remedy:
    remedy = Remedy.failed(action, "was interrupted")
    try:
        remedy = do()
    finally:
        unrecorded = _record(remedy, run_id, journal)
    if unrecorded:
        return Remedy(action, f"{remedy.outcome}, which is not recorded: {unrecorded}", remedy.problem)
    return remedy


def _record(remedy: Remedy, run_id: str, journal: Journal) -> str | None:
    """Writes the outcome down; what keeps it from that is returned."""
    outcome = {"run_id": run_id, "action": remedy.action, "outcome": remedy.outcome, "failed": bool(remedy.problem)}
    try:
        journal.append(FINISHED, outcome)
    except JournalError as error:
        return str(error)
    return None


def _known(announced: Record, journal: Journal) -> Remedy:
    """What the journal knows of the remediation that was begun for this run id before."""
    action = str(announced.data.get("action"))
    began = f"was started at {datetime.fromtimestamp(announced.at, UTC):%Y-%m-%d %H:%M:%S} UTC for this run id, "
    run_id = str(announced.data["run_id"])
    finished = next((record for record in journal.read() if _is(record, FINISHED, run_id)), None)
    if not finished:
        return Remedy.failed(action, f"{began}and nothing is known of its outcome: it still runs, or was killed")
    outcome = f"{began}and not again; it {finished.data.get('outcome')}"
    return Remedy.failed(action, outcome) if finished.data.get("failed") is not False else Remedy(action, outcome)


def _is(record: Record, kind: str, run_id: str) -> bool:
    return record.kind == kind and record.data.get("run_id") == run_id
