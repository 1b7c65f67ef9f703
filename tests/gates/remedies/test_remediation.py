"""When a remediation starts, and that it starts once for a run id."""

from __future__ import annotations

import signal
import subprocess
import threading
from pathlib import Path

import pytest

from gates.automated import AutomatedQualityGate
from gates.check import main
from gates.objectives import checklist_of
from stack.journal import Journal
from stack.loader import load_stack
from stack.waiting import wait_for
from tests.gates.fake_prometheus import Answer, answering, vector
from tests.gates.remedies.failing import (
    FAILS,
    PASSES,
    line_of_remediation,
    outcomes,
    program,
    remediations,
    stack,
    start,
)

pytestmark = pytest.mark.e2e

COUNTS = "echo started >> starts; cat >/dev/null"
ON_FAIL = "{run: [./rollback.sh]}"
ON_ERROR = "{run: [./rollback.sh], when: [error]}"


def starts(directory: Path) -> int:
    path = directory / "starts"
    return len(path.read_text().splitlines()) if path.exists() else 0


def unknown(_query: str) -> bytes:
    return vector({})


@pytest.mark.parametrize(
    ("answer", "when", "code", "started"),
    [
        (FAILS, "[fail]", 1, 1),
        (FAILS, "[error, undecided]", 1, 0),
        (PASSES, "[fail, error, undecided]", 0, 0),
        (unknown, "[fail]", 3, 0),
        (unknown, "[fail, undecided]", 3, 1),
    ],
)
def test_it_starts_after_the_verdicts_it_is_for(
    tmp_path: Path, answer: Answer, when: str, code: int, started: int
) -> None:
    program(tmp_path, COUNTS)
    with answering(answer) as url:
        path = stack(tmp_path, f"{{run: [./rollback.sh], when: {when}}}", url)
        assert main(["--stack", str(path)]) == code
    assert (starts(tmp_path), len(remediations(path))) == (started, 2 * started)


def test_without_prometheus_it_starts_only_when_errors_are_its_business(tmp_path: Path) -> None:
    program(tmp_path, COUNTS)
    assert main(["--stack", str(stack(tmp_path, ON_FAIL))]) == 4
    assert starts(tmp_path) == 0
    assert main(["--stack", str(stack(tmp_path, ON_ERROR))]) == 4
    assert starts(tmp_path) == 1


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--dry-run"], 0),
        (["--no-remediate"], 4),
        (["--validate"], 0),
        (["--explain"], 0),
        (["--self-test"], 0),
        (["--gate", "no such gate"], 2),
        (["--every", "1s"], 2),
        (["--window", "1s"], 2),
    ],
)
def test_it_never_starts_when_nothing_is_to_be_done(tmp_path: Path, options: list[str], code: int) -> None:
    program(tmp_path, COUNTS)
    path = stack(tmp_path, ON_ERROR)
    assert main(["--stack", str(path), *options]) == code
    assert starts(tmp_path) == 0
    assert remediations(path) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_before_it_starts_nothing(tmp_path: Path, number: signal.Signals) -> None:
    asked, let_go = threading.Event(), threading.Event()

    def hang(_query: str) -> bytes:
        asked.set()
        let_go.wait(60)
        return b"{}"

    program(tmp_path, COUNTS)
    with answering(hang, asks_time=hang) as url:
        path = stack(tmp_path, "{run: [./rollback.sh], when: [fail, error, undecided]}", url)
        check = start(path)
        assert asked.wait(30)
        check.send_signal(number)
        check.communicate(timeout=30)
        let_go.set()
    assert check.returncode == 128 + number
    assert starts(tmp_path) == 0
    assert not (tmp_path / "var").exists()


def test_a_gates_file_says_what_follows_too_and_its_stack_when_it_does_not(tmp_path: Path) -> None:
    with answering(FAILS) as url:
        stack(tmp_path, ON_FAIL, url)
        program(tmp_path, COUNTS)
        (tmp_path / "gates").mkdir()
        program(tmp_path / "gates", 'echo "$1" >> said', name="page.sh")
        path = tmp_path / "gates" / "gates.yaml"
        path.write_text("version: 1\nstack: ../stack.yaml\n")
        assert main(["--config", str(path)]) == 1
        assert starts(tmp_path) == 1
        path.write_text(
            "version: 1\nstack: ../stack.yaml\nvars: {team: shop}\non_fail: {run: [./page.sh, '${team}']}\n"
        )
        assert main(["--config", str(path)]) == 1
    assert starts(tmp_path) == 1
    assert (tmp_path / "gates" / "said").read_text() == "shop\n"


def test_replay_starts_nothing(tmp_path: Path) -> None:
    program(tmp_path, COUNTS)
    with answering(FAILS) as url:
        path, evidence = stack(tmp_path, ON_FAIL, url), str(tmp_path / "evidence.json")
        assert main(["--stack", str(path), "--evidence", evidence, "--no-remediate"]) == 1
    assert main(["--replay", evidence]) == 1
    assert starts(tmp_path) == 0


def test_a_second_check_with_the_same_run_id_says_what_became_of_the_first(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    program(tmp_path, COUNTS)
    path = stack(tmp_path, ON_ERROR)
    assert [main(["--stack", str(path), "--run-id", "deploy-7"]) for _ in range(3)] == [4, 4, 4]
    assert starts(tmp_path) == 1
    announced, finished = remediations(path)
    assert (announced.kind, finished.kind) == ("remediation_announced", "remediation_finished")
    assert announced.data == {"run_id": "deploy-7", "verdict": "error", "action": "./rollback.sh"}
    assert finished.data["failed"] is False
    said = line_of_remediation(capfd.readouterr().out.split("The gates")[-1])
    assert said.startswith("./rollback.sh was started at 20")
    assert said.endswith(f" UTC for this run id, and not again; it {finished.data['outcome']}")
    assert main(["--stack", str(path), "--run-id", "deploy-8"]) == 4
    assert main(["--stack", str(path)]) == 4
    assert starts(tmp_path) == 3


def test_a_second_check_after_a_failed_remediation_is_5_too(tmp_path: Path) -> None:
    program(tmp_path, f"{COUNTS}; exit 1")
    path = stack(tmp_path, ON_ERROR)
    assert [main(["--stack", str(path), "--run-id", "deploy-7"]) for _ in range(2)] == [5, 5]
    assert starts(tmp_path) == 1


def test_a_dry_run_does_not_use_up_the_run_id(tmp_path: Path) -> None:
    program(tmp_path, COUNTS)
    path = stack(tmp_path, ON_ERROR)
    for option in ("--dry-run", "--no-remediate"):
        main(["--stack", str(path), "--run-id", "deploy-7", option])
    assert main(["--stack", str(path), "--run-id", "deploy-7"]) == 4
    assert starts(tmp_path) == 1


def test_of_two_checks_at_once_one_starts_it(tmp_path: Path) -> None:
    program(tmp_path, f"{COUNTS}; while ! [ -e go ]; do sleep 0.05; done")
    path = stack(tmp_path, ON_ERROR)
    checks = [start(path, "--run-id", "deploy-7") for _ in range(4)]

    def ended() -> list[subprocess.Popen[str]]:
        return [check for check in checks if check.poll() is not None]

    wait_for(lambda: len(ended()) == 3, 60, "three do not wait for the one that starts it")
    others = ended()
    (tmp_path / "go").touch()
    (first,) = [check for check in checks if check not in others]
    printed = first.communicate(timeout=60)[0]
    assert first.returncode == 4
    assert line_of_remediation(printed).startswith("./rollback.sh ended with 0 after ")
    for check in others:
        printed = check.communicate(timeout=60)[0]
        assert "nothing is known of its outcome: it still runs, or was killed" in line_of_remediation(printed)
        assert check.returncode == 5
    assert starts(tmp_path) == 1
    assert [kind for kind, _ in outcomes(path)] == ["announced", "finished"]


def test_it_is_announced_before_it_starts_and_the_verdict_is_written_before_both(tmp_path: Path) -> None:
    program(tmp_path, "cp var/journal.jsonl seen.jsonl")
    path = stack(tmp_path, ON_ERROR)
    assert main(["--stack", str(path)]) == 4
    kinds = ["gate_verdict", "gate_verdict", "remediation_announced"]
    assert [record.kind for record in Journal(tmp_path / "seen.jsonl").read()] == kinds
    written = Journal(tmp_path / "var" / "journal.jsonl").read()
    assert [record.kind for record in written] == [*kinds, "remediation_finished"]
    assert len({record.data["run_id"] for record in written}) == 1


def test_it_is_announced_even_when_verdicts_are_not_recorded(tmp_path: Path) -> None:
    program(tmp_path, COUNTS)
    path = stack(tmp_path, ON_ERROR)
    for _ in range(2):
        assert main(["--stack", str(path), "--no-record", "--run-id", "deploy-7"]) == 4
    assert starts(tmp_path) == 1
    assert [kind for kind, _ in outcomes(path)] == ["announced", "finished"]
    assert [record.kind for record in Journal(tmp_path / "var" / "journal.jsonl").read()] == [
        "remediation_announced",
        "remediation_finished",
    ]


def test_without_a_journal_nothing_starts(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    program(tmp_path, COUNTS)
    path = stack(tmp_path, ON_ERROR)
    journal = tmp_path / "var" / "journal.jsonl"
    journal.mkdir(parents=True)
    assert main(["--stack", str(path)]) == 5
    assert starts(tmp_path) == 0
    why = f"the journal {journal} cannot be written: Is a directory"
    said = "./rollback.sh was not started, for nothing would keep it from starting twice: "
    assert line_of_remediation(capfd.readouterr().out) == said + why


def test_an_outcome_that_cannot_be_written_is_said(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    program(tmp_path, "rm var/journal.jsonl; mkdir var/journal.jsonl")
    path = stack(tmp_path, ON_ERROR)
    assert main(["--stack", str(path)]) == 4
    said = line_of_remediation(capfd.readouterr().out)
    assert said.startswith("./rollback.sh ended with 0 after ")
    assert said.endswith(
        f"which is not recorded: the journal {tmp_path}/var/journal.jsonl cannot be written: Is a directory"
    )


@pytest.mark.parametrize(
    "records",
    [
        [("remediation_announced", {}), ("remediation_announced", {"run_id": ["deploy-7"]})],
        [("remediation_finished", {"run_id": "deploy-7", "outcome": "ended with 0"})],
        [("gate_verdict", {"run_id": "deploy-7"})],
    ],
)
def test_what_is_no_announcement_hinders_nothing(tmp_path: Path, records: list[tuple[str, dict[str, object]]]) -> None:
    program(tmp_path, COUNTS)
    path = stack(tmp_path, ON_ERROR)
    for kind, data in records:
        Journal(tmp_path / "var" / "journal.jsonl").append(kind, data)
    assert main(["--stack", str(path), "--run-id", "deploy-7"]) == 4
    assert starts(tmp_path) == 1


def test_in_python_it_can_be_left_out(tmp_path: Path) -> None:
    program(tmp_path, COUNTS)
    gate = AutomatedQualityGate(checklist_of(load_stack(stack(tmp_path, ON_ERROR))))
    assert gate.check_all_gates(remediate=False).remedy is None
    assert starts(tmp_path) == 0
    remedy = gate.check_all_gates().remedy
    assert remedy is not None
    assert (remedy.action, remedy.problem, starts(tmp_path)) == ("./rollback.sh", None, 1)
