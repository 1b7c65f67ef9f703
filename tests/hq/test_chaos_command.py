"""`dev-hq chaos`: what it prints, what it refuses, and that a dry run touches nothing."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hq.cli import main
from stack.journal import Journal
from stack.process import die_with_parent
from stack.waiting import wait_for
from tests.chaos.stacks import TWO_POOLS, stack_of


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return stack_of(tmp_path).file


def chaos(path: Path, *words: str) -> int:
    return main(["--stack", str(path), "chaos", *words])


def test_list_names_every_scenario(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert chaos(path, "list") == 0
    assert capsys.readouterr().out == (
        "network-latency       The network slows down\n"
        "proxy-failure-wave    The proxies fail one after another and come back\n"
        "rate-limit-storm      The vendor limits the rate of requests\n"
    )


def test_show_says_what_is_done_and_expected(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert chaos(path, "show", "rate-limit-storm") == 0
    assert capsys.readouterr().out == (
        "scenario    rate-limit-storm\n"
        "title       The vendor limits the rate of requests\n"
        "hypothesis  When many requests are answered with 429, the service backs off instead of asking harder, and "
        "someone is told.\n"
        "targets     pool, service\n"
        "parameters  share 100%, intensity 50%, duration 40s, step 0s\n"
        "faults      rate-limit\n"
        "expect      rate_limit_storm\n"
        "may         error_spike, saturation, traffic_spike, budget_exhaustion\n"
        "silent      latency_shift, upstream_failure, traffic_drop, flapping, absent_data\n"
    )


def test_a_dry_run_prints_the_plan_and_touches_nothing(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(path.parent.iterdir())
    assert chaos(path, "run", "proxy-failure-wave", "--dry-run", "--set", "share=50%", "--set", "intensity=12.5%") == 0
    assert capsys.readouterr().out == (
        "proxy-failure-wave on proxies would break:\n"
        "fault       member        from       to    share    delay\n"
        "failure     0               0s      35s    12.5%        -\n"
        "failure     1               5s      40s    12.5%        -\n"
        "This is a dry run: nothing was touched.\n"
    )
    assert sorted(path.parent.iterdir()) == before


def test_a_dry_run_in_json(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("run", "network-latency", "--target", "shop", "--duration", "20s", "--dry-run", "--json")
    assert chaos(path, *words) == 0
    assert json.loads(capsys.readouterr().out) == {
        "scenario": "network-latency",
        "target": "shop",
        "faults": [
            {
                "fault": "latency",
                "chaos_target": "shop",
                "member": None,
                "share": 1.0,
                "delay_seconds": 0.7,
                "after_seconds": 0.0,
                "seconds": 20.0,
            }
        ],
    }


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("show", "network-latncy"), 'there is no scenario "network-latncy"; did you mean "network-latency"?'),
        (
            ("run", "nothing"),
            'there is no scenario "nothing"; there are network-latency, proxy-failure-wave, rate-limit-storm',
        ),
        (("run", "network-latency", "--target", "shp"), 'there is no target "shp"; did you mean "shop"?'),
        (
            ("run", "network-latency", "--set", "share"),
            '--set wants key=value, such as --set intensity=30%, not "share"',
        ),
        (("run", "network-latency", "--set", "shares=1%"), 'there is no parameter "shares"; did you mean "share"?'),
        (
            ("run", "network-latency", "--duration", "1s"),
            'scenario network-latency: duration must lie between 10s and 1h, not "1s"',
        ),
        (
            ("run", "proxy-failure-wave", "--set", "step=14s"),
            "4 members of proxies that fail 14s apart would not all be broken in 40s; the smallest duration is 43s, "
            "or take a smaller step",
        ),
    ],
)
def test_what_cannot_be_costs_one_line_and_exit_code_2(
    words: tuple[str, ...], complaint: str, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert chaos(path, *words) == 2
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", f"dev-hq: {complaint}\n")
    assert not (path.parent / "var").exists()


def test_several_targets_must_be_chosen_from(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = stack_of(tmp_path, TWO_POOLS).file
    assert chaos(path, "run", "proxy-failure-wave") == 2
    assert capsys.readouterr().err == (
        "dev-hq: scenario proxy-failure-wave has several targets; choose with --target: east, west\n"
    )


def test_stop_without_a_run_is_no_error(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert chaos(path, "stop") == 0
    assert capsys.readouterr().out == "no run is active\n"


RUN = """
import sys, time
from pathlib import Path
from chaos.record import RunRecord
from chaos.scenario_file import load_scenario
from chaos.stopping import Stopping, StoppedError
from stack.journal import Journal

scenario = load_scenario("network-latency")
stopping = Stopping()
with stopping.by_signals():
    RunRecord(Journal(Path(sys.argv[1])), "r1", scenario, "proxies").announce("shop", (), time.time() + 60)
    try:
        stopping.pause(60)
    except StoppedError as error:
        sys.exit(str(error))
"""


@pytest.mark.parametrize("suspended", [False, True])
def test_stop_ends_the_run_that_is_active_even_a_suspended_one(
    suspended: bool, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = Journal(path.parent / "var" / "journal.jsonl")
    with subprocess.Popen(
        [sys.executable, "-c", RUN, str(journal.path)],
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=die_with_parent(),
    ) as run:
        wait_for(journal.read, 10, "the run was not announced")
        if suspended:
            run.send_signal(signal.SIGSTOP)
        assert chaos(path, "stop") == 0
        _, said = run.communicate(timeout=10)
    assert said == "SIGTERM asked it to stop\n"
    assert capsys.readouterr().out == "stopped: network-latency on proxies\n"
