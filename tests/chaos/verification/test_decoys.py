"""Decoys that start or end a process: they do it, and leave none behind."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from chaos.stopping import StoppedError, Stopping
from chaos.verification.decoys import Ramp, Restart, ramp_on
from prometheus.client import PrometheusClient
from stack.address import Address, free_address
from stack.errors import HqError
from stack.loader import load_stack
from stack.model import ManagedProcess
from stack.process import process_started
from tests.chaos.stacks import SHOP

pytestmark = pytest.mark.e2e

LOAD = """
processes:
  load:
    run: [python, -m, demo.load, --listen, 127.0.0.1:8200, --url, http://127.0.0.1:10000/, --rate, "50"]
    listen: 127.0.0.1:8200
    ready: /healthz
"""
SLEEP = "import time; time.sleep(60)"


def process(program: str, listen: Address) -> ManagedProcess:
    return ManagedProcess("load", ("python", "-c", program, str(listen)), listen, "/healthz", None)


def ramp(directory: Path, program: str) -> Ramp:
    return Ramp("shop", process(program, free_address("127.0.0.1")), directory, directory / "ramp.log", seconds=0.5)


def test_a_ramp_is_the_load_generator_once_more_at_an_address_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "stack.yaml"
    path.write_text(SHOP + LOAD)
    found = ramp_on(load_stack(path), PrometheusClient("http://127.0.0.1:1"), "proxies", 5.0)
    words = found._argv()
    assert words[:4] == [sys.executable, "-m", "demo.load", "--listen"]
    assert words[4] != "127.0.0.1:8200"
    assert words[5:] == ["--url", "http://127.0.0.1:10000/", "--rate", "50"]


def test_a_ramp_is_over_when_its_time_is(tmp_path: Path) -> None:
    words = f"import os; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); {SLEEP}"
    ramp(tmp_path, words).play(Stopping())
    assert process_started(int((tmp_path / "pid").read_text())) is None


def test_a_ramp_that_is_stopped_leaves_no_load(tmp_path: Path) -> None:
    stopping = Stopping()
    stopping.ask("the test")
    with pytest.raises(StoppedError):
        ramp(tmp_path, SLEEP).play(stopping)


def test_a_ramp_that_cannot_run_is_no_decoy(tmp_path: Path) -> None:
    with pytest.raises(HqError) as error:
        ramp(tmp_path, "raise SystemExit('no such thing')").play(Stopping())
    assert str(error.value) == "a second load could not run; its log says:\nno such thing"


SUPERVISOR = """
import subprocess, sys
while True:
    subprocess.run([sys.executable, "-c", "import time; time.sleep(60)", sys.argv[1]])
"""


def test_a_restart_ends_the_process_and_waits_until_it_is_back() -> None:
    listen = Address("127.0.0.1", 9)
    supervisor = subprocess.Popen([sys.executable, "-c", SUPERVISOR, str(listen)], start_new_session=True)
    try:
        restart = Restart("shop", process(SLEEP, listen), supervisor.pid, seconds=0.1)
        deadline = time.monotonic() + 10
        while (before := restart._pid()) is None and time.monotonic() < deadline:
            time.sleep(0.02)
        restart.play(Stopping())
        assert before is not None
        assert restart._pid() not in (None, before)
    finally:
        os.killpg(supervisor.pid, 9)
        supervisor.wait()


def test_what_does_not_run_cannot_be_restarted() -> None:
    with pytest.raises(HqError) as error:
        Restart("shop", process(SLEEP, Address("127.0.0.1", 9)), os.getpid(), seconds=0.1).play(Stopping())
    assert str(error.value) == "load does not run, so it cannot be restarted"
