"""What the journal's records of chaos runs add up to: which go on, how the last ones ended, what they found."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from exporters.evidence import Evidence, read_evidence
from exporters.fields import UnreadableRecordError, choice, measured, member, number, text, texts
from stack.process import AFTERMATH_SECONDS, ProcessIdentity

ERRORS = ("could_not_run", "died")
OUTCOMES = ("resilient", "weakness", "stopped", *ERRORS)
RUN = ("scenario", "chaos_target")
PHASES = ("baseline", "faults", "recovery")

Take = Callable[[float, Mapping[str, Any]], None]


@dataclass(frozen=True)
class Run:
    """A run that is announced and not finished, and the process that it is."""

    scenario: str
    target: str
    announced: float
    deadline: float
    process: ProcessIdentity
    phase: str = PHASES[0]


@dataclass(frozen=True)
class LastRun:
    """What is known of the last run of a scenario on a target; None is what could not be measured.

    `began` and `ended` are in epoch seconds; one that died had `ended` when its faults had to be over.
    """

    at: float
    outcome: str
    began: float | None
    ended: float
    score: float | None = None
    time_to_detect: float | None = None
    time_to_recover: float | None = None
    duration: float | None = None
    evidence: Evidence = field(default_factory=Evidence)


@dataclass
class RunHistory:
    """Runs, and the faults that are in; the records come in the order in which they were written."""

    active: dict[str, Run] = field(default_factory=dict)
    faults: dict[tuple[str, str, str, int | None], str] = field(default_factory=dict)
    seen_faults: set[tuple[str, str, str]] = field(default_factory=set)
    seen_targets: set[tuple[str, str]] = field(default_factory=set)
    expectations: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    ended: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    last_runs: dict[tuple[str, str], LastRun] = field(default_factory=dict)
    last_run_at: dict[str, float] = field(default_factory=dict)
    last_success_at: dict[str, float] = field(default_factory=dict)
    _announcements: dict[str, Run] = field(default_factory=dict)
    _ended: set[str] = field(default_factory=set)
    _finished_runs: set[str] = field(default_factory=set)

    @property
    def takes(self) -> Mapping[str, Take]:
        """What takes a record of each kind, by when it was written and what it holds; raises UnreadableRecordError."""
        return {
            "run_announced": self._announced,
            "run_finished": self._finished,
            "run_withdrawn": self._withdrawn,
            "fault_injected": self._injected,
            "fault_withdrawn": self._fault_withdrawn,
        }

    def missing(self) -> list[str]:
        """The runs whose process is gone although they never said how they ended."""
        return [
            run_id for run_id, run in self.active.items() if not run.process.may_live(run.deadline + AFTERMATH_SECONDS)
        ]

    def bury(self, run_id: str) -> None:
        """Counts a missing run as an error; that the next run writes the same down does not count it again."""
        run = self.active[run_id]
        last = self.last_runs.get((run.scenario, run.target))
        if last is None or last.at < run.announced:
            self.last_runs[run.scenario, run.target] = LastRun(run.announced, "died", run.announced, run.deadline)
        self._end(run_id, run.scenario, "died")

    def active_faults(self) -> Iterator[tuple[str, str, str]]:
        """Scenario, fault and target of every fault that is injected now."""
        now = time.time()
        for (run_id, kind, target, _), scenario in self.faults.items():
            run = self.active.get(run_id)
            if run and now < run.deadline:
                yield scenario, kind, target

    def _announced(self, at: float, data: Mapping[str, Any]) -> None:
        run_id = text(data, "run")
        run = Run(
            scenario=text(data, "scenario"),
            target=text(data, "target"),
            announced=at,
            deadline=number(data, "deadline"),
            process=ProcessIdentity(
                int(number(data, "pid")),
                int(number(data, "process_started")),
                text(data, "boot"),
                str(data.get("pid_namespace", "")),
            ),
        )
        if run_id in self._announcements or run_id in self._ended:
            return
        self.active[run_id] = self._announcements[run_id] = run
        self.seen_targets.add((run.scenario, run.target))
        self.expectations[run.scenario, run.target] = dict.fromkeys(texts(data, "may"), "may") | dict.fromkeys(
            texts(data, "expect"), "must"
        )

    def _finished(self, at: float, data: Mapping[str, Any]) -> None:
        run_id, scenario, target = text(data, "run"), text(data, "scenario"), text(data, "target")
        outcome = choice(data, "outcome", OUTCOMES)
        if run_id in self._finished_runs:
            return
        self._finished_runs.add(run_id)
        self.seen_targets.add((scenario, target))
        last = self.last_runs[scenario, target] = self._last_run(at, outcome, data)
        self.last_run_at[scenario] = at
        if outcome == "resilient":
            self.last_success_at[scenario] = at
        self._end(run_id, scenario, outcome)
        if last.evidence.damaged:
            raise UnreadableRecordError("what was found is damaged")

    def _last_run(self, at: float, outcome: str, data: Mapping[str, Any]) -> LastRun:
        duration = measured(data, "duration_seconds")
        announced = self._announcements.get(data["run"])
        began = announced.announced if announced else at - duration if duration is not None else None
        return LastRun(
            at=at,
            outcome=outcome,
            began=began,
            ended=min(at, announced.deadline) if announced and outcome == "died" else at,
            score=measured(data, "score"),
            time_to_detect=measured(data, "time_to_detect_seconds"),
            time_to_recover=measured(data, "time_to_recover_seconds"),
            duration=duration,
            evidence=read_evidence(data),
        )

    def _end(self, run_id: str, scenario: str, outcome: str) -> None:
        if run_id in self._ended:
            return
        self._ended.add(run_id)
        self.active.pop(run_id, None)
        self._forget_faults(run_id)
        self.ended[scenario] += 1
        self.failures[scenario] += outcome == "weakness"
        self.errors[scenario] += outcome in ERRORS

    def _withdrawn(self, at: float, data: Mapping[str, Any]) -> None:
        self._forget_faults(text(data, "run"))
        self._enter("recovery", text(data, "run"))

    def _enter(self, phase: str, run_id: str) -> None:
        if run_id in self.active:
            self.active[run_id] = replace(self.active[run_id], phase=phase)

    def _forget_faults(self, run_id: str) -> None:
        for fault in [fault for fault in self.faults if fault[0] == run_id]:
            del self.faults[fault]

    def _injected(self, at: float, data: Mapping[str, Any]) -> None:
        scenario, kind, target = text(data, "scenario"), text(data, "fault"), text(data, "chaos_target")
        self.seen_faults.add((scenario, kind, target))
        self.faults[text(data, "run"), kind, target, member(data)] = scenario
        self._enter("faults", text(data, "run"))

    def _fault_withdrawn(self, at: float, data: Mapping[str, Any]) -> None:
        fault = text(data, "run"), text(data, "fault"), text(data, "chaos_target"), member(data)
        self.faults.pop(fault, None)
