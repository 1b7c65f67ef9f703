"""`dev-hq anomalies`: plain when piped, JSON lines for machines, its exit codes, and what it says without rich."""

from __future__ import annotations

import io
import json
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from hq.cli import main
from hq.terminal import AnomalyDashboard
from prometheus.client import PrometheusClient
from stack.address import free_address
from stack.process import die_with_parent
from stack.waiting import wait_for
from tests.hq.fake_prometheus import WATCHDOG, alert, fake_prometheus

HQ = [sys.executable, "-m", "hq.cli"]


def stack_file(directory: Path, url: str) -> Path:
    path = directory / "stack.yaml"
    path.write_text(
        "services:\n"
        "  storefront:\n"
        "    sli: {preset: prometheus-http, selector: {job: storefront}}\n"
        "    objectives: {success_rate: {target: 99.5%, window: 30d}}\n"
        f"prometheus: {{url: {url}}}\n"
    )
    return path


ANOMALOUS = [WATCHDOG, alert("error_spike", "critical")]


@contextmanager
def watching(path: Path, *words: str, **streams: int) -> Iterator[subprocess.Popen[str]]:
    """`dev-hq anomalies --watch` that ends with the test."""
    process = subprocess.Popen(
        [*HQ, "--stack", str(path), "anomalies", "--watch", "--every", "100ms", *words],
        stdout=streams.get("stdout", subprocess.PIPE),
        stdin=streams.get("stdin", subprocess.DEVNULL),
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TERM": "xterm-256color", "PYTHONUNBUFFERED": "1"},
        preexec_fn=die_with_parent(),
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    ("alerts", "code", "text"),
    [
        ([WATCHDOG], 0, "  nothing is anomalous"),
        (ANOMALOUS, 1, "  1 anomaly"),
    ],
)
def test_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], alerts: list[dict[str, object]], code: int, text: str
) -> None:
    with fake_prometheus(alerts=alerts) as fake:
        assert main(["--stack", str(stack_file(tmp_path, fake.url)), "anomalies"]) == code
        assert fake.asked == ["alerts"]
    printed = capsys.readouterr().out
    assert printed.splitlines()[0].endswith(text)
    assert "\x1b" not in printed


def test_once_blind(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with fake_prometheus(alerts=[]) as fake:
        assert main(["--stack", str(stack_file(tmp_path, fake.url)), "anomalies"]) == 2
    assert capsys.readouterr().err == (
        "dev-hq: Prometheus evaluates no anomaly rules (the Watchdog alert is silent); load prometheus/rules/*.yml\n"
    )


@pytest.mark.e2e
@pytest.mark.parametrize("words", ["", "--json", "--watch", "--watch --json"])
def test_closed_output_is_no_fault_of_ours(tmp_path: Path, words: str) -> None:
    with fake_prometheus(alerts=ANOMALOUS) as fake:
        path = stack_file(tmp_path, fake.url)
        command = f'exec "$0" -m hq.cli --stack "$1" anomalies {words} >&-'
        done = subprocess.run(["sh", "-c", command, sys.executable, path], capture_output=True, text=True, check=False)
    if "--watch" in words:
        assert (done.returncode, done.stderr) == (2, "dev-hq: there is nothing to write to: stdout is closed\n")
    else:
        assert (done.returncode, done.stderr) == (1, "")


def test_once_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with fake_prometheus(alerts=ANOMALOUS) as fake:
        assert main(["--stack", str(stack_file(tmp_path, fake.url)), "anomalies", "--json"]) == 1
    (anomaly,) = json.loads(capsys.readouterr().out)
    assert (anomaly["type"], anomaly["severity"], anomaly["actual"]) == ("error_spike", "critical", "34.2%")


def test_labels_that_mean_harm_stay_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with fake_prometheus(alerts=[WATCHDOG, alert("error_spike", "low", service="\x1b[2J\u202eevil\n")]) as fake:
        main(["--stack", str(stack_file(tmp_path, fake.url)), "anomalies"])
    printed = capsys.readouterr().out
    assert len(printed.splitlines()) == 4
    assert all(line.isprintable() for line in printed.splitlines())


@pytest.mark.e2e
def test_piped_it_is_plain_text_until_ctrl_c(tmp_path: Path) -> None:
    with fake_prometheus(alerts=ANOMALOUS) as fake, watching(stack_file(tmp_path, fake.url)) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(8)]
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=10)
        assert process.returncode == 1
    assert [line.endswith("  1 anomaly\n") for line in lines[::4]] == [True, True]
    assert "\x1b" not in "".join(lines) + rest
    assert errors == ""


@pytest.mark.e2e
def test_json_lines_parse_whatever_happens(tmp_path: Path) -> None:
    with fake_prometheus() as fake, watching(stack_file(tmp_path, fake.url), "--json") as process:
        assert process.stdout is not None
        states = [json.loads(process.stdout.readline())["state"]]
        fake.alerts = ANOMALOUS
        states += until("anomalous", process)
        fake.refuses = 401
        states += until("blind", process)
        fake.refuses = 0
        states += until("anomalous", process)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=10)
        assert process.returncode == 1
    assert [state for state, before in zip(states, [None, *states], strict=False) if state != before] == [
        "calm",
        "anomalous",
        "blind",
        "anomalous",
    ]


def until(state: str, process: subprocess.Popen[str]) -> list[str]:
    """The states up to the first of this one."""
    assert process.stdout is not None
    found: list[str] = []
    while state not in found:
        found.append(json.loads(process.stdout.readline())["state"])
    return found


@pytest.mark.e2e
def test_a_reader_that_has_seen_enough_ends_it(tmp_path: Path) -> None:
    with fake_prometheus() as fake, watching(stack_file(tmp_path, fake.url), "--json") as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(10) == 128 + signal.SIGPIPE


@pytest.mark.e2e
@pytest.mark.parametrize("term", ["dumb", ""])
def test_a_dumb_terminal_gets_plain_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, term: str) -> None:
    monkeypatch.setenv("TERM", term)
    assert "\x1b" not in on_a_terminal(tmp_path, "1 anomaly")


@pytest.mark.e2e
def test_without_rich_it_is_plain_text_and_says_how_to_get_the_screen_where_it_stays(tmp_path: Path) -> None:
    hidden = "import sys; sys.modules['rich'] = None\nimport importlib.util as util\nfound = util.find_spec\n"
    hidden += "util.find_spec = lambda name, *rest: None if name == 'rich' else found(name, *rest)\n"
    hidden += "from hq.cli import main; sys.exit(main())"
    text = on_a_terminal(tmp_path, "1 anomaly", [sys.executable, "-c", hidden])
    before, first, *_ = text.split("\x1b[H\x1b[J")
    assert before == ""
    assert first.endswith("\r\n(plain text, since the full screen needs rich: pip install 'dev-hq[terminal]')\r\n")


def on_a_terminal(directory: Path, expected: str, command: list[str] = HQ) -> str:
    """What `--watch` writes to a terminal until it has written `expected` twice."""
    ours, theirs = pty.openpty()
    written = b""
    with fake_prometheus(alerts=ANOMALOUS) as fake:
        process = subprocess.Popen(
            [*command, "--stack", str(stack_file(directory, fake.url)), "anomalies", "--watch", "--every", "100ms"],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={"TERM": "xterm", **os.environ},
            preexec_fn=die_with_parent(),
        )
        os.close(theirs)
        try:
            while written.count(expected.encode()) < 2:
                written += os.read(ours, 4096)
        except OSError:  # the other side is closed
            pytest.fail(f"it ended with exit code {process.wait()}, and wrote {written!r}")
        finally:
            process.kill()
            process.wait()
            os.close(ours)
    return written.decode()


def test_from_python_it_ends_when_told_and_says_what_it_saw() -> None:
    output, stopping = io.StringIO(), threading.Event()
    codes: list[int] = []
    with fake_prometheus(alerts=ANOMALOUS) as fake:
        dashboard = AnomalyDashboard(PrometheusClient(fake.url), output)
        thread = threading.Thread(target=lambda: codes.append(dashboard.display_real_time_anomalies(0.05, stopping)))
        thread.start()
        wait_for(lambda: "error_spike" in output.getvalue(), 10, "no report")
        stopping.set()
        thread.join(10)
    assert codes == [1]


@pytest.mark.e2e
def test_from_python_the_full_screen_ends_when_told(tmp_path: Path) -> None:
    program = """
import sys, threading, time
from hq.terminal import AnomalyDashboard
from prometheus.client import PrometheusClient
stopping = threading.Event()
dashboard = AnomalyDashboard(PrometheusClient(sys.argv[1]))
threading.Timer(1.0, stopping.set).start()
print("code", dashboard.display_real_time_anomalies(0.1, stopping))
"""
    ours, theirs = pty.openpty()
    with fake_prometheus(alerts=ANOMALOUS) as fake:
        process = subprocess.Popen(
            [sys.executable, "-c", program, fake.url],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={**os.environ, "TERM": "xterm"},
            preexec_fn=die_with_parent(),
        )
        os.close(theirs)
        written = b""
        with suppress(OSError):  # what a terminal without a writer gives
            while data := os.read(ours, 4096):
                written += data
        assert process.wait(10) == 0
        os.close(ours)
    _, _, shown = written.decode().partition("\x1b[?1049h")
    screen, _, after = shown.partition("\x1b[?1049l")
    assert "1 ANOMALY" in screen
    assert after == "code 1\r\n"


def test_from_python_blind_is_two() -> None:
    stopping = threading.Event()
    stopping.set()
    dashboard = AnomalyDashboard(PrometheusClient(f"http://{free_address('127.0.0.1')}", retries=0), io.StringIO())
    assert dashboard.display_real_time_anomalies(0.05, stopping) == 2, "nothing was seen"


@pytest.mark.parametrize(
    ("every", "message"),
    [
        ("0s", 'must be a duration from 100ms to 1d, not "0s"'),
        ("50ms", 'must be a duration from 100ms to 1d, not "50ms"'),
        ("2d", 'must be a duration from 100ms to 1d, not "2d"'),
        ("soon", '"soon" is not a duration; write a number and a unit, such as 300ms, 10s, 5m, 1h or 30d'),
    ],
)
def test_how_often_is_held_to_what_makes_sense(every: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["anomalies", "--watch", "--every", every])
    assert caught.value.code == 2
    assert capsys.readouterr().err.splitlines()[-1] == f"dev-hq anomalies: error: argument --every: {message}"


def test_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["anomalies", "--help"])
    text = capsys.readouterr().out
    assert "Exit code: 0 nothing is anomalous, 1 something is, 2 nobody can say" in text
    assert "pip install 'dev-hq[terminal]'" in text
    assert "dev-hq anomalies --watch --json" in text


def test_rich_is_not_imported_for_plain_text_and_json(tmp_path: Path) -> None:
    program = "import sys, hq.terminal; from hq.cli import main; main(sys.argv[1:]); print('rich' in sys.modules)"
    with fake_prometheus() as fake:
        done = subprocess.run(
            [sys.executable, "-c", program, "--stack", str(stack_file(tmp_path, fake.url)), "anomalies", "--json"],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
    assert done.stdout.splitlines()[-1] == "False"


@pytest.mark.e2e
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 1)])
def test_a_signal_ends_it_although_nobody_reads_the_terminal(tmp_path: Path, number: signal.Signals, code: int) -> None:
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (200, 500))
    before = termios.tcgetattr(theirs)
    with fake_prometheus(alerts=ANOMALOUS) as fake:
        path = stack_file(tmp_path, fake.url)
        with watching(path, stdin=theirs, stdout=theirs) as process:
            wait_for(lambda: fake.asked.count("alerts") > 2, 20, "nothing was asked")
            wait_for(lambda: not select.select([], [theirs], [], 0)[1], 20, "the terminal took everything")
            process.send_signal(number)
            assert process.wait(timeout=10) == code
    assert termios.tcgetattr(theirs) == before
    os.set_blocking(ours, False)
    written = b""
    with suppress(BlockingIOError):
        while True:
            written += os.read(ours, 1 << 16)
    assert written.endswith(b"\x1b[?7h\x1b[?25h\x1b[?1049l")
    os.close(ours)
    os.close(theirs)
