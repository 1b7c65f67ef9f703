"""What follows a failing gate: a command or a webhook, at most once for each check."""

from __future__ import annotations

from dataclasses import dataclass

from gates.gate import GateReport
from stack.journal import Journal
from stack.on_fail import OnFail


@dataclass(frozen=True)
class Remedy:
    """What became of a remediation: `action` and `outcome` are a sentence together; `problem` is why it failed."""

    action: str
    outcome: str
    problem: str | None = None


def remediate(on_fail: OnFail, report: GateReport, journal: Journal) -> Remedy:
    """Does what `on_fail` says about the report, unless the journal knows that it was done for its run id."""
    raise NotImplementedError
