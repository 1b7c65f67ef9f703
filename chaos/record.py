"""What a run writes into the journal, so that every other part of the project knows of it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from chaos.announced_process import this_process
from chaos.faults.fault import Fault
from chaos.known_run import KnownRun, KnownRuns
from chaos.requested import last_words, log_of
from chaos.scenario import ChaosScenario
from chaos.score import Outcome, ResilienceScore
from stack.errors import HqError
from stack.journal import Journal, Record


@dataclass(frozen=True)
class RunRecord:
    """The records of the run `run`; every method raises JournalError."""

    journal: Journal
    run: str
    scenario: ChaosScenario
    target: str

    def announce(self, service: str, faults: tuple[Fault, ...], deadline: float) -> None:
        """That it is about to begin, and when (epoch seconds) every fault must be over.

        Raises HqError when there was a run of this name before.
        """
        before = self.journal.append_unless(
            lambda record: record.kind == "run_announced" and record.data.get("run") == self.run,
            "run_announced",
            {
                "run": self.run,
                "scenario": self.scenario.name,
                "target": self.target,
                "service": service,
                "parameters": dict(self.scenario.parameters),
                "faults": [plan_of(fault) for fault in faults],
                "expect": list(self.scenario.expect),
                "may": list(self.scenario.may),
                "deadline": deadline,
                **this_process(),
            },
        )
        if before:
            raise HqError(f"there was a run {self.run} before; choose another run id")

    def progress(self, step: str, sentence: str) -> None:
        """What it is at, in a sentence for whoever follows it."""
        self.journal.append("run_progress", {"run": self.run, "step": step, "sentence": sentence})

    def fault(self, kind: str, fault: Fault) -> None:
        """That a fault was injected or withdrawn."""
        where = {"fault": fault.kind, "chaos_target": fault.target, "member": fault.member}
        self.journal.append(kind, {"run": self.run, "scenario": self.scenario.name, **where})

    def withdrawn(self, reason: str) -> None:
        """That no fault is left, and why they ended."""
        self.journal.append("run_withdrawn", {"run": self.run, "scenario": self.scenario.name, "reason": reason})

    def finished(self, score: ResilienceScore, seconds: float, evidence: Mapping[str, object] | None = None) -> None:
        """How it ended, after `seconds` in all, with the `evidence` that chaos/evidence.py makes of it."""
        self.journal.append("run_finished", _finished(score, seconds, evidence or {}))


def bury_the_dead(journal: Journal) -> None:
    """Writes down the end of runs whose process is gone, since they cannot; raises JournalError."""
    known = KnownRuns(journal.path)
    known.read()
    for run in known.lost():
        bury(journal, run)


def bury(journal: Journal, run: KnownRun) -> None:
    """Writes down the end of a run whose process was seen gone, unless it was written by then; raises JournalError.

    One that ended before it announced itself may have said why.
    """
    outcome, reason = Outcome.DIED, "its process is gone"
    if run.announced is None and (words := last_words(log_of(journal.path, run.run))):
        outcome, reason = Outcome.COULD_NOT_RUN, words
    end = ResilienceScore(run.run, run.scenario, run.target, outcome, reason)

    def ends_it(record: Record) -> bool:
        return record.kind == "run_finished" and record.data.get("run") == run.run

    journal.append_unless(ends_it, "run_finished", _finished(end, max(0.0, time.time() - run.since), {}))


def _finished(score: ResilienceScore, seconds: float, evidence: Mapping[str, object]) -> dict[str, object]:
    return {
        "run": score.run,
        "scenario": score.scenario,
        "target": score.target,
        "outcome": score.outcome.value,
        "reason": score.reason,
        "score": score.score,
        "time_to_detect_seconds": score.detection_time,
        "time_to_recover_seconds": score.recovery_time,
        "duration_seconds": round(seconds, 3),
        "report": str(score.report) if score.report else None,
        **evidence,
    }


def plan_of(fault: Fault) -> dict[str, object]:
    """One fault of a plan, for a record or another program; times in seconds, the share as a ratio."""
    return {
        "fault": fault.kind,
        "chaos_target": fault.target,
        "member": fault.member,
        "share": float(fault.share),
        "delay_seconds": fault.delay,
        "after_seconds": fault.after,
        "seconds": fault.seconds,
    }
