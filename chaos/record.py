"""What a run writes into the journal, so that every other part of the project knows of it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from chaos.faults.fault import Fault
from chaos.history import this_process, unfinished_runs
from chaos.scenario import ChaosScenario
from chaos.score import Outcome, ResilienceScore
from stack.journal import Journal


@dataclass(frozen=True)
class RunRecord:
    """The records of the run `run`; every method raises JournalError."""

    journal: Journal
    run: str
    scenario: ChaosScenario
    target: str

    def announce(self, service: str, faults: tuple[Fault, ...], deadline: float) -> None:
        """That it is about to begin, and when (epoch seconds) every fault must be over."""
        self.journal.append(
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

    def fault(self, kind: str, fault: Fault) -> None:
        """That a fault was injected or withdrawn."""
        where = {"fault": fault.kind, "chaos_target": fault.target, "member": fault.member}
        self.journal.append(kind, {"run": self.run, "scenario": self.scenario.name, **where})

    def withdrawn(self, reason: str) -> None:
        """That no fault is left, and why they ended."""
        self.journal.append("run_withdrawn", {"run": self.run, "scenario": self.scenario.name, "reason": reason})

    def finished(self, score: ResilienceScore, seconds: float, evidence: Mapping[str, object] | None = None) -> None:
        """How it ended, after `seconds` in all, with the `evidence` that chaos/evidence.py makes of it."""
        _finish(self.journal, score, seconds, evidence or {})


def bury_the_dead(journal: Journal) -> None:
    """Writes down the end of runs whose process is gone, since they cannot; raises JournalError."""
    for run in unfinished_runs(journal.read()):
        if not run.process.is_alive:
            lasted = max(0.0, time.time() - run.announced)
            died = ResilienceScore(run.run, run.scenario, run.target, Outcome.DIED, "its process is gone")
            _finish(journal, died, lasted, {})


def _finish(journal: Journal, score: ResilienceScore, seconds: float, evidence: Mapping[str, object]) -> None:
    journal.append(
        "run_finished",
        {
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
        },
    )


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
