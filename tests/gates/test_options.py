"""The options of the check: what cannot go together, and that both ways in take the same ones."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gates.check import main
from hq.cli import main as dev_hq
from stack.address import free_address

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--every 5s", "--every says how often to look while waiting; give --wait too"),
        (
            "--wait 5m --at 1700000000",
            "--wait looks at moments to come, and --at at one that has passed; give one of them",
        ),
        (
            "--since 1700000001 --at 1700000000",
            "--since lies after --at, so nothing of the release had been counted then; judge a later moment",
        ),
        ("--var service=shop", "--var gives a gates file its variables; name the file with --config"),
        (
            "-c gates.yaml --stack other.yaml",
            "--config and --stack both say what to judge; to judge the stack's gates with those of gates.yaml, "
            "name it there: stack: other.yaml",
        ),
        (
            "--validate -o junit=gates.xml",
            "--validate judges no release, and --output is for one that is judged; leave one of them out",
        ),
        (
            "--explain --evidence e.json",
            "--explain judges no release, and --evidence is for one that is judged; leave one of them out",
        ),
        (
            "--self-test --wait 5m",
            "--self-test judges no release, and --wait is for one that is judged; leave one of them out",
        ),
        ("--replay e.json -c gates.yaml", "--replay judges what the evidence holds; --config would change that"),
        ("--replay e.json --at 1700000000", "--replay judges what the evidence holds; --at would change that"),
    ],
)  # fmt: skip
def test_what_cannot_go_together_is_said_by_both_ways_in(
    capsys: pytest.CaptureFixture[str], options: str, message: str
) -> None:
    assert main(options.split()) == 2
    assert capsys.readouterr() == ("", f"gates.check: {message}\n")
    assert dev_hq(["quality", "check", *options.split()]) == 2
    assert capsys.readouterr() == ("", f"dev-hq: {message}\n")


def test_the_stack_can_be_named_wherever_people_write_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = str(tmp_path / "none.yaml")
    words = (
        ["--stack", missing, "quality", "check"],
        ["quality", "--stack", missing, "check"],
        ["quality", "check", "--gate", "success_rate", "--stack", missing],
    )
    for line in words:
        assert dev_hq(line) == 2
        assert capsys.readouterr().err.startswith(f"dev-hq: there is no file {missing}; ")


def test_help_teaches_by_examples_and_names_every_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    for way_in, words in ((main, []), (dev_hq, ["quality", "check"])):
        with pytest.raises(SystemExit) as stopped:
            way_in([*words, "--help"])
        assert stopped.value.code == 0
        said = capsys.readouterr().out
        name = "dev-hq quality check" if words else "python -m gates.check"
        assert f"  {name} --config gates.yaml --since 2026-11-22T10:00:00Z --wait 30m\n" in said
        assert "".join(f"{line[2]}" for line in said.partition("exit codes:\n")[2].splitlines()) == "012345"
        assert max(map(len, said.splitlines())) <= 110


def test_a_mistake_is_not_drowned_in_options(capsys: pytest.CaptureFixture[str]) -> None:
    for way_in, words in ((main, []), (dev_hq, ["quality", "check"])):
        with pytest.raises(SystemExit) as stopped:
            way_in([*words, "--window", "10"])
        assert stopped.value.code == 2
        *usage, said = capsys.readouterr().err.splitlines()
        name = "dev-hq quality check" if words else "python -m gates.check"
        shown = f"usage: {name} [--stack FILE | -c FILE] [option ...]; --help names them all"
        assert usage == ([] if words else [shown])
        assert said.startswith(f'{name}: error: argument --window: "10" is not a duration; ')


@pytest.mark.parametrize(
    ("redirection", "code", "said"),
    [
        (">&-", 4, "error: the report cannot be printed: the standard output is closed\n"),
        (">/dev/full", 4, "error: the report cannot be printed: No space left on device\n"),
        ("2>&-", 4, ""),
        ("--dry-run >/dev/full", 2, "error: the report cannot be printed: No space left on device\n"),
    ],
)
def test_the_verdict_stands_when_nothing_can_be_printed(tmp_path: Path, redirection: str, code: int, said: str) -> None:
    path = tmp_path / "stack.yaml"
    path.write_text(
        "services: {shop: {sli: {preset: envoy}, objectives: {success_rate: {target: 99%}}}}\n"
        f"prometheus: {{url: 'http://{free_address('127.0.0.1')}', retries: 0}}\n"
    )
    line = f'exec "{sys.executable}" -m gates.check --stack "$STACK" {redirection}'
    done = subprocess.run(
        ["sh", "-c", line],
        env={**os.environ, "STACK": str(path)},
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (code, said)
