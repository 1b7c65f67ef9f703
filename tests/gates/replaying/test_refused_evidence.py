"""Evidence that is damaged, changed, made up or of another version gives no verdict."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stack.version import installed_version
from tests.gates.fake_prometheus import HEALTHY
from tests.gates.replaying.replays import Check

pytestmark = pytest.mark.e2e


@pytest.fixture
def check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Check:
    return Check(tmp_path, capsys)


def test_what_is_no_evidence_is_refused(check: Check) -> None:
    foreign = "is no evidence of gates"
    assert check.complaint() == f"there is no file {check.evidence}; --evidence writes what --replay reads"
    for content, problem in [
        (b"", f"{foreign}: it is JSON that breaks off or is not valid"),
        (b"\xff", f"{foreign}: it is JSON that breaks off or is not valid"),
        (b"[" * 100_000, f"{foreign}: it is JSON that breaks off or is not valid"),
        (b'{"a": NaN}', f"{foreign}: it is JSON that breaks off or is not valid"),
        (b"[]", f"{foreign}: it is JSON that is not an object"),
        (b"{}", f"{foreign}; --evidence writes what --replay reads"),
        (b'{"format": "other", "version": 1}', f"{foreign}; --evidence writes what --replay reads"),
    ]:
        check.evidence.write_bytes(content)
        assert check.complaint() == problem


def test_a_directory_is_no_evidence(check: Check) -> None:
    check.evidence.mkdir()
    assert check.complaint() == "is not a file; --evidence writes what --replay reads"


def test_evidence_of_any_length_but_the_whole_is_refused(check: Check) -> None:
    check.run()
    body = check.evidence.read_bytes()
    for length in range(0, len(body) - 2, 97):
        check.evidence.write_bytes(body[:length])
        assert check.complaint() == "is no evidence of gates: it is JSON that breaks off or is not valid"


def test_evidence_that_was_changed_is_refused(check: Check) -> None:
    check.run(values={**HEALTHY, "counted requests": "300"})
    body = check.evidence.read_text()
    for written, instead in [('"300.0"', '"3.0"'), ("0.995", "0.9"), ('"fail"', '"pass"'), ("http://", "https://")]:
        assert written in body
        check.evidence.write_text(body.replace(written, instead))
        assert check.complaint() == "was changed after it was written: its checksum is not right"


def test_evidence_that_is_laid_out_otherwise_is_the_same(check: Check) -> None:
    told = check.run()
    check.evidence.write_text(json.dumps(check.document(), indent=8, sort_keys=True))
    assert check.replay() == told


def test_evidence_of_a_later_format_says_who_made_it(check: Check) -> None:
    check.run()
    check.rewrite(version=2, made_by="9.1.0")
    assert check.complaint() == (
        "is evidence of version 2, and only 1 can be replayed; "
        f"it was made by version 9.1.0 of dev-hq, and this is {installed_version()}"
    )


def test_evidence_of_gates_that_asked_otherwise_says_who_made_it(check: Check) -> None:
    check.run()
    asked = check.document()["asked"]
    check.rewrite(made_by="0.0.9", asked=asked[:1])
    complaint = check.complaint()
    assert complaint.startswith("cannot be replayed: it lacks the answer to label_replace(sum(increase(")
    assert complaint.endswith(f"; it was made by version 0.0.9 of dev-hq, and this is {installed_version()}")
    check.rewrite(made_by="\x1b[31m", asked=asked[:1])
    assert check.complaint().endswith(f"; it was made by version another of dev-hq, and this is {installed_version()}")


def test_evidence_that_was_judged_otherwise_says_so(check: Check) -> None:
    check.run()
    check.rewrite(found={**check.document()["found"], "verdict": "fail"})
    assert check.complaint() == "cannot be replayed: its answers are judged differently here"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"asked": {}}, "what was asked is not a list"),
        ({"asked": [1]}, "an answer without its question"),
        ({"asked": [{"query": "time()"}]}, "a question with neither an answer nor an error"),
        ({"asked": [{"query": "up", "error": {"kind": "odd"}}]}, "an error that is of no kind that is known"),
        ({"asked": [{"query": "up", "error": {"kind": ["answer"]}}]}, "an error that is of no kind that is known"),
        ({"asked": [{"query": "up", "error": {"kind": "answer"}}]}, "an error that is of no kind that is known"),
        ({"asked": [{"query": "up", "error": {"kind": "answer", "message": 1}}]}, "an error whose words are not text"),
        ({"asked": [{"query": "up", "at": "now", "answer": {}}]}, "a question whose time is not a number"),
        (
            {"asked": [{"query": "up", "at": 1.0, "answer": {}}]},
            "JSON that is not shaped as Prometheus' API documents it",
        ),
        ({"check": {}}, "check has not the keys gates, moment, scrape_interval, max_age, strict, dry_run, notes"),
    ],
)
def test_evidence_that_makes_no_sense_is_refused(check: Check, changes: dict[str, object], problem: str) -> None:
    check.run()
    check.rewrite(**changes)
    assert check.complaint() == f"cannot be replayed: {problem}"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("gates.0.confidence", 2.0),
        ("gates.0.window", "NaN"),
        ("moment.first", "NaN"),
        ("scrape_interval", "+Inf"),
        ("max_age", "+Inf"),
    ],
)
def test_evidence_that_was_made_up_is_refused(check: Check, path: str, value: object) -> None:
    check.run()
    judged = node = check.document()["check"]
    *way, last = path.split(".")
    for key in way:
        node = node[int(key) if key.isdigit() else key]
    node[last] = value
    check.rewrite(check=judged)
    assert check.complaint() == "cannot be replayed: its gates are none that can be judged"


def test_evidence_without_gates_is_refused(check: Check) -> None:
    check.run()
    document = check.document()
    del document["check"]
    check.evidence.write_text(json.dumps(document))
    check.rewrite()
    assert check.complaint() == "cannot be replayed: it has no 'check'"


def test_evidence_that_is_too_large_is_not_read(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    check.run()
    monkeypatch.setattr("gates.replaying.evidence_file.MAX_BYTES", 1024**2)
    check.evidence.write_text(" " * (1024**2 + 1))
    assert check.complaint() == "is larger than 1 MiB"
