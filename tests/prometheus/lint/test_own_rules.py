"""What is generated passes the lint, for every stack and in every format."""

from __future__ import annotations

from pathlib import Path

import pytest

from hq.cli import main
from prometheus.formats.registry import FORMATS
from tests.prometheus.stacks import OTHERS, ROOT

pytestmark = pytest.mark.e2e


def lint(*arguments: object) -> int:
    return main(["rules", "lint", *map(str, arguments)])


def test_the_committed_rules_are_clean(capsys: pytest.CaptureFixture[str]) -> None:
    assert lint("--stack", ROOT / "stack.yaml") == 0, capsys.readouterr().out


@pytest.mark.parametrize("name", OTHERS)
def test_the_rules_of_other_stacks_are_clean(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stack = tmp_path / "stack.yaml"
    stack.write_text(OTHERS[name])
    assert main(["generate", "--only", "rules", "--stack", str(stack)]) == 0
    assert lint("--stack", stack) == 0, capsys.readouterr().out


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_read(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["generate", "--stack", str(ROOT / "stack.yaml"), "--format", name, "--output", str(tmp_path)])
    capsys.readouterr()
    code, said = lint("--stack", ROOT / "stack.yaml", tmp_path), capsys.readouterr().out
    rules = sum(path.read_text().count("expr:") for path in tmp_path.glob("*.yml"))
    files = len(list(tmp_path.glob("*.yml")))
    assert (code, said) == (0, f"{rules} rules in {files} files: no problems\n")
