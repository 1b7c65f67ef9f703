"""What the gates found, as the API answers it: the document of gates/formats/json.py, without paths of this machine."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field

from gates.formats.json import document
from gates.gate import GateReport, Kind, Verdict

NOT_RECORDED = "the verdicts are not recorded; the log of dev-hq serve says why"

_DIRECTORIES = re.compile(r"(?<![\w:/.])/(?:[^\s/:;,\"']+/)+")
_log = logging.getLogger("dev-hq.api")


class GateFound(BaseModel):
    """What one gate found; null is what could not be measured. docs/gates.md has the units."""

    gate: str
    service: str
    kind: Kind
    verdict: Verdict
    required: bool = Field(description="A gate that is not required only observes, and stops nothing.")
    actual: float | None
    threshold: float | None
    interval: tuple[float | None, float | None] | None = Field(description="What is proven of `actual`.")
    confidence: float
    requests: float | None
    bad: tuple[float | None, float | None] | None = Field(description="The fewest and the most bad requests.")
    dispersion: float | None
    window_seconds: float
    coverage: float | None
    needed: int | None = Field(description="How many requests would settle what is undecided.")
    needed_seconds: float | None
    reason: str
    advice: str
    notes: tuple[str, ...]
    place: str | None = Field(description="Where the gate is written: file and line.")


class RemedyFound(BaseModel):
    """What became of the remediation; `problem` is null when it did what it should."""

    action: str
    outcome: str
    problem: str | None


class CheckFound(BaseModel):
    """What all gates found at the moment `at` (epoch seconds; null when Prometheus could not be asked)."""

    version: int
    verdict: Verdict = Field(description="The gravest of the required gates.")
    exit_code: int = Field(description="What `dev-hq quality check` ends with.")
    exit_code_unless_dry_run: int
    at: float | None
    run_id: str
    strict: bool
    dry_run: bool
    looks: int
    waited_seconds: float | None
    gates: tuple[GateFound, ...]
    remediation: RemedyFound | None
    journal_problem: str | None


def answer(report: GateReport) -> dict[str, Any]:
    """The document of a report; whatever names a directory goes to the log instead."""
    found: dict[str, Any] = document(report)
    for gate in found["gates"]:
        gate["place"] = _place(gate["place"])
    if report.journal_problem:
        _log.warning("the verdicts of %s are not recorded: %s", report.run_id, report.journal_problem)
        found["journal_problem"] = NOT_RECORDED
    if found["remediation"]:
        found["remediation"] = _without_directories(found["remediation"], report.run_id)
    return found


def _place(place: str | None) -> str | None:
    return Path(place).name if place else None


def _without_directories(remedy: dict[str, str | None], run_id: str) -> dict[str, str | None]:
    shown = {key: words and _DIRECTORIES.sub("", words) for key, words in remedy.items()}
    if shown != remedy:
        _log.warning("the remediation of %s: %s %s", run_id, remedy["action"], remedy["outcome"])
    return shown
