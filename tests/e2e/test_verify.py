"""`dev-hq chaos verify` on a real stack: it answers, it can be stopped, and it leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.live import LiveStack, copy_stack, live_stack
from chaos.lease import TTL
from chaos.verification.verify import QUICK_SECONDS
from stack.waiting import wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

STORM = ("chaos", "verify", "--scenario", "rate-limit-storm", "--quick")


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveStack]:
    with live_stack(copy_stack(tmp_path_factory.mktemp("verified"))) as stack:
        stack.wait_until_steady()
        yield stack


def leased(live: LiveStack) -> dict[str, Any]:
    """The values that Envoy's runtime has from a lease."""
    with urllib.request.urlopen(f"http://{live.stack.envoy.admin}/runtime", timeout=5) as answer:
        return dict(json.load(answer)["entries"])


def injected(live: LiveStack, since: float) -> bool:
    return bool(live.records("fault_injected", since) and leased(live))


@pytest.fixture
def verifying(live: LiveStack) -> Iterator[tuple[subprocess.Popen[str], float]]:
    """A verification in the middle of a fault, and when it was started."""
    live.wait_until_steady()
    since = time.time()
    running = live.start(*STORM)
    try:
        wait_for(lambda: injected(live, since), 60, "nothing was injected")
        yield running, since
    finally:
        running.kill()
        with running:  # closes its output
            running.wait(10)


def test_sigint_withdraws_and_is_told(verifying: tuple[subprocess.Popen[str], float], live: LiveStack) -> None:
    running, since = verifying
    running.send_signal(signal.SIGINT)
    output, _ = running.communicate(timeout=30)
    assert running.returncode == 3, output
    assert output.endswith("dev-hq: stopped: SIGINT asked it to stop\n")
    assert leased(live) == {}
    kinds = ("run_announced", "run_withdrawn", "run_finished")
    announced, withdrawn, finished = (live.records(kind, since)[0] for kind in kinds)
    assert announced.at <= live.records("fault_injected", since)[0].at <= withdrawn.at <= finished.at
    assert len(live.records("fault_injected", since)) == len(live.records("fault_withdrawn", since))
    assert (finished.data["scenario"], finished.data["outcome"]) == ("verify", "stopped")


def test_chaos_stop_ends_it_as_it_ends_a_run(verifying: tuple[subprocess.Popen[str], float], live: LiveStack) -> None:
    running, _ = verifying
    done = live.hq("chaos", "stop")
    assert (done.returncode, done.stdout) == (0, "stopped: verify on vendor-proxies\n")
    assert running.wait(10) == 3
    assert leased(live) == {}


def test_while_it_goes_on_nobody_else_can_break_anything(
    verifying: tuple[subprocess.Popen[str], float], live: LiveStack
) -> None:
    done = live.hq("chaos", "run", "rate-limit-storm", "--duration", "10s")
    assert done.returncode == 2
    assert "another run is active on this data plane" in done.stderr


def test_one_that_is_killed_leaves_no_fault(verifying: tuple[subprocess.Popen[str], float], live: LiveStack) -> None:
    running, since = verifying
    os.kill(running.pid, signal.SIGKILL)
    wait_for(lambda: leased(live) == {}, TTL + 2, "the faults outlived who injected them")
    (ours,) = [one.data["run"] for one in live.records("run_announced", since) if one.data["pid"] == running.pid]
    finished = [one.data["run"] for one in live.records("run_finished", since)]  # the end of those killed before it
    assert ours not in finished


def test_a_sample_answers_the_question(live: LiveStack, tmp_path: Path) -> None:
    """What a sample can show: what is far above the threshold is told, what is below it is not."""
    live.wait_until_steady()
    output = tmp_path / "verified.json"
    began = time.monotonic()
    done = live.hq("chaos", "verify", "--quick", "--seed", "1", "--output", str(output), timeout=420)
    assert done.returncode == 0, done.stdout + done.stderr
    assert time.monotonic() - began < QUICK_SECONDS + 60
    found = json.loads(output.read_text())
    assert found["answer"] in done.stdout
    assert found["answer"].startswith("Would anyone have been told? Yes: the right alert fired for ")
    assert (found["seed"], found["quick"], found["outcome"], found["version"]) == (1, True, "resilient", 1)
    bars = {bar["bar"]: bar["met"] for bar in found["bars"]}
    assert bars["recall 1.0 at 3x"] is True, done.stdout
    assert bars["no alert at 0.75x"] is True
    recall = {row["intensity"]: row["recall"] for row in found["quality"]["by_intensity"]}
    assert (recall[3.0]["hits"], recall[0.75]["hits"]) == (1, 0)
    assert 0.04 < recall[3.0]["at_least"] < 0.06  # and says how little that proves
    judged = [trial for trial in found["trials"] if not trial["not_judged"]]
    assert all(trial["notified_seconds"] for trial in judged if (trial["intensity"] or 0) > 1)
    assert {"proxy-failure-wave", "rate-limit-storm"} <= {trial.get("scenario") for trial in judged}
    assert {episode["service"] for episode in found["episodes"]} == {"storefront"}
    (announced,) = [one for one in live.records("run_announced") if one.data["parameters"].get("seed") == "1"]
    assert announced.data["faults"][0]["chaos_target"] == "vendor-proxies"
