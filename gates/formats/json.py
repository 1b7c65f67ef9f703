"""What the gates found, as JSON for programs."""

from __future__ import annotations

import json

from gates.gate import GateReport, GateResult

VERSION = 1


def render(report: GateReport) -> str:
    """The report for programs; null is what could not be measured."""
    return json.dumps(
        {
            "version": VERSION,
            "verdict": report.verdict,
            "exit_code": report.exit_code,
            "at": report.at,
            "run_id": report.run_id,
            "gates": [_record(result) for result in report.results],
        },
        indent=2,
        allow_nan=False,
    )


def _record(result: GateResult) -> dict[str, object]:
    return {
        "gate": result.gate,
        "service": result.service,
        "kind": result.kind,
        "verdict": result.verdict,
        "required": result.required,
        "actual": result.actual,
        "threshold": result.threshold,
        "interval": result.interval,
        "confidence": result.confidence,
        "requests": result.requests,
        "bad": result.bad,
        "dispersion": result.dispersion,
        "window_seconds": result.window,
        "coverage": result.coverage,
        "reason": result.reason,
        "advice": result.advice,
        "notes": result.notes,
        "place": f"{result.place.file}:{result.place.line}" if result.place else None,
    }
