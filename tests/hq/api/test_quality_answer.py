"""The models of a verdict say what the document says that the command prints, and nothing else."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from gates.formats.json import render
from gates.gate import GateReport
from gates.remedies.remedy import Remedy
from hq.api.quality_answer import CheckFound, answer
from tests.gates.formats.reports import REPORT

REMEDIED = replace(REPORT, remedy=Remedy.failed("./undo.sh", "ended with 3 after 0.1s"))
UNMEASURED = replace(REPORT, at=None, looks=3, waited=40.5)


@pytest.mark.parametrize("report", [REPORT, REMEDIED, UNMEASURED], ids=["every verdict", "remedied", "unmeasured"])
def test_a_model_says_all_that_the_document_says(report: GateReport) -> None:
    printed = json.loads(render(report))
    said = CheckFound.model_validate(answer(report)).model_dump(mode="json")
    for gate in printed["gates"]:
        gate["place"] = gate["place"] and gate["place"].rpartition("/")[2]
    assert said == printed
    assert list(said) == list(printed)
    assert [list(gate) for gate in said["gates"]] == [list(gate) for gate in printed["gates"]]


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("/opt/deploy/undo.sh ended with 0", "undo.sh ended with 0"),
        ("could not open /srv/hq/var/journal.jsonl: full", "could not open journal.jsonl: full"),
        ('"/srv/a/b" is away', '"b" is away'),
        ("./undo.sh ended with 0", "./undo.sh ended with 0"),
        ("../bin/undo ended with 0", "../bin/undo ended with 0"),
        ("the webhook at https://ci.example:8443 answered 503", "the webhook at https://ci.example:8443 answered 503"),
    ],
)
def test_what_is_said_of_a_remediation_names_no_directory(words: str, shown: str) -> None:
    said = answer(replace(REPORT, remedy=Remedy("", words)))["remediation"]
    assert said["outcome"] == shown
