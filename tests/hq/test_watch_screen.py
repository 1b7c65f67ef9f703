"""The full screen in a real terminal: keys, signals, resizing, recovery, and the terminal as it was afterwards."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from stack.address import free_address
from stack.waiting import wait_for
from tests.hq.fake_prometheus import WATCHDOG, FakePrometheus, alert, fake_prometheus, sample
from tests.hq.test_watch import stack_file
from tests.hq.tmux import PROMPT, Terminal, terminal

pytestmark = pytest.mark.e2e

ALERTS = [
    WATCHDOG,
    alert("upstream_failure", "critical", pool="vendor-proxies"),
    alert("error_spike", "low"),
]
SAMPLES = [
    sample("exporter_collector_success", 1, collector="journal"),
    sample("chaos_fault_active", 1, fault="failure", chaos_target="vendor-proxies", scenario="proxy-failure-wave"),
    sample("service:requests:rate1m", 50.5, service="storefront"),
    sample("slo:error_budget_remaining:ratio", 0.75, service="storefront", slo="success_rate"),
    sample("quality_gate_verdict", 0, gate="success_rate", service="storefront"),
]
RUN = ("-m", "hq.cli", "anomalies", "--watch", "--every", "200ms", "--stack")


@contextmanager
def dashboard(
    directory: Path, width: int = 80, height: int = 24, **variables: str
) -> Iterator[tuple[Terminal, FakePrometheus]]:
    """The dashboard in a terminal, showing two anomalies of a fake Prometheus."""
    with (
        fake_prometheus(alerts=ALERTS, samples=SAMPLES) as fake,
        terminal(directory, width, height, **variables) as opened,
    ):
        opened.run("cd", str(Path(__file__).parent.parent.parent))
        start(opened, stack_file(directory, fake.url))
        opened.wait_for("2 ANOMALIES")
        yield opened, fake


def start(opened: Terminal, stack: Path) -> None:
    opened.run(sys.executable, *RUN, str(stack))


@pytest.mark.parametrize(("width", "height"), [(40, 10), (80, 24), (200, 50)])
def test_everything_is_on_the_screen(tmp_path: Path, width: int, height: int) -> None:
    with dashboard(tmp_path, width, height) as (opened, _):
        lines = opened.wait_for("FAIL").splitlines()
        assert lines[0].startswith(" 2 ANOMALIES   1 critical")
        assert any(line.startswith("▌ critical upstream_failure") for line in lines)
        assert any("failure on vendor-proxies" in line for line in lines)
        assert any("Take the failing members out." in line for line in lines)
        assert lines[height - 1].startswith(" q quit  ? help")
        assert opened.asked("#{alternate_on} #{cursor_flag}") == "1 0"


def test_keys(tmp_path: Path) -> None:
    with dashboard(tmp_path) as (opened, _):
        opened.press("?")
        opened.wait_for("any key goes back")
        opened.press("x")
        opened.wait_for("▌ critical upstream_failure")
        opened.press("Down")
        opened.wait_for("▌ low      error_spike")
        opened.type("/upstr")
        opened.wait_for('only "upstr": 1 of 2')
        opened.press("Enter")
        opened.wait_for("q quit")
        opened.press("Escape")
        wait_for(lambda: "only" not in opened.text(), 10, "the filter stayed")
        opened.press("v")
        opened.wait_for("only medium and worse: 1 of 2")
        opened.press("c", "s")
        opened.wait_for("only service storefront: 2 of 2")
        opened.press("p")
        opened.wait_for("PAUSED, ")
        opened.press("q")
        assert_quit(opened, code=1)


def assert_quit(opened: Terminal, code: int) -> None:
    """It ended with this exit code, and the terminal is as it was."""
    opened.wait_for(PROMPT.strip())
    opened.type("echo code=$?")
    opened.press("Enter")
    opened.wait_for(f"code={code}\n")
    assert opened.asked("#{alternate_on} #{cursor_flag} #{wrap_flag}") == "0 1 1"
    opened.type("clear; stty -a | tr ' ;' '\\n' | grep -xE -- '-?(echo|icanon|isig|ixon|iexten)' | xargs echo modes:")
    opened.press("Enter")
    modes = wait_for(lambda: re.findall(r"^modes: (.*)", opened.text(), re.MULTILINE), 10, "no modes")
    assert set(modes[0].split()) == {"echo", "icanon", "isig", "ixon", "iexten"}


def test_ctrl_c_quits(tmp_path: Path) -> None:
    with dashboard(tmp_path) as (opened, fake):
        fake.alerts = [WATCHDOG]
        opened.wait_for("CALM")
        opened.press("C-c")
        assert_quit(opened, code=0)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_a_signal_ends_it_and_the_terminal_is_restored(tmp_path: Path, number: signal.Signals) -> None:
    with dashboard(tmp_path) as (opened, _):
        os.kill(pid(tmp_path), number)
        assert_quit(opened, code=128 + number)


def test_an_exception_restores_the_terminal_and_is_seen(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\n"
        "if 'anomalies' in sys.orig_argv:\n"
        "    import hq.terminal.sections.detail as detail\n"
        "    def fail(*words): raise RuntimeError('a mistake of ours')\n"
        "    detail.explaining = fail\n"
    )
    crash = fake_prometheus(alerts=ALERTS, samples=SAMPLES)
    with crash as fake, terminal(tmp_path, 80, 24, PYTHONPATH=str(tmp_path)) as opened:
        opened.run("cd", str(Path(__file__).parent.parent.parent))
        start(opened, stack_file(tmp_path, fake.url))
        opened.wait_for("RuntimeError: a mistake of ours")
        assert_quit(opened, code=2)


def test_it_can_be_stopped_and_goes_on(tmp_path: Path) -> None:
    with dashboard(tmp_path) as (opened, _):
        opened.press("C-z")
        opened.wait_for("Stopped")
        assert opened.asked("#{alternate_on} #{cursor_flag}") == "0 1"
        opened.run("echo", "typed")
        opened.wait_for("\ntyped\n")
        opened.run("fg")
        opened.wait_for("2 ANOMALIES")
        assert opened.asked("#{alternate_on} #{cursor_flag}") == "1 0"
        opened.press("q")
        assert_quit(opened, code=1)


def test_a_stop_that_nobody_can_notice_is_got_over(tmp_path: Path) -> None:
    with dashboard(tmp_path) as (opened, _):
        os.kill(pid(tmp_path), signal.SIGSTOP)
        opened.wait_for("Stopped")
        opened.run("stty", "sane")
        opened.run("fg")
        opened.wait_for("2 ANOMALIES")
        opened.press("?")
        opened.wait_for("any key goes back")
        opened.press("q")
        assert_quit(opened, code=1)


def test_another_size_is_another_layout(tmp_path: Path) -> None:
    with dashboard(tmp_path) as (opened, _):
        opened.resize(200, 50)
        opened.wait_for("SELECTED")
        opened.resize(40, 10)
        opened.wait_for("vendor-proxies: 34.2%, limit 5%")
        opened.resize(80, 24)
        opened.wait_for("SEVERITY")
        wait_for(
            lambda: opened.text().splitlines()[23].startswith(" q quit  ? help"),
            10,
            "the keys are not on the last line",
        )


def test_blind_is_seen_and_got_over(tmp_path: Path) -> None:
    with dashboard(tmp_path) as (opened, fake):
        fake.refuses = 503
        shown = opened.wait_for("BLIND")
        assert "CALM" not in shown
        opened.wait_for("old  ")
        assert "error_spike" in opened.text(), "what was seen last is still there"
        fake.refuses = 0
        opened.wait_for("2 ANOMALIES")
        fake.alerts = []
        opened.wait_for("the Watchdog alert is silent")
        opened.press("q")
        assert_quit(opened, code=2)


def test_keys_work_while_prometheus_does_not_answer(tmp_path: Path) -> None:
    with dashboard(tmp_path) as (opened, fake):
        fake.answering.clear()
        opened.press("?")
        opened.wait_for("any key goes back")
        opened.press("x")
        opened.wait_for("data ", 20)
        opened.press("q")
        assert_quit(opened, code=1)


def test_nobody_has_ever_answered(tmp_path: Path) -> None:
    url = f"http://{free_address('127.0.0.1')}"
    with terminal(tmp_path, 80, 24) as opened:
        opened.run("cd", str(Path(__file__).parent.parent.parent))
        start(opened, stack_file(tmp_path, url))
        opened.wait_for(f"Prometheus at {url} refused the connection; is it running?")
        assert opened.text().startswith(" BLIND   for ")
        opened.press("q")
        assert_quit(opened, code=2)


def test_no_color_is_no_colour(tmp_path: Path) -> None:
    with dashboard(tmp_path, NO_COLOR="1") as (opened, _):
        styled = opened.text(styles=True)
        codes = {code for codes in re.findall(r"\x1b\[([0-9;]*)m", styled) for code in codes.split(";")}
        assert codes - {"", "0", "39", "49"} <= {"1", "2", "7"}, "bold, dim and reverse are no colours"


def test_a_closed_terminal_ends_it(tmp_path: Path) -> None:
    with dashboard(tmp_path):
        process = pid(tmp_path)
    wait_for(lambda: not Path(f"/proc/{process}").exists(), 20, "it goes on without a terminal")


def pid(directory: Path) -> int:
    """The process id of the dashboard on the stack in a directory."""
    found = subprocess.run(
        ["pgrep", "-f", f"anomalies --watch.*{directory}/stack.yaml"], capture_output=True, text=True, check=True
    )
    return int(found.stdout.split()[0])
