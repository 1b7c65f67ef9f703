"""`--evidence` and `--replay`: what was asked and answered, and the same verdict from it again."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from gates.check import main
from gates.formats import FORMATS
from gates.replaying.evidence_file import FORMAT
from stack.address import free_address
from stack.journal import Journal
from stack.version import installed_version
from tests.gates.answered import STACK
from tests.gates.fake_prometheus import HEALTHY, answering, clock, evenly, slices, vector
from tests.gates.past import Past
from tests.gates.replaying.replays import Check

pytestmark = pytest.mark.e2e

OBJECTIVES = "{success_rate: {target: 99.5%}, latency: {under: 300ms, target: 99%}}"


@pytest.fixture
def check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Check:
    return Check(tmp_path, capsys)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, 0),
        ({"counted requests": "300"}, 1),
        ({"requests": "60", "counted requests": "0"}, 3),
        ({"newest sample": "1799990000"}, 3),
        ({"requests": "NaN"}, 4),
        ({"counted requests": "+Inf"}, 4),
        ({"requests": "1e21", "counted requests": "1.5e-7"}, 0),
    ],
)
def test_a_replay_says_the_same_in_every_format(check: Check, changes: dict[str, str], code: int) -> None:
    def reports(name: str) -> list[str]:
        return [f"--output={form}={check.directory / f'{name}.{form}'}" for form in FORMATS]

    told = check.run(*reports("first"), values={**HEALTHY, **changes})
    assert told[0] == code
    assert check.replay(*reports("again")) == told
    for form in FORMATS:
        first, again = ((check.directory / f"{name}.{form}").read_bytes() for name in ("first", "again"))
        assert first
        assert again == first


@pytest.mark.parametrize("options", [["--strict"], ["--dry-run"], ["--run-id", "build-7"]])
def test_a_replay_is_as_strict_as_the_check_was(check: Check, options: list[str]) -> None:
    told = check.run("--format", "json", *options)
    assert check.replay("--format", "json") == told


def test_a_replay_can_be_a_dry_run(check: Check) -> None:
    assert check.run(values={**HEALTHY, "counted requests": "300"})[0] == 1
    assert check.replay("--dry-run")[0] == 0


@pytest.mark.parametrize(
    ("asks_time", "reason"),
    [
        (lambda _: vector({"a": "1", "b": "2"}), "Prometheus does not say what time it is"),
        (lambda _: b"<html>", "answered with a web page, not with JSON; does a login stand in between?"),
    ],
)
def test_a_replay_knows_no_more_than_the_check_did(check: Check, asks_time: Callable, reason: str) -> None:
    told = check.run(asks_time=asks_time)
    assert told[0] == 4
    assert reason in told[1]
    assert check.replay() == told


def test_a_prometheus_that_was_not_there_is_not_there_in_the_replay(check: Check) -> None:
    stack = check.directory / "stack.yaml"
    stack.write_text(STACK.format(url=f"http://{free_address('127.0.0.1')}"))
    told = check.told("--stack", str(stack), "--evidence", str(check.evidence))
    assert told[0] == 4
    assert "refused the connection; is it running?" in told[1]
    assert check.document()["asked"][0]["error"]["kind"] == "unreachable"
    assert check.replay() == told


def test_bursts_come_back_too(check: Check) -> None:
    def in_bursts(form: dict[str, str]) -> bytes:
        return slices(form, {"requests in a slice": ["300"] * 20, "counted requests in a slice": ["0"] * 19 + ["30"]})

    told = check.run("--format", "json", values={**HEALTHY, "counted requests": "30"}, over_time=in_bursts)
    assert json.loads(told[1])["gates"][0]["dispersion"] > 10
    assert check.document()["asked"][-1]["answer"]["data"]["resultType"] == "matrix"
    assert check.replay("--format", "json") == told


def test_a_waited_verdict_is_judged_again_at_its_last_look(check: Check) -> None:
    looks = itertools.count()

    def later(_query: str) -> bytes:
        now = 1_800_000_000 + 30 * next(looks)
        data = {"resultType": "scalar", "result": [now, str(now)]}
        return json.dumps({"status": "success", "data": data}).encode()

    few = {**HEALTHY, "requests": "60", "counted requests": "0", "recent requests": "20", "newest sample": "1800000060"}
    told = check.run("--wait", "1s", "--every", "300ms", "--format", "json", "--no-record", values=few, asks_time=later)
    report = json.loads(told[1])
    assert (told[0], report["looks"] > 1, report["gates"][0]["window_seconds"] > 600) == (3, True, True)
    assert check.document()["check"]["moment"]["first"] == 1_800_000_000 - 30
    assert check.replay("--format", "json") == told


@pytest.mark.parametrize(
    "job", ["healthy", "failing", "sparse", "idle", "dead", "stale", "young", "not-a-number", "restarted"]
)
def test_every_past_can_be_judged_again(
    past: Past, job: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    check = Check(tmp_path, capsys)
    stack = past.stack(tmp_path, job, OBJECTIVES)
    asked = ["--stack", str(stack), "--at", str(past.at), "--evidence", str(check.evidence), "--format", "json"]
    told = check.told(*asked)
    assert len(json.loads(told[1])["gates"]) == 3
    assert check.replay("--format", "json") == told


def test_the_evidence_says_what_was_judged_and_found(check: Check) -> None:
    check.run("--run-id", "build-7")
    document = check.document()
    assert (document["format"], document["version"], document["made_by"]) == (FORMAT, 1, installed_version())
    assert document["run_id"] == "build-7"
    assert document["prometheus"].startswith("http://127.0.0.1:")
    assert document["check"]["gates"][0]["condition"]["target"] == "0.995"
    assert document["asked"][0]["query"] == "time()"
    assert "increase(http_requests_total" in document["asked"][1]["query"]
    assert document["asked"][1]["at"] == 1_800_000_000 - 30
    assert document["found"]["verdict"] == "pass"
    assert (
        document["found"]["results"][0]["reason"] == "99.9% of 6,000 requests succeeded in 10m; at least 99.5% is due"
    )


def test_a_replay_leaves_the_journal_alone(check: Check) -> None:
    check.run()
    journal = Journal(check.directory / "var" / "journal.jsonl")
    before = list(journal.read())
    check.replay()
    assert len(before) == 1
    assert list(journal.read()) == before


@pytest.mark.parametrize("option", ["--at=1800000000", "--window=5m", "--gate=a", "--evidence=other.json"])
def test_a_replay_is_of_what_was_judged(check: Check, capsys: pytest.CaptureFixture[str], option: str) -> None:
    check.run()
    assert main(["--replay", str(check.evidence), option]) == 2
    name = option.partition("=")[0]
    assert (
        capsys.readouterr().err == f"gates.check: --replay judges what the evidence holds; {name} would change that\n"
    )


def test_evidence_replaces_older_evidence(check: Check) -> None:
    check.evidence.write_text("old")
    told = check.run()
    assert check.replay() == told
    assert sorted(path.name for path in check.directory.iterdir()) == ["evidence.json", "stack.yaml", "var"]


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo])
def test_evidence_without_a_place_is_refused_before_anything_is_asked(
    check: Check, capsys: pytest.CaptureFixture[str], make: Callable[[Path], None]
) -> None:
    make(check.evidence)
    with answering(lambda _: vector(HEALTHY)) as url:
        stack = check.directory / "stack.yaml"
        stack.write_text(STACK.format(url=url))
        assert main(["--stack", str(stack), "--evidence", str(check.evidence)]) == 2
    assert capsys.readouterr().err == f"gates.check: {check.evidence} is not a file; evidence goes to one\n"
    assert not (check.directory / "var").exists()


def test_evidence_in_a_directory_that_is_not_there_is_refused(check: Check, capsys: pytest.CaptureFixture[str]) -> None:
    check.evidence = check.directory / "no" / "evidence.json"
    with answering(lambda _: vector(HEALTHY)) as url:
        stack = check.directory / "stack.yaml"
        stack.write_text(STACK.format(url=url))
        assert main(["--stack", str(stack), "--evidence", str(check.evidence)]) == 2
    assert capsys.readouterr().err == (
        f"gates.check: {check.evidence} cannot be written: there is no directory {check.evidence.parent}\n"
    )


@pytest.mark.parametrize(("bad", "code"), [("6", 2), ("300", 1)])
def test_evidence_that_gets_lost_costs_no_verdict(
    check: Check, capsys: pytest.CaptureFixture[str], bad: str, code: int
) -> None:
    gone = check.directory / "gone"
    gone.mkdir()
    check.evidence = gone / "evidence.json"

    def lose_it(_query: str) -> bytes:
        if gone.exists():
            gone.rmdir()
        return clock()

    with answering(lambda _: vector({**HEALTHY, "counted requests": bad}), asks_time=lose_it) as url:
        stack = check.directory / "stack.yaml"
        stack.write_text(STACK.format(url=url))
        arguments = ["--stack", str(stack), "--gate", "success_rate", "--evidence", str(check.evidence)]
        assert main(arguments) == code
    out, err = capsys.readouterr()
    assert err == f"error: {check.evidence} cannot be written: No such file or directory\n"
    assert "requests succeeded in 10m" in out


def test_secrets_stay_out_of_the_evidence(check: Check) -> None:
    (check.directory / "token").write_text("hidden-token")
    with answering(lambda _: vector(HEALTHY), over_time=evenly) as url:
        stack = check.directory / "stack.yaml"
        access = (
            f'prometheus: {{url: "{url}", headers: {{X-Scope-OrgID: hidden-tenant}}, auth: {{bearer_file: token}}}}'
        )
        stack.write_text(STACK.format(url=url).replace(f'prometheus: {{url: "{url}"}}', access))
        assert main(["--stack", str(stack), "--gate", "success_rate", "--evidence", str(check.evidence)]) == 0
    assert "hidden" not in check.evidence.read_text()


def test_a_replay_starts_no_remediation(check: Check, capsys: pytest.CaptureFixture[str]) -> None:
    mark = check.directory / "mark"
    with answering(lambda _: vector({**HEALTHY, "counted requests": "300"})) as url:
        stack = check.directory / "stack.yaml"
        on_fail = f"gates: {{on_fail: {{run: [touch, {mark}]}}, "
        stack.write_text(STACK.format(url=url).replace("gates: {", on_fail))
        assert main(["--stack", str(stack), "--gate", "success_rate", "--evidence", str(check.evidence)]) == 1
    assert mark.exists()
    mark.unlink()
    told = capsys.readouterr().out.partition("\n\nRemediation: ")[0]
    code, again = check.replay()
    assert (code, again.startswith(told)) == (1, True)
    assert not mark.exists()


def test_what_a_second_prometheus_answered_is_evidence_too(check: Check) -> None:
    gone = f"http://{free_address('127.0.0.1')}"
    with answering(lambda _: vector(HEALTHY)) as url:
        stack = check.directory / "stack.yaml"
        stack.write_text(STACK.format(url=gone).replace('"}', f'", failover: ["{url}"], retries: 0}}'))
        arguments = ["--stack", str(stack), "--gate", "success_rate", "--evidence", str(check.evidence)]
        told = check.told(*arguments)
    assert told[0] == 0
    assert f"  Note: Prometheus at {gone} refused the connection; is it running?; so {url} was asked.\n" in told[1]
    assert [asked for asked in check.document()["asked"] if "error" in asked] == []
    assert check.replay() == told
