"""A fault is a lease: whatever happens to the run or to Envoy, success is back in time, and the next run works.

The fault breaks one of four members for good, and the storefront masks that by trying again: so the stack stays within
its objectives, and the next run finds a steady one.
"""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bench.live import HQ, LiveStack, copy_stack, live_stack, process_with, seconds_until, status
from stack.journal import Journal, Record
from stack.waiting import wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

TTL = 3.0
ONE_MEMBER = ("--set", "share=25%", "--set", "intensity=100%", "--set", "step=0s", "--duration", "2m")


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveStack]:
    with live_stack(copy_stack(tmp_path_factory.mktemp("promises"))) as running:
        running.wait_until_steady()
        yield running


@contextmanager
def broken_member(live: LiveStack) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A run that has broken the first member of the pool, and the URL at which that shows."""
    url = f"http://{live.stack.pools['vendor-proxies'].members[0].listen}/healthz"
    assert status(url) == 200
    began = time.time()
    run = live.start("chaos", "run", "proxy-failure-wave", *ONE_MEMBER)
    try:
        wait_for(lambda: run.poll() is not None or status(url) == 503, 150, "the member did not break")
        assert run.poll() is None, run.stdout.read() if run.stdout else ""
        wait_for(lambda: live.records("fault_injected", began), 10, "the fault was not written down")
        Journal(live.stack.journal).append("test", {})  # by now the run does not hold the journal any more
        yield run, url
    finally:
        end(run)


def end(run: subprocess.Popen[str]) -> None:
    run.kill()
    run.communicate(timeout=10)


def last(live: LiveStack, kind: str) -> Record:
    return live.records(kind)[-1]


def test_sigkill_of_the_run(live: LiveStack) -> None:
    with broken_member(live) as (run, url):
        run.kill()
        assert seconds_until(200, url, 10) <= TTL + 1
    killed = last(live, "run_announced").data["run"]
    assert all(record.data["run"] != killed for record in live.records("run_finished"))

    with broken_member(live) as (run, _):  # the next run works, and says what became of the last one
        died = [record for record in live.records("run_finished") if record.data["run"] == killed]
        assert [record.data["outcome"] for record in died] == ["died"]
        run.send_signal(signal.SIGTERM)
        assert run.wait(20) == 3


def test_sigstop_of_the_run(live: LiveStack) -> None:
    with broken_member(live) as (run, url):
        run.send_signal(signal.SIGSTOP)
        assert seconds_until(200, url, 10) <= TTL + 1

        second = live.hq("chaos", "run", "proxy-failure-wave", *ONE_MEMBER)
        assert second.returncode == 2
        assert "another run is active" in second.stderr

        stopped = live.hq("chaos", "stop")
        assert stopped.returncode == 0, stopped.stderr
        assert run.wait(20) == 3
        assert status(url) == 200
    assert last(live, "run_finished").data["outcome"] == "stopped"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_asking_the_run_to_stop_withdraws_at_once(live: LiveStack, number: signal.Signals) -> None:
    with broken_member(live) as (run, url):
        run.send_signal(number)
        assert seconds_until(200, url, 10) <= 1
        assert run.wait(20) == 3
    assert last(live, "run_finished").data["outcome"] == "stopped"
    assert last(live, "run_withdrawn").data["run"] == last(live, "run_finished").data["run"]


def test_a_delay_ends_within_its_ttl_and_its_own_length(live: LiveStack) -> None:
    delay = 0.25  # below the objective, so that the stack stays steady
    url = f"http://{live.stack.pools['vendor-proxies'].members[0].listen}/healthz"
    run = live.start("chaos", "run", "network-latency", "--set", "intensity=250ms", "--duration", "2m")
    try:
        wait_for(lambda: answer_seconds(url) >= delay - 0.004, 180, "no request was delayed")
        run.kill()
        began = time.monotonic()
        wait_for(lambda: answer_seconds(url) < delay / 2, 10, "requests are still delayed", every=0.01)
        assert time.monotonic() - began <= TTL + delay + 1
    finally:
        end(run)


def test_sigkill_of_envoy(live: LiveStack) -> None:
    front = f"http://{live.stack.services['storefront'].listen}/"
    assert status(front) == 200
    with broken_member(live) as (run, _):
        envoy = process_with(live.up.pid, str(live.stack.directory / "envoy.json"))
        assert envoy
        os.kill(envoy, signal.SIGKILL)
        assert seconds_until(200, front, 10) <= 3.0  # Envoy's restart
        wait_for(lambda: run.poll() is not None, 60, "the run did not notice that Envoy had died")
    finished = last(live, "run_finished").data
    assert (run.returncode, finished["outcome"]) in [(2, "could_not_run"), (3, "stopped")]
    assert finished["reason"].startswith("Envoy ")

    with broken_member(live) as (run, _):  # the next run works
        run.send_signal(signal.SIGTERM)
        assert run.wait(20) == 3


def test_a_full_disk_for_the_journal(live: LiveStack) -> None:
    """What cannot be written down is not done."""
    journal = live.stack.journal
    size = journal.stat().st_size

    def no_more_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    done = subprocess.run(
        [*HQ, "--stack", str(live.path), "chaos", "run", "network-latency"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        preexec_fn=no_more_room,
    )
    assert done.returncode == 2
    assert done.stderr == f"dev-hq: the journal {journal} cannot be written: File too large\n"
    assert journal.stat().st_size == size
    assert not live.prometheus.instant("chaos_fault_active > 0").samples


def test_without_prometheus_nothing_is_injected(live: LiveStack) -> None:
    prometheus = process_with(live.up.pid, f"--config.file={live.stack.directory / 'prometheus.yml'}")
    assert prometheus
    injected = len(live.records("fault_injected"))
    os.kill(prometheus, signal.SIGSTOP)  # a dead one would be started again
    try:
        done = live.hq("chaos", "run", "proxy-failure-wave", *ONE_MEMBER)
    finally:
        os.kill(prometheus, signal.SIGCONT)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"dev-hq: could not run: Prometheus at {live.stack.prometheus.url} ")
    assert len(live.records("fault_injected")) == injected
    assert last(live, "run_finished").data["outcome"] == "could_not_run"


def answer_seconds(url: str) -> float:
    began = time.monotonic()
    assert status(url) == 200
    return time.monotonic() - began
