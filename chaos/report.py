"""The report of a run, as Markdown for people and JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from chaos.dose import Dose
from chaos.faults.fault import Fault
from chaos.findings import Findings
from chaos.impact import Impact
from chaos.plan import end_of
from chaos.scenario import ChaosScenario
from chaos.score import ResilienceScore
from gates.wording import count, percent
from stack.quantity import format_duration


@dataclass(frozen=True)
class Report:
    """Everything that is known of a run that has ended."""

    score: ResilienceScore
    scenario: ChaosScenario
    service: str
    faults: tuple[Fault, ...]
    doses: tuple[Dose, ...]
    findings: Findings | None


def write_report(directory: Path, report: Report) -> Path:
    """Writes both forms into `directory`; the path of the Markdown. Raises OSError."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{report.score.run}.md"
    path.write_text("\n".join(markdown(report)) + "\n")
    path.with_suffix(".json").write_text(json.dumps(document(report), indent=2, allow_nan=False) + "\n")
    return path


def markdown(report: Report) -> Iterator[str]:
    """The lines of the report for people."""
    score = report.score
    yield f"# {report.scenario.title}: {_headline(score)}"
    yield ""
    yield f"Scenario {score.scenario} on {score.target}, which {report.service} depends on; run {score.run}."
    yield f"Hypothesis: {report.scenario.hypothesis}"
    yield ""
    yield f"**{score.outcome.value.replace('_', ' ').capitalize()}**: {score.reason}."
    if score.parts:
        yield from ("", "## Score", "", "| part | points |", "| --- | --- |")
        yield from (f"| {part.name} | {part.tally} |" for part in score.parts)
        yield ""
        yield from (f"- {part.name}: {sentence}" for part in score.parts for sentence in part.evidence)
    if score.recommendations:
        yield from ("", "## What to change", "")
        yield from (f"- {line}" for line in score.recommendations)
    yield from (
        "",
        "## What was broken",
        "",
        "| fault | where | when | asked | measured |",
        "| --- | --- | --- | --- | --- |",
    )
    yield from (_row(fault, report.doses) for fault in report.faults)


def document(report: Report) -> dict[str, object]:
    """The report for programs; times in seconds, shares as ratios, `schema` counts its incompatible changes."""
    score, found = report.score, report.findings
    return {
        "schema": 1,
        "run": score.run,
        "scenario": score.scenario,
        "target": score.target,
        "service": report.service,
        "parameters": dict(report.scenario.parameters),
        "outcome": score.outcome.value,
        "reason": score.reason,
        "score": score.score,
        "time_to_detect_seconds": score.detection_time,
        "time_to_recover_seconds": score.recovery_time,
        "parts": [asdict(part) for part in score.parts],
        "recommendations": list(score.recommendations),
        "faults": [_fault(fault, report.doses) for fault in report.faults],
        "measured": found.measured if found else None,
        "impacts": [_impact(impact) for impact in found.impacts] if found else [],
        "detections": [{**asdict(seen), "late": seen.late} for seen in found.detections] if found else [],
        "also_fired": list(found.also_fired) if found else [],
        "false_alarms": list(found.false_alarms) if found else [],
    }


def _headline(score: ResilienceScore) -> str:
    return "no score" if score.score is None else f"{score.score:.1f} of 100"


def _row(fault: Fault, doses: tuple[Dose, ...]) -> str:
    dose = _dose_of(fault, doses)
    where = fault.target if fault.member is None else f"{fault.target}, member {fault.member}"
    delay = f" by {format_duration(fault.delay)}" if fault.delay else ""
    got = "not measured"
    if dose and dose.share is not None:
        got = f"{percent(dose.share)} ({count(dose.hit)} of {count(dose.requests)})"
    when, asked = f"{fault.after:g} s to {end_of(fault):g} s", f"{percent(float(fault.share))}{delay}"
    return f"| {fault.kind} | {where} | {when} | {asked} | {got} |"


def _fault(fault: Fault, doses: tuple[Dose, ...]) -> dict[str, object]:
    dose = _dose_of(fault, doses)
    return {
        **asdict(fault),
        "share": float(fault.share),
        "dose": {"requests": dose.requests, "hit": dose.hit, "share": dose.share, "problem": dose.problem}
        if dose
        else None,
    }


def _dose_of(fault: Fault, doses: tuple[Dose, ...]) -> Dose | None:
    return next((dose for dose in doses if dose.fault == fault), None)


def _impact(impact: Impact) -> dict[str, object]:
    low, high = impact.during.interval
    return {
        "objective": impact.objective.name,
        "budget": impact.objective.budget,
        "before": {"requests": impact.before.requests, "bad": impact.before.bad},
        "during": {"requests": impact.during.requests, "bad": impact.during.bad, "interval": [low, high]},
        "excess": impact.excess,
        "burn_rate": impact.burn_rate,
        "worst_minute": impact.worst.ratio,
    }
