"""Children that end with us, however we end."""

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from stack.errors import HqError, MissingToolError, NotReadyError
from stack.process import Child, ProcessIdentity, boot_id, find_program, process_started
from stack.waiting import wait_for

PARENT = """
import sys
from pathlib import Path
from stack.process import Child
child = Child("child", ["sleep", "60"], Path(sys.argv[1]) / "child.log")
print(child.pid, flush=True)
sys.stdin.read()
"""
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"


@pytest.mark.parametrize(
    "number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGABRT], ids=lambda n: n.name
)
def test_a_child_dies_with_its_parent(tmp_path: Path, number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert process_started(pid) is not None
        parent.send_signal(number)
        parent.wait(10)
    wait_for(lambda: process_started(pid) is None, 5, "the child outlived its parent")


def test_a_child_that_does_not_listen_to_reason_is_killed(tmp_path: Path) -> None:
    child = Child("stubborn", [sys.executable, "-c", STUBBORN], tmp_path / "log")
    wait_for(lambda: child.last_words() == "up", 10, "the child was not up")
    started = time.monotonic()
    child.stop(grace=0.3)
    assert 0.3 <= time.monotonic() - started < 3
    assert child.exit_code == -signal.SIGKILL


def test_a_child_that_is_asked_to_ends_at_once(tmp_path: Path) -> None:
    child = Child("sleep", ["sleep", "60"], tmp_path / "log")
    assert child.exit_code is None
    child.stop(grace=5)
    assert child.exit_code == -signal.SIGTERM
    child.stop()
    child.signal(signal.SIGTERM)  # nobody is there any more, and nobody else is hit


def test_a_child_writes_to_its_log_behind_what_is_there(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "child.log"
    for word in ("first", "second"):
        child = Child("sh", ["sh", "-c", f"echo {word}; echo $GREETING >&2"], log, {"GREETING": "hello"})
        wait_for(lambda child=child: child.exit_code is not None, 5, "the child did not end")
    assert log.read_text() == "first\nhello\nsecond\nhello\n"
    assert child.last_words(2) == "second\nhello"


def test_last_words_of_a_log_that_is_gone_are_none(tmp_path: Path) -> None:
    child = Child("true", ["true"], tmp_path / "log")
    child.stop()
    (tmp_path / "log").unlink()
    assert child.last_words() == ""


def test_last_words_need_not_be_text(tmp_path: Path) -> None:
    child = Child("printf", ["printf", r"\377\376 end"], tmp_path / "log")
    wait_for(lambda: child.exit_code is not None, 5, "the child did not end")
    assert child.last_words() == "�� end"


def test_a_child_is_out_of_reach_of_the_terminals_ctrl_c(tmp_path: Path) -> None:
    child = Child("sleep", ["sleep", "60"], tmp_path / "log")
    try:
        assert os.getsid(child.pid) == child.pid != os.getsid(0)
    finally:
        child.stop()


def test_when_a_process_started() -> None:
    mine = process_started(os.getpid())
    assert mine is not None
    assert mine == process_started(os.getpid()) > 0
    assert process_started(2**22 + 1) is None  # beyond what the kernel gives out


def test_a_zombie_runs_no_more() -> None:
    with subprocess.Popen(["true"]) as process:
        wait_for(lambda: process_started(process.pid) is None, 5, "true did not end")


def test_a_name_made_to_look_like_a_state_fools_nobody(tmp_path: Path) -> None:
    program = tmp_path / "a) Z 1 (b"
    shutil.copy(str(shutil.which("sleep")), program)
    with subprocess.Popen([program, "60"]) as process:
        try:
            wait_for(lambda: Path(f"/proc/{process.pid}/comm").read_text() == "a) Z 1 (b\n", 5, "sleep did not start")
            assert process_started(process.pid) is not None
        finally:
            process.kill()


def test_programs_are_found_on_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "prometheus-alertmanager"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_program("alertmanager") == program
    assert find_program("envoy").is_file()  # the wheel's, off PATH


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("prometheus", "prometheus is not on PATH; on Debian and Ubuntu: apt-get install prometheus"),
        ("amtool", "amtool is not on PATH; on Debian and Ubuntu: apt-get install prometheus-alertmanager"),
        ("nothing-of-ours", "nothing-of-ours is not on PATH; install it"),
    ],
)
def test_a_missing_program_is_said_with_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, message: str
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingToolError) as error:
        find_program(name)
    assert str(error.value) == message


def test_envoy_is_missing_when_neither_path_nor_wheel_has_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "envoy", None)
    with pytest.raises(MissingToolError) as error:
        find_program("envoy")
    assert str(error.value) == "envoy is not on PATH; pip install 'dev-hq[chaos]' brings it"


def test_this_boot_has_a_name() -> None:
    assert boot_id() == boot_id() != ""


def test_waiting_ends_with_the_first_answer_or_says_what_was_missing() -> None:
    answers = iter([None, 0, "", "yes"])
    assert wait_for(lambda: next(answers), 5, "nothing came", every=0.001) == "yes"
    started = time.monotonic()
    with pytest.raises(NotReadyError) as error:
        wait_for(lambda: None, 0.1, "nothing came", every=0.01)
    assert str(error.value) == "nothing came within 0.1 s"
    assert time.monotonic() - started < 2


def test_a_process_is_known_by_more_than_its_number() -> None:
    ours = ProcessIdentity.ours()
    assert (ours.pid, ours.started, ours.boot) == (os.getpid(), process_started(os.getpid()), boot_id())
    assert ours.is_alive
    assert not replace(ours, started=ours.started + 1).is_alive
    assert not replace(ours, boot="another").is_alive
    assert not replace(ours, pid=-1, started=-1).is_alive


def test_signals_go_to_the_process_that_is_meant_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    with subprocess.Popen(["sleep", "60"]) as process:
        started = process_started(process.pid)
        assert started
        sleep = ProcessIdentity(process.pid, started, boot_id())
        replace(sleep, started=started + 1).signal(signal.SIGKILL)
        assert process.poll() is None
        sleep.signal(signal.SIGTERM)
        assert process.wait(5) == -signal.SIGTERM
    sleep.signal(signal.SIGTERM)

    def forbidden(_pid: int, _number: int) -> None:
        raise PermissionError

    monkeypatch.setattr("os.kill", forbidden)
    with pytest.raises(HqError) as error:
        ProcessIdentity.ours().signal(signal.SIGTERM)
    assert str(error.value) == f"process {os.getpid()} belongs to another user; ask as that one"
