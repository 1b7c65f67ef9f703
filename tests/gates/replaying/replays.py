"""A check that keeps evidence, and its replay."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from gates.check import main
from gates.replaying.evidence_file import _digest
from tests.gates.answered import STACK
from tests.gates.fake_prometheus import HEALTHY, answering, vector


class Check:
    """A check of a fake Prometheus that keeps evidence, and its replay."""

    def __init__(self, directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.directory = directory
        self.evidence = directory / "evidence.json"
        self._capsys = capsys

    def run(self, *options: str, values: dict[str, str] | None = None, **answers: Callable) -> tuple[int, str]:
        with answering(lambda _: vector(values or HEALTHY), **answers) as url:
            stack = self.directory / "stack.yaml"
            stack.write_text(STACK.format(url=url))
            return self.told(
                "--stack", str(stack), "--evidence", str(self.evidence), "--gate", "success_rate", *options
            )

    def replay(self, *options: str) -> tuple[int, str]:
        return self.told("--replay", str(self.evidence), *options)

    def told(self, *arguments: str) -> tuple[int, str]:
        code = main(arguments)
        return code, self._capsys.readouterr().out

    def complaint(self) -> str:
        assert main(["--replay", str(self.evidence)]) == 2
        out, err = self._capsys.readouterr()
        assert out == ""
        return err.removeprefix("gates.check: ").removeprefix(f"{self.evidence} ").removesuffix("\n")

    def document(self) -> dict:
        return json.loads(self.evidence.read_text())

    def rewrite(self, **changes: object) -> None:
        """Other evidence, with a checksum that is right."""
        document = {key: value for key, value in {**self.document(), **changes}.items() if key != "sha256"}
        self.evidence.write_text(json.dumps({**document, "sha256": _digest(document)}))
