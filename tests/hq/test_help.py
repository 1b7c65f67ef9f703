"""`--help` of every command: a sentence what it is for, examples that can be typed, and what the exit code says."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from hq.cli import parser
from hq.command_tree import every_command
from hq.help import HELP

GOLDEN = Path(__file__).parent / "golden_help" / "dev-hq.txt"
EXAMPLE = re.compile(r"^  (dev-hq.*?)(?:  .*| [|>].*)?$", re.MULTILINE)
EVERY = dict(every_command(parser()))


@pytest.mark.parametrize("command", EVERY, ids=lambda command: command or "dev-hq")
def test_it_says_what_it_is_for_and_what_its_exit_code_says(command: str) -> None:
    said = EVERY[command]
    assert len((said.description or "").split()) >= 5
    assert re.search(r"^exit codes?:", said.epilog or "", re.IGNORECASE | re.MULTILINE)


@pytest.mark.parametrize("command", EVERY, ids=lambda command: command or "dev-hq")
def test_its_examples_can_be_typed(command: str) -> None:
    examples = EXAMPLE.findall(EVERY[command].format_help())
    assert any(example.startswith(f"dev-hq {command}".strip()) for example in examples)
    for example in examples:
        asked = parser().parse_args(shlex.split(example)[1:])
        assert callable(asked.handler)


@pytest.mark.parametrize("command", EVERY, ids=lambda command: command or "dev-hq")
def test_it_fits_a_terminal(command: str) -> None:
    too_long = 101  # some tables of exit codes are wider than 80
    assert max(map(len, (EVERY[command].epilog or "").splitlines())) < too_long


def test_help_is_written_for_commands_that_there_are() -> None:
    assert HELP.keys() <= EVERY.keys()


def test_what_stands_first_is_the_whole_in_one_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert parser().format_help() == GOLDEN.read_text()


def test_help_goes_to_the_standard_output() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hq.cli", "chaos", "--help"], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stderr == ""
    assert "it ends within 3 seconds" in done.stdout
