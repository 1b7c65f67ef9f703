"""`dev-hq serve` as a process: how it starts, what it refuses, and how it ends."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from hq.commands.serve import configured, register
from hq.credentials import read_token
from stack.address import Address, free_address
from stack.loader import load_stack
from stack.waiting import wait_for
from tests.hq.serving import make_stack

ROOT = Path(__file__).parent.parent.parent
PROGRAM = """
import argparse, sys
from pathlib import Path
from hq.commands import serve
from stack.errors import HqError
top = argparse.ArgumentParser(prog="dev-hq")
top.add_argument("--stack", type=Path)
serve.register(top.add_subparsers())
arguments = top.parse_args()
try:
    sys.exit(arguments.handler(arguments))
except HqError as error:
    print(f"dev-hq: {error}", file=sys.stderr)
    sys.exit(2)
"""  # what hq/cli.py does, without the other commands


def command(stack: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-c", PROGRAM, "--stack", str(stack), "serve", *arguments]


def run(stack: Path, *arguments: str) -> tuple[int, str, str]:
    done = subprocess.run(command(stack, *arguments), capture_output=True, text=True, timeout=30, check=False, cwd=ROOT)
    return done.returncode, done.stdout, done.stderr


@contextmanager
def started(stack: Path, address: Address, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        command(stack, *arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        try:
            wait_for(lambda: process.poll() is not None or _is_up(address), 20, f"{address} does not answer")
            yield process
        finally:
            process.kill()


def _is_up(address: Address) -> bool:
    try:
        return requests.get(f"http://{address}/-/ready", timeout=1).status_code == 200
    except requests.ConnectionError:
        return False


@pytest.fixture
def stack(tmp_path):
    return make_stack(tmp_path)


@pytest.mark.e2e
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_listens_where_the_stack_says_until_it_is_told_to_stop(stack, number: signal.Signals) -> None:
    with started(stack.file, stack.exporter) as process:
        assert "chaos_runs_total" in requests.get(f"http://{stack.exporter}/metrics", timeout=5).text
        keep_alive = requests.Session()
        keep_alive.get(f"http://{stack.exporter}/-/healthy", timeout=5)
        began = time.monotonic()
        process.send_signal(number)
        out, err = process.communicate(timeout=10)
        assert time.monotonic() - began < 3, "an idle connection does not hold it"
        keep_alive.close()
    envoy = f"Envoy does not answer at {stack.envoy.admin} (Connection refused); is it running?"
    assert (process.returncode, out) == (0, f"serving http://{stack.exporter}/metrics\n")
    assert err == f"collector ejections: HqError: {envoy}\n"
    assert stack.exporter.is_free()


@pytest.mark.e2e
def test_the_address_and_the_credentials_can_be_chosen(stack, tmp_path) -> None:
    address, credentials = free_address("127.0.0.1", frozenset({stack.exporter})), tmp_path / "elsewhere" / "token"
    with started(stack.file, address, "--listen", str(address), "--credentials", str(credentials)):
        token = read_token(credentials).decode()
        url = f"http://{address}/api/alerts"
        assert requests.post(url, json={}, timeout=5).status_code == 401
        assert requests.post(url, json={}, headers={"authorization": f"Bearer {token}"}, timeout=5).status_code == 400
        assert not stack.webhook_token.exists()


@pytest.mark.e2e
def test_another_name_can_be_allowed(stack) -> None:
    with started(stack.file, stack.exporter, "--allow-host", "hq.example"):
        for host, status in (("hq.example:80", 200), ("other.example", 400)):
            answer = requests.get(f"http://{stack.exporter}/-/healthy", headers={"host": host}, timeout=5)
            assert answer.status_code == status


@pytest.mark.e2e
def test_a_taken_port_is_one_line_and_nothing_is_left(stack) -> None:
    with stack_holding(stack.exporter):
        code, out, err = run(stack.file)
    message = f"dev-hq: {stack.exporter} is taken; stop what listens there or choose another with --listen\n"
    assert (code, out, err) == (2, "", message)


@contextmanager
def stack_holding(address: Address) -> Iterator[None]:
    import socket

    with socket.create_server((address.host, address.port)):
        yield


@pytest.mark.parametrize(
    ("listen", "complaint"),
    [
        ("9464", '"9464" is not an address; write host:port, such as 127.0.0.1:9090'),
        ("127.0.0.1:99999", '"127.0.0.1:99999" is not an address; write host:port, such as 127.0.0.1:9090'),
    ],
)
def test_an_address_that_is_none_is_refused(capsys, listen: str, complaint: str) -> None:
    top = argparse.ArgumentParser(prog="dev-hq")
    register(top.add_subparsers())
    with pytest.raises(SystemExit) as stopped:
        top.parse_args(["serve", "--listen", listen])
    assert stopped.value.code == 2
    assert capsys.readouterr().err.endswith(f"argument --listen: {complaint}\n")


@pytest.mark.e2e
def test_an_address_of_another_machine_is_one_line(stack) -> None:
    code, out, err = run(stack.file, "--listen", "192.0.2.1:9464")
    message = "dev-hq: 192.0.2.1:9464 cannot be listened on: Cannot assign requested address\n"
    assert (code, out, err) == (2, "", message)


@pytest.mark.e2e
def test_a_stack_that_does_not_exist_is_one_line(tmp_path) -> None:
    code, out, err = run(tmp_path / "none.yaml")
    assert (code, out) == (2, "")
    assert err == (
        f"dev-hq: there is no file {tmp_path / 'none.yaml'}; "
        "run this where your stack.yaml lies, name it with --stack, or write one: dev-hq init\n"
    )


@pytest.mark.e2e
def test_empty_credentials_are_one_line(stack, tmp_path) -> None:
    (tmp_path / "token").write_text("\n")
    code, _, err = run(stack.file, "--credentials", str(tmp_path / "token"))
    assert (code, err) == (
        2, f"dev-hq: the credentials file {tmp_path / 'token'} must hold one token, on one line\n",
    )  # fmt: skip


@pytest.mark.e2e
def test_without_its_libraries_it_says_what_to_install(stack, tmp_path) -> None:
    (tmp_path / "hidden").mkdir()
    (tmp_path / "hidden" / "uvicorn.py").write_text("raise ImportError('hidden')")
    done = subprocess.run(
        command(stack.file), capture_output=True, text=True, timeout=30, check=False, cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "hidden")},
    )  # fmt: skip
    message = "dev-hq: dev-hq serve needs fastapi and uvicorn: pip install 'dev-hq[api]'\n"
    assert (done.returncode, done.stderr) == (2, message)


def test_everything_that_can_happen_on_the_demo_is_configured() -> None:
    known = configured(load_stack(ROOT / "stack.yaml"))
    assert ("proxy-failure-wave", "failure", "vendor-proxies") in known.scenarios
    assert {scenario for scenario, _, _ in known.scenarios} == {
        "network-latency", "proxy-failure-wave", "rate-limit-storm",
    }  # fmt: skip
    assert sorted(known.gates) == [
        ("error_budget", "storefront"), ("latency", "storefront"), ("success_rate", "storefront"),
    ]  # fmt: skip


def test_only_what_has_an_objective_has_a_gate(stack) -> None:
    assert sorted(configured(stack).gates) == [("error_budget", "shop"), ("success_rate", "shop")]
