"""`dev-hq quality check --server`: the gates that the server has, judged there, reported here."""

from __future__ import annotations

import argparse
import os
import time
from dataclasses import fields, replace
from typing import Any

from gates.check import INTERNAL, say, tell
from gates.formats.json import VERSION
from gates.gate import GateReport, GateResult
from gates.remedies.remedy import Remedy
from hq.remote.answer import AnswerError, read_as, read_rows
from hq.remote.client import RemoteClient
from hq.remote.errors import RefusedError, ServerError
from hq.remote.options import refuse_options
from stack.errors import HqError

CHECK_SECONDS = 120.0
REMEDY_SECONDS = 3700.0
"""A command of on_fail may take an hour."""
PATIENCE = 30.0
_MOMENT = "the server judges the moment at which it is asked"
_OWN_GATES = "the server judges its own gates; `dev-hq serve --gates FILE` there names others"
_HERE = "it is for gates that are judged on this machine"
_RESULT = {field.name for field in fields(GateResult)}
_NOT_THERE = {
    "config": _OWN_GATES,
    "var": _OWN_GATES,
    "at": _MOMENT,
    "since": _MOMENT,
    "wait": _MOMENT,
    "every": _MOMENT,
    "evidence": _HERE,
    "replay": _HERE,
    "validate": _HERE,
    "explain": _HERE,
    "self_test": _HERE,
}


def check(client: RemoteClient, arguments: argparse.Namespace) -> int:
    """What `dev-hq quality check` does, by a server; its exit code. Raises HqError for what the server refuses."""
    refuse_options(arguments, _NOT_THERE)
    if not arguments.record:
        raise HqError("--no-record cannot be used with --server: the server writes every verdict down")
    try:
        report = _judged(client, arguments)
    except ServerError as error:
        if isinstance(error, RefusedError) and error.status < 500:
            raise
        say(f"error: {error}")
        return INTERNAL  # the data source could not answer, and no 0, 1 or 3 may stand for that
    return tell(report, arguments)


def _judged(client: RemoteClient, arguments: argparse.Namespace) -> GateReport:
    run_id = arguments.run_id or f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{os.urandom(3).hex()}"
    remediate = arguments.remediate and not arguments.dry_run
    asked = {
        "gates": arguments.gate,
        "services": arguments.service,
        "window_seconds": arguments.window,
        "strict": arguments.strict,
        "remediate": remediate,
        "run_id": run_id,
    }
    body = {name: value for name, value in asked.items() if value is not None}
    seconds = REMEDY_SECONDS if remediate else CHECK_SECONDS
    document = client.post("/api/quality/check", body, key=run_id, patience=PATIENCE, seconds=seconds)
    with client.reading():
        return replace(read_report(document), dry_run=arguments.dry_run)


def read_report(document: object) -> GateReport:
    """The report in a document of gates/formats/json.py; raises AnswerError.

    What was no finite number there is null: a threshold comes back as NaN, the ends of an interval as infinities.
    """
    if not isinstance(document, dict) or document.get("version") != VERSION:
        raise AnswerError(f"no report of version {VERSION}; install the dev-hq that the server has")
    rows = read_rows(document.get("gates"), "gates")
    shaped = {**document, "results": list(map(_shaped, rows)), "waited": document.get("waited_seconds") or 0.0}
    report = read_as(GateReport, {**shaped, "remedy": document.get("remediation")}, "the report", {"Remedy": Remedy})
    if report.exit_code != document.get("exit_code"):
        raise AnswerError("a verdict that does not follow from its gates")
    return report


def _shaped(row: dict[str, Any]) -> dict[str, Any]:
    """One gate's keys as GateResult names them."""
    shaped = {
        **row,
        "window": row.get("window_seconds"),
        "threshold": "NaN" if row.get("threshold") is None else row["threshold"],
        "interval": _bounds(row.get("interval")),
        "bad": _bounds(row.get("bad")),
        "place": _place(row.get("place")),
    }
    return {name: value for name, value in shaped.items() if name in _RESULT}


def _bounds(pair: object) -> object:
    if not isinstance(pair, list) or len(pair) != 2:
        return pair
    return ["-Inf" if pair[0] is None else pair[0], "+Inf" if pair[1] is None else pair[1]]


def _place(place: object) -> object:
    if not isinstance(place, str):
        return place
    file, _, line = place.rpartition(":")
    return {"file": file, "line": int(line)} if line.isascii() and line.isdigit() and len(line) < 10 else None
