"""`dev-hq up` and `dev-hq down`: one stack at a time, nothing left behind, what dies is started again."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.live import HQ, LiveStack, copy_stack, live_stack, process_with, processes_of, status
from stack.placement import open_stack, read_placement
from stack.process import process_started
from stack.waiting import wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveStack]:
    with live_stack(copy_stack(tmp_path_factory.mktemp("up"))) as running:
        yield running


def start(path: Path, *words: str) -> subprocess.Popen[bytes]:
    log = (path.parent / "out.log").open("wb")
    with log:
        return subprocess.Popen([*HQ, "--stack", str(path), *words], stdout=log, stderr=subprocess.STDOUT)


def is_up(path: Path) -> bool:
    return "the stack is up" in (path.parent / "out.log").read_text()


def test_every_part_is_ready_and_status_says_where(live: LiveStack) -> None:
    lines = dict(line.split(maxsplit=1) for line in live.hq("status").stdout.splitlines() if "'s front" not in line)
    assert status(lines["prometheus"] + "/-/ready") == 200
    assert status(lines["alertmanager"] + "/-/ready") == 200
    assert status(lines["envoy"] + "/ready") == 200
    assert status(lines["exporter"]) == 200
    assert status(lines["vendor-proxies"] + "/healthz") == 200
    for name in ("vendor", "storefront", "load"):
        assert status(lines[name] + "/healthz") == 200


def test_what_it_starts_works_in_the_directory_of_its_stack(live: LiveStack) -> None:
    started = process_with(live.up.pid, "demo.storefront")
    assert Path(f"/proc/{started}/cwd").resolve() == live.path.parent.resolve()


def test_everything_it_writes_lies_in_var(live: LiveStack) -> None:
    assert {entry.name for entry in live.path.parent.iterdir()} == {"stack.yaml", "up.log", "var"}


def test_a_second_one_is_refused(live: LiveStack) -> None:
    second = live.hq("up")
    assert second.returncode == 2
    assert (
        second.stderr == f"dev-hq: the stack of {live.path} already runs (pid {live.up.pid}); `dev-hq down` stops it\n"
    )


@pytest.mark.parametrize(("argument", "path"), [("serve", "/-/ready"), ("demo.storefront", "/healthz")])
def test_what_dies_is_started_again(live: LiveStack, argument: str, path: str) -> None:
    storefront = live.stack.services["storefront"].upstream
    url = (f"http://{live.stack.exporter}" if argument == "serve" else storefront) + path
    killed = process_with(live.up.pid, argument)
    os.kill(killed, signal.SIGKILL)
    wait_for(lambda: process_with(live.up.pid, argument) not in (None, killed), 10, "it was not started again")
    wait_for(lambda: status(url) == 200, 10, "it did not answer again")


def test_down_stops_everything(tmp_path: Path) -> None:
    path = copy_stack(tmp_path)
    up = start(path, "up")
    wait_for(lambda: is_up(path), 60, "the stack did not come up")
    down = subprocess.run([*HQ, "--stack", str(path), "down"], capture_output=True, text=True, timeout=60, check=False)
    assert (down.returncode, down.stdout) == (0, "stopped\n")
    assert up.wait(10) == 0
    assert processes_of(path) == []
    assert read_placement(path.parent / "var") is None


def test_two_at_once_take_turns(tmp_path: Path) -> None:
    paths = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        paths.append(copy_stack(tmp_path / name))
    ups = [start(path, "up") for path in paths]
    wait_for(lambda: all(map(is_up, paths)), 120, "the two stacks did not come up")
    stacks = [open_stack(path) for path in paths]
    assert not {*stacks[0].own_addresses()} & {*stacks[1].own_addresses()}
    for up in ups:
        up.send_signal(signal.SIGTERM)
    assert [up.wait(30) for up in ups] == [0, 0]


def test_ctrl_c_during_the_start_leaves_nothing(tmp_path: Path) -> None:
    path = copy_stack(tmp_path)
    up = start(path, "up")
    wait_for((path.parent / "var" / "log" / "storefront.log").exists, 30, "nothing was started")
    up.send_signal(signal.SIGINT)
    assert up.wait(30) == 130
    assert processes_of(path) == []


def test_sigkill_of_the_supervisor_leaves_nothing(tmp_path: Path) -> None:
    path = copy_stack(tmp_path)
    up = start(path, "up")
    wait_for(lambda: is_up(path), 60, "the stack did not come up")
    children = [process_with(up.pid, name) for name in ("demo.vendor", "demo.storefront", "demo.load")]
    up.kill()
    up.wait(10)
    assert all(children)
    wait_for(
        lambda: not processes_of(path) and all(process_started(child) is None for child in children),
        10,
        "the kernel did not end the children",
    )
    assert subprocess.run([*HQ, "--stack", str(path), "down"], timeout=60, check=False).returncode == 0


def test_ctrl_c_during_the_demo_leaves_nothing(tmp_path: Path) -> None:
    path = copy_stack(tmp_path)
    demo = start(path, "demo")
    wait_for(lambda: is_up(path), 60, "the stack did not come up")
    demo.send_signal(signal.SIGINT)
    assert demo.wait(60) == 130
    assert processes_of(path) == []
