"""What the gates found, as text for people."""

from __future__ import annotations

from datetime import UTC, datetime

from gates.gate import GateReport, GateResult, Verdict
from gates.wording import percent

_SUMMARY = {
    Verdict.PASS: "every required gate passes",
    Verdict.WARN: "no required gate fails, and some warn",
    Verdict.UNDECIDED: "there is not enough evidence to pass",
    Verdict.ERROR: "what is needed could not be measured",
}


def render(report: GateReport) -> str:
    """The report for people: what was measured, the limit, the verdict, why, and what to do."""
    lines = [_heading(report)]
    for result in report.results:
        observes = "" if result.required else " (observes)"
        lines += ["", f"{result.verdict.upper():<10}{result.title}{observes}", f"  {result.reason}"]
        lines += [f"  {line}" for line in _details(result)]
    lines += ["", f"{report.verdict.upper()}: {_summary(report)} (exit code {report.exit_code})"]
    return "\n".join(lines)


def _heading(report: GateReport) -> str:
    if report.at is None:
        return "The gates, without an answer from Prometheus"
    return f"The gates at {datetime.fromtimestamp(report.at, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _details(result: GateResult) -> list[str]:
    lines = []
    if result.interval and result.threshold > 0:
        low, high = (percent(bound, result.threshold) for bound in result.interval)
        lines.append(f"With {percent(result.confidence)} confidence at least {low}, and at most {high}.")
    lines += [f"Note: {note}." for note in result.notes]
    if result.advice:
        lines.append(f"What to do: {result.advice}")
    return lines


def _summary(report: GateReport) -> str:
    if not any(result.required for result in report.results):
        return "no required gate was asked, and nothing judged is no pass"
    failed = ", ".join(result.title for result in report.failures())
    return f"{failed}" if failed else _SUMMARY[report.verdict]
