"""`dev-hq generate`."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import pytest

from hq.commands import generate
from stack.errors import HqError
from tests.prometheus.stacks import ROOT


def run(stack: Path, *arguments: str) -> int:
    parser = argparse.ArgumentParser()
    generate.register(parser.add_subparsers())
    parsed = parser.parse_args(["generate", *arguments])
    parsed.stack = stack
    code: int = parsed.handler(parsed)
    return code


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "stack.yaml", tmp_path)
    return tmp_path / "stack.yaml"


def test_the_committed_rules_are_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(ROOT / "stack.yaml", "--check") == 0
    assert capsys.readouterr() == ("", "")


def test_rules_are_written_beside_the_stack(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    directory = stack.parent / "prometheus" / "rules"
    assert run(stack) == 0
    assert capsys.readouterr().out == f"wrote anomalies.yml, budgets.yml, playbook.yml, watching.yml to {directory}\n"
    assert run(stack, "--check") == 0
    for path in directory.iterdir():
        assert path.read_text() == (ROOT / "prometheus" / "rules" / path.name).read_text()


def test_check_names_what_differs_and_writes_nothing(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    directory = stack.parent / "rules"
    run(stack, "--output", str(directory))
    (directory / "watching.yml").unlink()
    (directory / "budgets.yml").write_bytes(b"\xff")
    capsys.readouterr()
    assert run(stack, "--output", str(directory), "--check") == 1
    assert capsys.readouterr().err == (
        f"{directory}/budgets.yml is not what {stack} asks for; run: dev-hq generate\n"
        f"{directory}/watching.yml is not what {stack} asks for; run: dev-hq generate\n"
    )
    assert (directory / "budgets.yml").read_bytes() == b"\xff"
    assert not (directory / "watching.yml").exists()


def test_a_stack_that_says_otherwise_differs(stack: Path) -> None:
    run(stack)
    stack.write_text(stack.read_text().replace("hold: 3s", "hold: 4s"))
    assert run(stack, "--check") == 1


def test_a_place_that_cannot_be_written_or_read(stack: Path) -> None:
    (stack.parent / "file").write_text("")
    with pytest.raises(HqError, match=r"the rules cannot be written to .*/file: File exists"):
        run(stack, "--output", str(stack.parent / "file"))
    with pytest.raises(HqError, match=r".*/file/anomalies\.yml cannot be read: Not a directory"):
        run(stack, "--output", str(stack.parent / "file"), "--check")


def test_no_stack(tmp_path: Path) -> None:
    with pytest.raises(HqError, match=r"there is no file .*stack\.yaml"):
        run(tmp_path / "stack.yaml")
