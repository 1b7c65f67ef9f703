"""What follows a failing gate: a command or a webhook, at most once for each check."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gates.gate import GateReport, Verdict
from stack.journal import Journal


@dataclass(frozen=True)
class Webhook:
    """Where the verdict is posted, signed with the key in `secret_file`, if there is one."""

    url: str
    secret_file: Path | None = None


@dataclass(frozen=True)
class Remediation:
    """What to do after one of the verdicts `when`: the command `run` (argv), or the webhook, in `timeout` seconds."""

    run: tuple[str, ...] = ()
    webhook: Webhook | None = None
    timeout: float = 60.0
    when: tuple[Verdict, ...] = (Verdict.FAIL,)

    def start(self, report: GateReport, journal: Journal) -> Remedy:
        """Does it, unless the journal knows that it was done for this check before."""
        raise NotImplementedError


@dataclass(frozen=True)
class Remedy:
    """What became of a remediation: what was done, how it ended, and the `problem` if it failed."""

    action: str
    outcome: str
    problem: str | None = None
