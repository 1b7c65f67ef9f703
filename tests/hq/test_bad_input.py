"""What a user can get wrong at the command line costs one line, the right exit code, and leaves nothing behind."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from bench.live import HQ, copy_stack, processes_of
from stack.process import find_program
from tests.addresses import addresses_apart

ROOT = Path(__file__).parent.parent.parent

pytestmark = pytest.mark.e2e  # each starts programs


def elsewhere(directory: Path) -> Path:
    """A copy of the demo's stack at addresses where nothing listens."""
    ports = (10000, 10100, 8000, 8100, 8200, 9901, 18000, 9464, 9090, 9093)
    free = addresses_apart(len(ports))
    changes = [(f"127.0.0.1:{port}", str(address)) for port, address in zip(ports, free, strict=True)]
    return copy_stack(directory, *sorted(changes, reverse=True))


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    return elsewhere(tmp_path)


def hq(stack: Path, *words: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*HQ, "--stack", str(stack), *words], capture_output=True, text=True, timeout=60, check=False, **options
    )


def complaint(done: subprocess.CompletedProcess[str]) -> str:
    """The one line on stderr."""
    assert "Traceback" not in done.stderr + done.stdout
    (line,) = done.stderr.splitlines()
    return line


def test_an_unknown_scenario(stack: Path) -> None:
    done = hq(stack, "chaos", "run", "proxy-failure-wav")
    assert done.returncode == 2
    assert complaint(done) == 'dev-hq: there is no scenario "proxy-failure-wav"; did you mean "proxy-failure-wave"?'


def test_an_unknown_target(stack: Path) -> None:
    done = hq(stack, "chaos", "run", "proxy-failure-wave", "--target", "vendr")
    assert done.returncode == 2
    assert complaint(done) == 'dev-hq: there is no target "vendr"; targets are vendor-proxies'


@pytest.mark.parametrize("words", ["up", "demo", "down", "status", "chaos run network-latency", "anomalies", "serve"])
def test_a_broken_stack_file(tmp_path: Path, words: str) -> None:
    path = tmp_path / "stack.yaml"
    path.write_text("servces: {}\n")
    done = hq(path, *words.split())
    assert done.returncode == 2
    assert complaint(done) == f'dev-hq: {path}:1: unknown key "servces"; did you mean "services"?'
    assert [entry.name for entry in tmp_path.iterdir()] == ["stack.yaml"]


def test_a_missing_stack_file(tmp_path: Path) -> None:
    done = hq(tmp_path / "stack.yaml", "up")
    assert done.returncode == 2
    assert complaint(done) == (
        f"dev-hq: there is no file {tmp_path / 'stack.yaml'}; "
        "run this where your stack.yaml lies, name it with --stack, or write one: dev-hq init"
    )


@pytest.mark.parametrize(
    "words", ["chaos --stack {} run network-latency --dry-run", "chaos run network-latency --dry-run --stack {}"]
)
def test_the_stack_can_be_named_anywhere(stack: Path, tmp_path: Path, words: str) -> None:
    done = subprocess.run(
        [*HQ, *words.format(stack).split()], capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("network-latency on vendor-proxies would break:\n")


def test_output_that_cannot_be_written_is_no_weakness(stack: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*HQ, "--stack", str(stack), "chaos", "run", "network-latency", "--dry-run"],
            stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False,
        )  # fmt: skip
    assert done.returncode == 2
    assert "No space left on device" in done.stderr


def test_prometheus_down(stack: Path) -> None:
    done = hq(stack, "anomalies")
    assert done.returncode == 2
    assert complaint(done).startswith("dev-hq: Prometheus at http://127.0.0.1:")
    assert hq(stack, "quality", "check").returncode == 4


def test_a_run_without_a_stack_touches_nobody_elses(stack: Path) -> None:
    ran = hq(stack, "chaos", "run", "network-latency")
    assert ran.returncode == 2
    assert complaint(ran) == f"dev-hq: the stack of {stack} does not run; `dev-hq up` starts it"
    assert not (stack.parent / "var" / "journal.jsonl").exists()
    assert processes_of(stack) == []


def test_no_stack_to_stop_and_none_to_ask(stack: Path) -> None:
    assert (hq(stack, "down").stdout, hq(stack, "down").returncode) == ("no stack runs here\n", 0)
    assert hq(stack, "chaos", "stop").stdout == "no run is active\n"
    done = hq(stack, "status")
    assert done.returncode == 2
    assert complaint(done) == f"dev-hq: the stack of {stack} does not run; `dev-hq up` starts it"


@pytest.mark.parametrize("missing", ["envoy", "prometheus", "alertmanager"])
def test_a_missing_program(stack: Path, tmp_path: Path, missing: str) -> None:
    """Nothing is started, and nothing is left, when a program is not there."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in {"prometheus", "alertmanager"} - {missing}:
        (programs / name).symlink_to(find_program(name))
    without_wheel = "import sys; sys.modules['envoy'] = None\n" if missing == "envoy" else ""
    program = f"{without_wheel}from hq.cli import main; raise SystemExit(main(['--stack', {str(stack)!r}, 'up']))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PATH": str(programs)},
    )
    assert done.returncode == 2
    assert complaint(done).startswith(f"dev-hq: {missing} is not on PATH; ")
    assert processes_of(stack) == []


def test_a_taken_port_for_the_exporter(stack: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = hq(stack, "serve", "--listen", address)
    assert done.returncode == 2
    assert complaint(done) == f"dev-hq: {address} is taken; stop what listens there or choose another with --listen"


def test_a_directory_that_cannot_be_written(stack: Path) -> None:
    (stack.parent / "var").write_text("in the way")
    done = hq(stack, "up")
    assert done.returncode == 2
    assert complaint(done) == f"dev-hq: {stack.parent / 'var'} cannot be written: File exists"


@pytest.mark.parametrize("name", ["envoy.json", "prometheus.yml", "alertmanager.yml", "placement.new"])
def test_a_file_that_cannot_be_written(stack: Path, name: str) -> None:
    in_the_way = stack.parent / "var" / name
    in_the_way.mkdir(parents=True)
    done = hq(stack, "up")
    assert done.returncode == 2
    assert complaint(done) == f"dev-hq: {in_the_way} cannot be written: Is a directory"
    assert processes_of(stack) == []
