"""What the gates found, as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from math import isfinite

from gates.gate import GateReport, GateResult

VERSION = 1


def render(report: GateReport) -> str:
    """The report for programs, in ASCII; null is what could not be measured."""
    return json.dumps(document(report), indent=2, allow_nan=False)


def document(report: GateReport) -> dict[str, object]:
    """The same before it is written."""
    return {
        "version": VERSION,
        "verdict": report.verdict,
        "exit_code": report.exit_code,
        "exit_code_unless_dry_run": replace(report, dry_run=False).exit_code,
        "at": report.at,
        "run_id": report.run_id,
        "strict": report.strict,
        "dry_run": report.dry_run,
        "looks": report.looks,
        "waited_seconds": _finite(report.waited),
        "gates": [_record(result) for result in report.results],
        "remediation": _remediation(report),
        "journal_problem": report.journal_problem,
    }


def _record(result: GateResult) -> dict[str, object]:
    return {
        "gate": result.gate,
        "service": result.service,
        "kind": result.kind,
        "verdict": result.verdict,
        "required": result.required,
        "actual": _finite(result.actual),
        "threshold": _finite(result.threshold),
        "interval": _all_finite(result.interval),
        "confidence": result.confidence,
        "requests": _finite(result.requests),
        "bad": _all_finite(result.bad),
        "dispersion": _finite(result.dispersion),
        "window_seconds": result.window,
        "coverage": _finite(result.coverage),
        "needed": result.needed,
        "needed_seconds": _finite(result.needed_seconds),
        "reason": result.reason,
        "advice": result.advice,
        "notes": result.notes,
        "place": f"{result.place.file}:{result.place.line}" if result.place else None,
    }


def _remediation(report: GateReport) -> dict[str, object] | None:
    remedy = report.remedy
    return {"action": remedy.action, "outcome": remedy.outcome, "problem": remedy.problem} if remedy else None


def _finite(number: float | None) -> float | None:
    return number if number is not None and isfinite(number) else None


def _all_finite(numbers: Iterable[float] | None) -> list[float | None] | None:
    return None if numbers is None else [_finite(number) for number in numbers]
