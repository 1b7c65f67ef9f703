"""What the three programs have in common: flags, ports, health and an orderly end."""

import signal
import subprocess
import sys
import time

import pytest

from stack.waiting import wait_for
from tests.demo.conftest import Start
from tests.demo.scripted_vendor import HANG, ScriptedVendor

pytestmark = pytest.mark.e2e

PROGRAMS = ("vendor", "storefront", "load")


def run(name: str, *flags: str) -> tuple[int, str]:
    """The exit code of a program that ends by itself, and what it says on stderr."""
    done = subprocess.run(
        [sys.executable, "-m", f"demo.{name}", *flags], capture_output=True, text=True, timeout=20, check=False
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_taken_port_is_a_sentence(name: str, vendor: ScriptedVendor) -> None:
    taken = f"127.0.0.1:{vendor.server_port}"
    assert run(name, "--listen", taken) == (
        2,
        f"python -m demo.{name}: cannot listen on {taken}: something else listens there; "
        "choose another with --listen\n",
    )


def test_an_address_that_is_not_ours_is_a_sentence() -> None:
    exit_code, message = run("vendor", "--listen", "192.0.2.1:8000")
    assert (exit_code, message) == (
        2,
        "python -m demo.vendor: cannot listen on 192.0.2.1:8000: cannot assign requested address; "
        "choose another with --listen\n",
    )


@pytest.mark.parametrize("name", PROGRAMS)
def test_sigterm_ends_it_in_order_within_two_seconds(start: Start, name: str) -> None:
    program = start(name)
    started = time.monotonic()
    program.child.signal(signal.SIGTERM)
    wait_for(lambda: program.child.exit_code is not None, 2, f"{name} did not end")
    assert program.child.exit_code == 0
    assert time.monotonic() - started < 2
    assert "Traceback" not in program.log()
    assert program.address.is_free()


def test_a_storefront_that_waits_for_its_vendor_still_ends_within_two_seconds(
    start: Start, vendor: ScriptedVendor
) -> None:
    vendor.answer_with(HANG)
    storefront = start("storefront", "--vendor", vendor.url, "--calls", "naive", "--timeout", "60")
    load = start("load", "--url", storefront.url, "--rate", "20", "--seconds", "0.2")
    wait_for(lambda: vendor.requests >= 4, 5, "the vendor was not asked")
    storefront.child.signal(signal.SIGTERM)
    wait_for(lambda: storefront.child.exit_code is not None, 2, "the storefront did not end")
    assert storefront.child.exit_code == 0
    assert "Traceback" not in storefront.log()
    load.child.stop()


@pytest.mark.parametrize("name", PROGRAMS)
def test_nothing_but_where_it_listens_is_logged(start: Start, name: str, vendor: ScriptedVendor) -> None:
    target = {"storefront": ("--vendor", vendor.url), "load": ("--url", vendor.url)}.get(name, ())
    program = start(name, *target)
    program.get()
    assert program.log() == f"{name} listens on {program.url}\n"


SENTENCES = [
    ("vendor", ["--listen", "8000"], '"8000" is not an address; write host:port, such as 127.0.0.1:8000'),
    ("vendor", ["--listen", "127.0.0.1:0"], '"127.0.0.1:0" is not an address; write host:port, such as 127.0.0.1:8000'),
    ("vendor", ["--latency", "inf"], '"inf" is not a number of seconds from 0 to 60'),
    ("vendor", ["--spread", "much"], '"much" is not a number of sigma from 0 to 3'),
    ("storefront", ["--vendor", "vendor"], '"vendor" is not a URL; write one such as http://127.0.0.1:8100/'),
    ("storefront", ["--vendor", "http://a b/"], '"http://a b/" is not a URL; write one such as http://127.0.0.1:8100/'),
    (
        "storefront",
        ["--vendor", "http://[::1/"],
        '"http://[::1/" is not a URL; write one such as http://127.0.0.1:8100/',
    ),
    ("storefront", ["--retries", "-1"], '"-1" is not a whole number of retries from 0 to 10'),
    ("storefront", ["--retries", "٢"], '"٢" is not a whole number of retries from 0 to 10'),
    ("storefront", ["--timeout", "0"], '"0" is not a number of seconds from 0.001 to 600'),
    ("load", ["--rate", "nan"], '"nan" is not a number of requests a second from 0.01 to 5000'),
    ("load", ["--rate", "-5"], '"-5" is not a number of requests a second from 0.01 to 5000'),
    ("load", ["--seconds", "1e9"], '"1e9" is not a number of seconds from 0 to 86400'),
    ("load", ["--in-flight", "0"], '"0" is not a whole number of requests from 1 to 20000'),
]


@pytest.mark.parametrize(("name", "flags", "sentence"), SENTENCES, ids=lambda value: str(value)[:30])
def test_a_wrong_flag_is_a_sentence(name: str, flags: list[str], sentence: str) -> None:
    assert run(name, f"{flags[0]}={flags[1]}") == (
        2,
        f"python -m demo.{name}: argument {flags[0]}: {sentence}; --help lists the flags\n",
    )


def test_naive_calls_take_no_retries() -> None:
    assert run("storefront", "--calls", "naive", "--retries", "1") == (
        2,
        "python -m demo.storefront: --calls naive never retries; "
        "leave out --retries, --budget-percent and --budget-minimum; --help lists the flags\n",
    )


@pytest.mark.parametrize("name", PROGRAMS)
def test_help_names_every_flag_with_its_default(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", f"demo.{name}", "--help"], capture_output=True, text=True, timeout=20, check=True
    )
    assert "--listen HOST:PORT" in done.stdout
    assert "(127.0.0.1:8" in done.stdout
    assert done.stderr == ""
