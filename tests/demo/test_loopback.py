"""Load goes to this machine only, however another one is written."""

import argparse

import pytest

from demo.load import loopback_url
from tests.demo.test_serving import run

HERE = [
    "http://127.0.0.1:8000/",
    "http://127.0.0.1",
    "http://127.1.2.3:80/a?b=c",
    "http://localhost:8000/",
    "http://[::1]:8000/",
    "https://127.0.0.1/",
]
ELSEWHERE = [
    "http://example.com/",
    "http://10.0.0.1:8000/",
    "http://0.0.0.0:8000/",
    "http://127.0.0.1.example.com/",
    "http://localhost.example.com/",
    "http://127.1/",
    "http://127.0.0.1:80:90/",
    "http://[::ffff:10.0.0.1]/",
    "http://[fe80::1]/",
    "http://2130706433/",
    "http://0177.0.0.1/",
    "http://LOCALHOST/",
    "http://127.0.0.1\\.example.com/",
    "http://example.com#127.0.0.1",
    "http://127.0.0.256/",
]
NO_URL = [
    "127.0.0.1:8000",
    "ftp://127.0.0.1/",
    "http://127.0.0.1@example.com/",
    "http://\uff11\uff12\uff17.0.0.1/",
    "http://127.0.0.1/\n",
]


@pytest.mark.parametrize("url", HERE)
def test_this_machine_is_taken(url: str) -> None:
    assert loopback_url(url) == url


@pytest.mark.parametrize("url", ELSEWHERE)
def test_every_other_is_refused(url: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError) as refusal:
        loopback_url(url)
    assert str(refusal.value) in (
        f'"{url}" is not on this machine; load goes to loopback only, such as http://127.0.0.1:8000/',
        f'"{url}" is not a URL; write one such as http://127.0.0.1:8100/',
    )


@pytest.mark.parametrize("url", NO_URL)
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="is not a URL"):
        loopback_url(url)


def test_the_program_refuses_before_it_sends_anything() -> None:
    assert run("load", "--url", "http://192.0.2.1/") == (
        2,
        'python -m demo.load: argument --url: "http://192.0.2.1/" is not on this machine; '
        "load goes to loopback only, such as http://127.0.0.1:8000/; --help lists the flags\n",
    )
