"""Evidence: all that was asked for a verdict, and what was answered, so that it can be judged again."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from gates.checklist import Checklist
from gates.conditions.burn_rate import BurnRate
from gates.conditions.comparison import Comparison
from gates.conditions.error_budget import ErrorBudget
from gates.conditions.latency import Latency
from gates.conditions.promql import PromQl
from gates.conditions.success_rate import SuccessRate
from gates.gate import GateReport, QualityGate
from gates.instant import Moment
from gates.looking import look
from gates.replaying.codec import Decoder, Json, encode
from gates.replaying.recording import Exchange, MissingAnswerError, Recorded, read_exchange, write_exchange
from prometheus.answer import read_json
from prometheus.errors import AnswerError
from prometheus.slo import Sli
from stack.dataclass import dataclass
from stack.errors import HqError
from stack.model import PrometheusSettings
from stack.reading import MIB, read_bytes
from stack.replacement import replace_file
from stack.version import installed_version

FORMAT = "dev-hq gate evidence"
VERSION = 1
MAX_BYTES = 64 * MIB
_MADE_BY = "--evidence writes what --replay reads"
_NONSENSE = (ArithmeticError, AssertionError, LookupError, TypeError, ValueError)  # of a file that was made up
_DECODER = Decoder({"Sli": Sli, "Condition": SuccessRate | Latency | ErrorBudget | BurnRate | Comparison | PromQl})


@dataclass(frozen=True)
class _Check:
    """What was judged, apart from the answers: what bears on the verdict, and the `notes` on who answered."""

    gates: tuple[QualityGate, ...]
    moment: Moment
    scrape_interval: float
    max_age: float | None
    strict: bool
    dry_run: bool
    notes: tuple[str, ...]


def refuse_unwritable(path: Path) -> None:
    """Raises HqError where evidence can surely not be written, so that it is known before anything is asked."""
    try:
        if path.exists() and not path.is_file():
            raise HqError(f"{path} is not a file; evidence goes to one")
    except OSError as error:
        raise HqError(f"{path} cannot be written: {error.strerror}") from None
    if not path.parent.is_dir():
        raise HqError(f"{path} cannot be written: there is no directory {path.parent}")
    if not os.access(path.parent, os.W_OK):
        raise HqError(f"{path} cannot be written: its directory is not ours to write in")


def write_evidence(
    path: Path,
    checklist: Checklist,
    moment: Moment,
    report: GateReport,
    *,
    exchanges: Sequence[Exchange],
    notes: tuple[str, ...],
) -> None:
    """Writes the evidence of `report`, all of it or nothing; raises HqError when it cannot.

    `exchanges` is what was asked, and `notes` what became of who was asked, which each result says after its own.
    """
    settings = checklist.prometheus
    check = _Check(
        checklist.gates, moment, settings.scrape_interval, checklist.max_age, report.strict, report.dry_run, notes
    )
    document = {
        "format": FORMAT,
        "version": VERSION,
        "made_by": installed_version(),
        "run_id": report.run_id,
        "file": str(checklist.file),
        "prometheus": settings.url,
        "check": encode(check),
        "asked": [write_exchange(exchange) for exchange in exchanges],
        "found": _found(report),
    }
    _write(path, {**document, "sha256": _digest(document)})


def _write(path: Path, document: Mapping[str, Any]) -> None:
    body = json.dumps(document, indent=1, allow_nan=False) + "\n"
    if len(body) > MAX_BYTES:
        raise HqError(f"{path} is not written: {len(body) // MIB} MiB of answers are more than can be replayed")
    try:
        replace_file(path, body.encode())
    except OSError as error:
        raise HqError(f"{path} cannot be written: {error.strerror}") from None


def replay(path: Path, *, strict: bool = False, dry_run: bool = False) -> GateReport:
    """The report that the evidence in `path` gives, without asking anybody; raises HqError.

    `strict` and `dry_run` are taken from it, unless they are set here.
    """
    document = _read(path)
    try:
        check = _DECODER.decode(_Check, document["check"], "check")
        source = Recorded([read_exchange(exchange) for exchange in _list(document["asked"])])
        begun = GateReport((), None, check.strict, check.dry_run, str(document["run_id"]))
        found = document["found"]
    except KeyError as error:
        raise _unusable(path, document, f"it has no {error}") from None
    except (ValueError, AnswerError) as error:
        raise _unusable(path, document, str(error)) from None
    try:
        report = look(_checklist(path, check), source, check.moment, begun).noted(check.notes)
    except MissingAnswerError as error:
        raise _unusable(path, document, str(error)) from None
    except _NONSENSE:
        raise _unusable(path, document, "its gates are none that can be judged") from None
    if json.dumps(_found(report), sort_keys=True) != json.dumps(found, sort_keys=True):
        raise _unusable(path, document, "its answers are judged differently here")
    return replace(report, strict=check.strict or strict, dry_run=check.dry_run or dry_run)


def _found(report: GateReport) -> dict[str, Json]:
    return {
        "verdict": report.verdict.value,
        "exit_code": report.exit_code,
        "at": report.at,
        "looks": report.looks,
        "results": [encode(result) for result in report.results],
    }


def _unusable(path: Path, document: Mapping[str, Any], problem: str) -> HqError:
    return HqError(f"{path} cannot be replayed: {problem}{_maker(document)}")


def _checklist(path: Path, check: _Check) -> Checklist:
    settings = PrometheusSettings(scrape_interval=check.scrape_interval)
    return Checklist(path, check.gates, settings, journal=path, max_age=check.max_age)


def _read(path: Path) -> dict[str, Any]:
    try:
        document = read_json(read_bytes(path, at_most=MAX_BYTES, if_missing=_MADE_BY, or_pipe=True))
    except AnswerError as error:
        raise HqError(f"{path} is no evidence of gates: it is {error}") from None
    if document.get("format") != FORMAT:
        raise HqError(f"{path} is no evidence of gates; {_MADE_BY}")
    if document.get("version") != VERSION:
        version = json.dumps(document.get("version"))[:20]
        raise HqError(f"{path} is evidence of version {version}, and only {VERSION} can be replayed{_maker(document)}")
    if document.pop("sha256", None) != _digest(document):
        raise HqError(f"{path} was changed after it was written: its checksum is not right")
    return document


def _maker(document: Mapping[str, Any]) -> str:
    """Which version made it, where that may explain something."""
    maker, ours = str(document.get("made_by")), installed_version()
    if maker == ours:
        return ""
    known = maker if re.fullmatch(r"[\w.+-]{1,40}", maker, re.ASCII) else "another"
    return f"; it was made by version {known} of dev-hq, and this is {ours}"


def _digest(document: Mapping[str, Any]) -> str:
    """A checksum of what a document says, however it is laid out."""
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def _list(data: object) -> list[object]:
    if not isinstance(data, list):
        raise ValueError("what was asked is not a list")
    return data
