"""Moments that are not just before now: to come, barely to come, and long gone."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from gates.check import main
from tests.gates.past import Past

pytestmark = pytest.mark.e2e


@pytest.fixture
def options(past: Past, tmp_path: Path) -> list[str]:
    path = past.stack(tmp_path, "healthy", "{success_rate: {target: 99.5%}}")
    return ["--stack", str(path), "--gate", "success_rate", "--no-record"]


@pytest.mark.parametrize(
    ("option", "what"),
    [
        ("--at", "the time to judge lies in the future of Prometheus; give one that has passed"),
        ("--since", "the release lies in the future of Prometheus; give a time that has passed"),
    ],
)
def test_what_is_to_come_is_refused(
    options: list[str], capsys: pytest.CaptureFixture[str], option: str, what: str
) -> None:
    assert main([*options, option, str(time.time() + 120)]) == 2
    assert capsys.readouterr() == ("", f"gates.check: {what}\n")


def test_our_clock_may_be_half_a_minute_ahead(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*options, "--since", str(time.time() + 30)]) == 3
    assert "the release was 0s old then, and it takes 4 scrapes, 1m, to count in" in capsys.readouterr().out


def test_what_is_older_than_all_data_is_undecided(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    for long_ago in ("2001-09-09T01:46:40Z", "1"):
        assert main([*options, "--at", long_ago]) == 3
        assert "there is no data: no series matches http_requests_total" in capsys.readouterr().out
