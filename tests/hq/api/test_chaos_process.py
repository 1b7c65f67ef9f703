"""What POST /api/chaos/run starts, and when it starts nothing: nothing here stands in for the real thing."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from hq.api.run_process import forget_old_logs
from stack.errors import JournalError
from stack.waiting import wait_for
from tests.hq.api.chaos_api import WAVE, ChaosApi
from tests.hq.serving import serving


def test_off_unless_it_is_enabled(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        api = ChaosApi(served)
        off = (
            403,
            "forbidden",
            "chaos over HTTP is off; `dev-hq up` and `dev-hq serve` let runs be started with --enable-chaos-api",
        )
        for body in (WAVE, {"scenario": 1}):
            assert api.start(body).error == off
        assert api.read(served.ask("read", "GET", "/api/chaos/runs")) == {"runs": []}
        assert api.read(api.stop()) == {"run": None}
        assert api.journal.read() == []


def test_a_stack_that_does_not_run_is_not_broken(tmp_path: Path) -> None:
    with serving(tmp_path, chaos=True) as served:
        api = ChaosApi(served)
        assert api.start().error == (503, "unavailable", "the stack does not run; `dev-hq up` starts it")
        assert api.journal.read() == []


def test_a_process_that_is_started_has_nothing_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own session, nothing to read, its log to write to, no socket: so that it outlives us and blocks no port."""
    look = (
        "import os, time; fds = sorted(os.listdir('/proc/self/fd')); print(os.getsid(0), os.getcwd(), fds, flush=True)"
    )
    monkeypatch.setattr("hq.api.chaos.is_up", lambda _stack: True)
    with serving(tmp_path, chaos=True) as served:
        api = ChaosApi(served)
        program = tmp_path / "program"
        program.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{look}; time.sleep(60)"\n')
        program.chmod(0o755)
        monkeypatch.setattr("hq.api.run_process.sys.executable", str(program))
        run = api.read(api.start())["run"]
        log = served.stack.directory / "log" / f"{run}.log"
        said = wait_for(log.read_text, 20, "the process said nothing").strip()
        session, directory, descriptors = said.split(" ", 2)
        assert int(session) != os.getsid(0)
        os.kill(int(session), signal.SIGKILL)
        assert int(session) != os.getsid(0)
        assert directory == str(tmp_path)
        assert descriptors == "['0', '1', '2', '3']", "three of its own, and the directory that it lists"
        ended = api.ended(run)
        assert (ended["outcome"], ended["reason"]) == ("could_not_run", said.replace(f"{tmp_path}/", ""))


def test_only_so_many_logs_are_kept(tmp_path: Path) -> None:
    for number in range(60):
        (tmp_path / f"20260101T0000{number:02}Z-wave-0000.log").touch()
    (tmp_path / "exporter.log").touch()
    forget_old_logs(tmp_path)
    left = sorted(path.name for path in tmp_path.iterdir())
    assert len(left) == 51
    assert (left[0], left[-1]) == ("20260101T000010Z-wave-0000.log", "exporter.log")


def test_a_request_that_cannot_be_written_down_leaves_no_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Logs of those would push out the logs of real runs."""
    monkeypatch.setattr("hq.api.chaos.is_up", lambda _stack: True)
    with serving(tmp_path, chaos=True) as served:
        api = ChaosApi(served)
        logs = served.stack.directory / "log"

        def full(*_: object) -> None:
            raise JournalError("the disk is full")

        with monkeypatch.context() as patched:
            patched.setattr("stack.journal.Journal.append_unless", full)
            assert api.start().status == 500
        assert list(logs.iterdir()) == []
        logs.rmdir()
        logs.write_text("no directory")
        said = "the log of a run cannot be written; the log of dev-hq serve says why"
        assert api.start().error == (500, "internal", said)
        assert api.journal.read() == []
