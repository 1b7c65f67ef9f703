"""What the gates found, as text for people and as JSON for programs."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from gates.gate import GateReport, GateResult, Verdict
from gates.statistics import CONFIDENCE
from gates.wording import percent

JSON_VERSION = 1
_SUMMARY = {
    Verdict.PASS: "every required gate passes",
    Verdict.WARN: "no required gate fails, and some warn",
    Verdict.UNDECIDED: "there is not enough evidence to pass",
    Verdict.ERROR: "what is needed could not be measured",
}


def text(report: GateReport) -> str:
    """The report for people: what was measured, the limit, the verdict, why, and what to do."""
    lines = [_heading(report)]
    for result in report.results:
        observes = "" if result.required else " (observes)"
        lines += ["", f"{result.verdict.upper():<10}{result.service} {result.gate}{observes}", f"  {result.reason}"]
        lines += [f"  {line}" for line in _details(result)]
    lines += ["", f"{report.verdict.upper()}: {_summary(report)} (exit code {report.exit_code})"]
    return "\n".join(lines)


def as_json(report: GateReport) -> str:
    """The report for programs; null is what could not be measured."""
    return json.dumps(
        {
            "version": JSON_VERSION,
            "verdict": report.verdict,
            "exit_code": report.exit_code,
            "at": report.at,
            "confidence": CONFIDENCE,
            "gates": [_record(result) for result in report.results],
        },
        indent=2,
        allow_nan=False,
    )


def _record(result: GateResult) -> dict[str, object]:
    return {
        "gate": result.gate,
        "service": result.service,
        "verdict": result.verdict,
        "required": result.required,
        "actual": result.actual,
        "threshold": result.threshold,
        "interval": result.interval,
        "requests": result.requests,
        "bad": result.bad,
        "window_seconds": result.window,
        "coverage": result.coverage,
        "reason": result.reason,
        "advice": result.advice,
        "notes": result.notes,
    }


def _heading(report: GateReport) -> str:
    if report.at is None:
        return "The gates, without an answer from Prometheus"
    return f"The gates at {datetime.fromtimestamp(report.at, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _details(result: GateResult) -> list[str]:
    lines = []
    if result.interval and result.threshold > 0:
        low, high = (percent(bound, result.threshold) for bound in result.interval)
        lines.append(f"With {percent(CONFIDENCE)} confidence at least {low}, and at most {high}.")
    lines += [f"Note: {note}." for note in result.notes]
    if result.advice:
        lines.append(f"What to do: {result.advice}")
    return lines


def _summary(report: GateReport) -> str:
    if not any(result.required for result in report.results):
        return "no required gate was asked, and nothing judged is no pass"
    failed = ", ".join(f"{result.service} {result.gate}" for result in report.failures())
    return f"{failed}" if failed else _SUMMARY[report.verdict]
