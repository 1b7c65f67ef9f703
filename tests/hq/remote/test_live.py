"""A real stack, driven over HTTP: a run, a restart of the server in the middle of one, Ctrl-C, gates, anomalies."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bench.live import HQ, LiveStack, copy_stack, live_stack, process_with
from stack.process import die_with_parent
from stack.waiting import wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

RUN = ("chaos", "run", "rate-limit-storm", "--duration", "10s", "--set", "intensity=40%")


@dataclass
class Remote:
    """A stack that runs, and the command line as somebody elsewhere has it: without its stack.yaml."""

    live: LiveStack
    home: Path

    @property
    def url(self) -> str:
        return f"http://{self.live.stack.exporter}"

    def argv(self, *words: str) -> list[str]:
        return [*HQ, *words, "--server", self.url, "--token-file", str(self.home / "token")]

    def hq(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.argv(*words), cwd=self.home, capture_output=True, text=True, timeout=150, check=False
        )

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.argv(*words), cwd=self.home, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            preexec_fn=die_with_parent(),
        )  # fmt: skip

    def steps(self, run: int) -> list[str]:
        """The sentences of the run of this number, from the journal."""
        names = [record.data["run"] for record in self.live.records("run_requested")]
        return [one.data["sentence"] for one in self.live.records("run_progress") if one.data["run"] == names[run]]

    def wait_for_injection(self, run: int) -> None:
        wait_for(lambda: len(self.live.records("run_requested")) > run, 20, "no run was asked for")
        name = self.live.records("run_requested")[run].data["run"]
        wait_for(
            lambda: any(one.data["run"] == name for one in self.live.records("fault_injected")),
            60,
            "nothing was broken",
        )


@pytest.fixture(scope="module")
def remote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Remote]:
    home = tmp_path_factory.mktemp("elsewhere")
    with live_stack(copy_stack(tmp_path_factory.mktemp("remote")), "--enable-chaos-api") as live:
        words = ("--scope", "chaos", "--scope", "quality", "--output", str(home / "token"))
        assert live.hq("token", "add", "ci", *words).returncode == 0
        yield Remote(live, home)


def progress(out: str) -> list[str]:
    """The sentences of the lines with times, which never go back."""
    lines = re.findall(r"^ *(\d+\.\d)s  (.*)$", out, re.MULTILINE)
    times = [float(seconds) for seconds, _ in lines]
    assert times == sorted(times)
    return [sentence for _, sentence in lines]


def test_a_run_survives_a_restart_of_the_server_and_ends_with_its_score(remote: Remote) -> None:
    run = remote.start(*RUN)
    remote.wait_for_injection(0)
    serve = process_with(remote.live.up.pid, "serve")
    assert serve
    os.kill(serve, signal.SIGKILL)
    out, err = run.communicate(timeout=150)
    assert err.startswith(f"warning: the server {remote.url} ")
    assert len(err.splitlines()) == 1
    assert progress(out) == remote.steps(0)
    (finished,) = remote.live.records("run_finished")
    score = finished.data["score"]
    assert f"\nresilience score {score:.1f} of 100: {finished.data['outcome']}\n" in out
    assert run.returncode == {"resilient": 0, "weakness": 1}[finished.data["outcome"]]
    assert out.endswith(f"report: {remote.url}/api/chaos/runs/{finished.data['run']}\n")
    assert len(remote.live.records("run_requested")) == 1

    report = json.loads((remote.live.stack.directory / "reports" / f"{finished.data['run']}.json").read_text())
    told = json.loads(remote.hq("chaos", "runs", "--json").stdout)
    assert [(one["run"], one["score"]) for one in told] == [(report["run"], report["score"])]
    assert remote.hq("chaos", "runs").stdout == remote.live.hq("chaos", "runs").stdout


def test_gates_and_anomalies_are_those_of_the_stack(remote: Remote) -> None:
    check = remote.hq("quality", "check", "--format", "json")
    report = json.loads(check.stdout)
    assert check.returncode == report["exit_code"]
    assert check.returncode in (0, 3), check.stdout  # so young a stack may have too little to tell again
    verdicts = [one for one in remote.live.records("gate_verdict") if one.data["run_id"] == report["run_id"]]
    assert [one.data["verdict"] for one in verdicts] == [one["verdict"] for one in report["gates"]]
    assert remote.hq("anomalies", "--json").stdout == "[]\n"


def test_ctrl_c_withdraws_the_faults(remote: Remote) -> None:
    remote.live.wait_until_steady()
    run = remote.start(*RUN)
    remote.wait_for_injection(1)
    run.send_signal(signal.SIGINT)
    out, err = run.communicate(timeout=60)
    finished = remote.live.records("run_finished")[-1].data
    assert (run.returncode, finished["outcome"]) == (3, "stopped")
    assert err == (
        f"stopping run {finished['run']}; Ctrl-C again leaves it alone\ndev-hq: stopped: {finished['reason']}\n"
    )
    assert progress(out) == remote.steps(1)


def test_a_client_that_is_killed_changes_nothing_and_stop_ends_it(remote: Remote) -> None:
    remote.live.wait_until_steady()
    run = remote.start(*RUN)
    remote.wait_for_injection(2)
    run.kill()
    run.communicate(timeout=10)
    assert len(remote.live.records("run_finished")) == 2
    second = remote.hq(*RUN)
    assert (second.returncode, second.stdout) == (2, "")
    assert "is active; wait until it has ended, or stop it" in second.stderr
    stopped = remote.hq("chaos", "stop")
    assert (stopped.returncode, stopped.stdout) == (0, "stopped: rate-limit-storm on vendor-proxies\n")
    assert remote.live.records("run_finished")[-1].data["outcome"] == "stopped"
