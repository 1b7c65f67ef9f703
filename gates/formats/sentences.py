"""What the gates found, in the sentences that reports for people share."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from gates.formats.measure import interval
from gates.gate import GateReport, GateResult, Kind, Verdict
from gates.waiting import looks
from gates.wording import number, percent

NOTICEABLE = 2.0  # a dispersion; independent failures hardly ever seem to have it

_SUMMARY = {
    Verdict.PASS: "every required gate passes",
    Verdict.WARN: "no required gate fails, and some warn",
    Verdict.UNDECIDED: "there is not enough evidence to pass",
    Verdict.ERROR: "what is needed could not be measured",
}


def heading(report: GateReport) -> str:
    """Which moment was judged."""
    if report.at is None:
        return "The gates, without an answer from Prometheus"
    at = f"The gates at {datetime.fromtimestamp(report.at, UTC):%Y-%m-%d %H:%M:%S} UTC"
    return f"{at}, {looks(report)}" if report.looks > 1 else at


def details(result: GateResult) -> list[str]:
    """What is proven, what else is worth knowing, and what to do, a sentence each."""
    lines = [proven] if (proven := _proven(result)) else []
    if result.dispersion is not None and result.dispersion >= NOTICEABLE:
        lines.append(
            f"Failures come in bursts: they vary {number(result.dispersion)} times as much as independent ones, "
            "and are counted as so many fewer."
        )
    lines += [f"Note: {note}." for note in result.notes]
    if result.advice:
        lines.append(f"What to do: {result.advice}")
    return lines


def remediation(report: GateReport) -> str:
    """What became of the remediation; nothing when there was none."""
    remedy = report.remedy
    return f"Remediation: {remedy.action} {remedy.outcome}" if remedy else ""


def conclusion(report: GateReport) -> str:
    """The verdict of all gates, why, and the exit code."""
    code = f"exit code {report.exit_code}"
    if report.dry_run:
        real = replace(report, dry_run=False).exit_code
        code += f", for this is a dry run; it would be {real}" if real != report.exit_code else "; this is a dry run"
    return f"{report.verdict.upper()}: {_summary(report)} ({code})"


def _proven(result: GateResult) -> str:
    bounds = interval(result)
    if not bounds:
        return ""
    low, high = bounds
    if result.kind is Kind.ERROR_BUDGET:  # it is counted, not estimated: the bounds are what the counts allow
        return f"By the counts between {low} and {high} of the budget are left." if low != high else ""
    return f"With {percent(result.confidence)} confidence at least {low}, and at most {high}."


def _summary(report: GateReport) -> str:
    if not any(result.required for result in report.results):
        return "no required gate was asked, and nothing judged is no pass"
    if failed := list(report.failures()):
        return ", ".join(result.title for result in failed)
    if report.strict and report.verdict is Verdict.WARN:
        return "no required gate fails, but some warn, and --strict stops at that"
    return _SUMMARY[report.verdict]
