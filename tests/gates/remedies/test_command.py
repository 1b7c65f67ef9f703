"""The command that follows a failure: what it gets, how it may end, and that nothing of it outlives its deadline."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gates.check import main
from gates.remedies.transcript import SHOWN
from stack.process import process_started
from stack.waiting import wait_for
from tests.gates.fake_prometheus import answering
from tests.gates.remedies.failing import (
    FAILS,
    line_of_remediation,
    outcomes,
    program,
    remediations,
    stack,
    start,
)

pytestmark = pytest.mark.e2e

ON_ERROR = "{run: [./rollback.sh], when: [error]}"


def is_gone(pid_file: Path) -> bool:
    """Whether the process whose number is in the file has ended."""
    return process_started(int(pid_file.read_text())) is None


def test_it_gets_the_verdict_on_its_standard_input_and_in_its_environment(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OF_OURS", "ours")
    program(tmp_path, 'cat > verdict.json; echo "$GATE_VERDICT,$GATE_RUN_ID,$OF_OURS,$*"; pwd')
    with answering(FAILS) as url:
        path = stack(tmp_path, '{run: [./rollback.sh, "two words", "$HOME; `id`"]}', url)
        assert main(["--stack", str(path), "--run-id", "deploy-7"]) == 1
    printed, said = capfd.readouterr()
    assert said == f"rollback.sh: fail,deploy-7,ours,two words $HOME; `id`\nrollback.sh: {tmp_path}\n"
    assert re.fullmatch(r"\./rollback\.sh ended with 0 after \d+\.\ds", line_of_remediation(printed))
    verdict = json.loads((tmp_path / "verdict.json").read_text())
    assert (verdict["verdict"], verdict["exit_code"], verdict["run_id"]) == ("fail", 1, "deploy-7")
    assert [gate["gate"] for gate in verdict["gates"]] == ["success_rate", "error_budget"]


def test_a_program_without_a_slash_is_found_on_the_path(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    program(tmp_path / "bin", "echo from the path")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    assert main(["--stack", str(stack(tmp_path, "{run: [rollback.sh], when: [error]}"))]) == 4
    assert capfd.readouterr().err == "rollback.sh: from the path\n"


def test_the_path_of_the_file_may_be_relative(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, "echo here")
    stack(tmp_path, ON_ERROR)
    monkeypatch.chdir(tmp_path.parent)
    assert main(["--stack", f"{tmp_path.name}/stack.yaml"]) == 4
    assert capfd.readouterr().err == "rollback.sh: here\n"


@pytest.mark.parametrize(
    ("script", "outcome"),
    [
        ("exit 3", r"ended with 3 after \d+\.\ds"),
        ("kill -SEGV $$", r"was killed by SIGSEGV after \d+\.\ds"),
        ("kill -40 $$", r"was killed by signal 40 after \d+\.\ds"),
    ],
)
def test_a_command_that_fails_is_exit_code_5(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], script: str, outcome: str
) -> None:
    program(tmp_path, script)
    path = stack(tmp_path, ON_ERROR)
    assert main(["--stack", str(path)]) == 5
    said = line_of_remediation(capfd.readouterr().out)
    assert re.fullmatch(rf"\./rollback\.sh {outcome}", said)
    assert outcomes(path) == [("announced", None), ("finished", said.removeprefix("./rollback.sh "))]
    assert remediations(path)[1].data["failed"] is True


def no_program(directory: Path) -> None:
    (directory / "rollback.sh").unlink()


def not_executable(directory: Path) -> None:
    (directory / "rollback.sh").chmod(0o600)


def no_interpreter(directory: Path) -> None:
    program(directory, "", interpreter="/nowhere/sh")


def no_first_line(directory: Path) -> None:
    (directory / "rollback.sh").write_bytes(b"\x00\x01\x02")


def a_directory(directory: Path) -> None:
    (directory / "rollback.sh").unlink()
    (directory / "rollback.sh").mkdir()


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (no_program, "there is no such program, or not the interpreter that its first line names"),
        (no_interpreter, "there is no such program, or not the interpreter that its first line names"),
        (not_executable, "it is not executable"),
        (a_directory, "it is not executable"),
        (no_first_line, "Exec format error"),
    ],
)
def test_what_cannot_be_started_is_exit_code_5(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], spoil, why: str
) -> None:
    program(tmp_path, "")
    spoil(tmp_path)
    path = stack(tmp_path, ON_ERROR)
    assert main(["--stack", str(path)]) == 5
    printed, said = capfd.readouterr()
    assert line_of_remediation(printed) == f"./rollback.sh could not be started: {why}"
    assert said == ""
    assert outcomes(path) == [("announced", None), ("finished", f"could not be started: {why}")]


@pytest.mark.parametrize("script", ["exec <&-; exit 0", "exit 0", "read -r line; exit 0"])
def test_it_need_not_read_the_verdict(tmp_path: Path, capfd: pytest.CaptureFixture[str], script: str) -> None:
    program(tmp_path, script)
    assert main(["--stack", str(stack(tmp_path, ON_ERROR))]) == 4
    assert line_of_remediation(capfd.readouterr().out).startswith("./rollback.sh ended with 0 ")


HANGING = """
trap '' TERM
(trap '' TERM; echo $$ > /dev/null; sh -c 'echo $$ > grandchild; exec sleep 600') &
echo begun
wait
sleep 600
"""


def test_one_that_hangs_is_killed_with_its_whole_process_group(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gates.remedies.command.GRACE", 0.3)
    program(tmp_path, HANGING)
    path = stack(tmp_path, "{run: [./rollback.sh], when: [error], timeout: 3s}")
    assert main(["--stack", str(path)]) == 5
    printed, said = capfd.readouterr()
    assert line_of_remediation(printed) == "./rollback.sh did not end within 3s and was killed"
    assert said == "rollback.sh: begun\n"
    assert is_gone(tmp_path / "grandchild")


def test_at_its_deadline_it_is_asked_first(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    program(tmp_path, "trap 'echo tidied up; exit 0' TERM; echo waiting; while :; do sleep 0.05; done")
    assert main(["--stack", str(stack(tmp_path, "{run: [./rollback.sh], when: [error], timeout: 3s}"))]) == 5
    printed, said = capfd.readouterr()
    assert line_of_remediation(printed) == "./rollback.sh did not end within 3s and was killed"
    assert said.startswith("rollback.sh: waiting\n")
    assert said.endswith("rollback.sh: tidied up\n")


def test_what_it_leaves_running_ends_with_it(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    program(tmp_path, "sh -c 'echo $$ > left; exec sleep 600' & while ! [ -s left ]; do sleep 0.05; done; echo done")
    assert main(["--stack", str(stack(tmp_path, ON_ERROR))]) == 4
    assert capfd.readouterr().err == "rollback.sh: done\n"
    wait_for(lambda: is_gone(tmp_path / "left"), 10, "what it left running is gone")


def test_what_left_its_process_group_and_keeps_its_pipes_delays_nobody(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    program(tmp_path, "setsid sh -c 'echo $$ > left; exec sleep 600' & while ! [ -s left ]; do sleep 0.05; done")
    try:
        assert main(["--stack", str(stack(tmp_path, ON_ERROR))]) == 4
        assert not is_gone(tmp_path / "left")
    finally:
        os.kill(int((tmp_path / "left").read_text()), signal.SIGKILL)


def test_of_what_it_prints_the_beginning_is_passed_on(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    program(tmp_path, "head -c 1000000 /dev/zero | tr '\\0' x; echo; echo and more >&2")
    assert main(["--stack", str(stack(tmp_path, ON_ERROR))]) == 4
    first, last = capfd.readouterr().err.splitlines()
    assert first == "rollback.sh: " + "x" * (SHOWN - len("rollback.sh: "))
    left_out = 1_000_000 + len("\nand more\n") - (SHOWN - len("rollback.sh: "))
    assert last == f"rollback.sh: … and {left_out:,} bytes more"


def test_what_is_no_text_is_passed_on_as_well_as_can_be(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    program(tmp_path, r"printf 'caf\303\251 \377\nlast'")
    assert main(["--stack", str(stack(tmp_path, ON_ERROR))]) == 4
    assert capfd.readouterr().err == "rollback.sh: café \ufffd\nrollback.sh: last\n"


@pytest.mark.parametrize("closing", ["2>&-", "2>/dev/full"])
def test_nobody_who_reads_what_it_prints_changes_nothing(tmp_path: Path, closing: str) -> None:
    program(tmp_path, "echo words")
    path = stack(tmp_path, ON_ERROR)
    command = f'"$0" -m gates.check --stack "$1" {closing}'
    done = subprocess.run(
        ["sh", "-c", command, sys.executable, path], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 4
    assert line_of_remediation(done.stdout).startswith("./rollback.sh ended with 0 ")
    assert "words" not in done.stdout


def test_a_gigabyte_costs_no_memory_and_no_disk(tmp_path: Path) -> None:
    program(tmp_path, "head -c 1000000000 /dev/zero | tr '\\0' '\\n'; echo printed > printed")
    path = stack(tmp_path, ON_ERROR)
    measured = "import sys; from gates.check import main; code = main(sys.argv[1:]); "
    measured += "print(open('/proc/self/status').read()); sys.exit(code)"  # getrusage() counts whoever started us too
    done = subprocess.run(
        [sys.executable, "-c", measured, "--stack", path], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 4
    assert (tmp_path / "printed").exists()
    assert len(done.stderr) < SHOWN + 100
    assert re.search(r"^rollback\.sh: … and 999,99\d,\d{3} bytes more$", done.stderr, re.MULTILINE)
    assert int(re.search(r"VmHWM:\s+(\d+) kB", done.stdout)[1]) < 150_000
    assert sum(file.stat().st_size for file in tmp_path.rglob("*") if file.is_file()) < 100_000


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_an_interrupt_ends_it_and_is_its_outcome(tmp_path: Path, number: signal.Signals, code: int) -> None:
    program(tmp_path, "sh -c 'echo $$ > grandchild; exec sleep 600' & wait")
    path = stack(tmp_path, ON_ERROR)
    check = start(path, "--run-id", "interrupted")
    grandchild = tmp_path / "grandchild"
    wait_for(lambda: grandchild.exists() and grandchild.read_text(), 30, "the remediation is under way")
    check.send_signal(number)
    assert (*check.communicate(timeout=30), check.returncode) == ("", "", code)
    wait_for(lambda: is_gone(grandchild), 10, "the grandchild is gone")
    assert outcomes(path) == [("announced", None), ("finished", "was interrupted")]
    again = start(path, "--run-id", "interrupted")
    printed, _ = again.communicate(timeout=30)
    assert line_of_remediation(printed).endswith("for this run id, and not again; it was interrupted")
    assert (again.returncode, len(remediations(path))) == (5, 2)


INTERRUPTED = """
import os, signal, subprocess, sys
from pathlib import Path
from gates.remedies.command import run
from stack.on_fail import OnFail
from stack.waiting import wait_for

class Interrupted(subprocess.Popen):
    def __init__(self, *words, **more):
        super().__init__(*words, **more)
        wait_for(Path("pid").exists, 10, "the program did not begin")
        os.kill(os.getpid(), signal.SIGINT)

subprocess.Popen = Interrupted
try:
    run("rollback", OnFail(("./rollback.sh",)), b"", {})
except KeyboardInterrupt:
    sys.exit(130)
"""


def test_an_interrupt_while_it_is_started_leaves_nothing_running(tmp_path: Path) -> None:
    deaf = "(trap '' TERM; exec sleep 60) >/dev/null 2>&1 &"
    program(tmp_path, f"trap 'echo heard > heard; exit' TERM; {deaf} echo $! > new; mv new pid; wait")
    interrupted = [sys.executable, "-c", INTERRUPTED]
    known = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    done = subprocess.run(interrupted, cwd=tmp_path, env=known, capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (130, b"")
    assert is_gone(tmp_path / "pid")
    assert (tmp_path / "heard").read_text() == "heard\n"


def test_a_second_interrupt_does_not_wait_for_one_that_will_not_end(tmp_path: Path) -> None:
    program(tmp_path, "trap 'echo > asked' TERM; echo $$ > running; while :; do sleep 0.05; done")
    path = stack(tmp_path, ON_ERROR)
    check = start(path)
    running = tmp_path / "running"
    wait_for(lambda: running.exists() and running.read_text(), 30, "the remediation is under way")
    check.send_signal(signal.SIGINT)
    wait_for((tmp_path / "asked").exists, 30, "it is asked to end")
    check.send_signal(signal.SIGINT)
    check.communicate(timeout=30)
    assert check.returncode == 130
    wait_for(lambda: is_gone(running), 10, "it is gone")


def test_it_is_asked_to_end_when_the_check_is_killed(tmp_path: Path) -> None:
    program(tmp_path, "echo $$ > running; exec sleep 600")
    path = stack(tmp_path, ON_ERROR)
    check = start(path, "--run-id", "killed")
    running = tmp_path / "running"
    wait_for(lambda: running.exists() and running.read_text(), 30, "the remediation is under way")
    check.kill()
    check.communicate(timeout=30)
    wait_for(lambda: is_gone(running), 10, "it is gone")
    assert outcomes(path) == [("announced", None)]
    again = start(path, "--run-id", "killed")
    printed, _ = again.communicate(timeout=30)
    unknown = "for this run id, and nothing is known of its outcome: it still runs, or was killed"
    assert line_of_remediation(printed).endswith(unknown)
    assert (again.returncode, outcomes(path)) == (5, [("announced", None)])


def test_one_whose_end_the_kernel_keeps_to_itself_is_no_success(tmp_path: Path) -> None:
    program(tmp_path, "exit 0")
    path = stack(tmp_path, ON_ERROR)
    ignoring = (
        "import os, signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])"
    )
    done = subprocess.run(
        [sys.executable, "-c", ignoring, sys.executable, "-m", "gates.check", "--stack", path],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 5
    assert line_of_remediation(done.stdout).startswith("./rollback.sh ended, nobody knows how, after ")
