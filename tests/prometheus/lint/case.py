"""A case of the lint as one text file: the command, the files it reads, and what it must say.

`python -m tests.prometheus.lint.case` writes down what the lint says now; read the difference before you commit it.
"""

from __future__ import annotations

import io
import os
import re
import shutil
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory

from hq.cli import main

HERE = Path(__file__).parent
CASES = sorted((HERE / "cases").glob("*.txt"))
_PART = re.compile(r"^-- (.+) --\n", re.MULTILINE)


def expected(path: Path) -> str:
    return path.read_text().partition("-- output --\n")[2]


def output(path: Path) -> str:
    """What the case's command says, and its exit code."""
    head, *parts = _PART.split(path.read_text().partition("-- output --\n")[0])
    command = next(line for line in head.splitlines() if line.startswith("$ dev-hq "))
    before = Path.cwd()
    with TemporaryDirectory() as directory:
        shutil.copy(HERE / "page.txt", directory)
        for name, text in zip(parts[::2], parts[1::2], strict=True):
            (Path(directory) / name).parent.mkdir(parents=True, exist_ok=True)
            (Path(directory) / name).write_text(text)
        os.chdir(directory)
        said = io.StringIO()
        try:
            with redirect_stdout(said), redirect_stderr(said):
                code = main(command.removeprefix("$ dev-hq ").split())
        finally:
            os.chdir(before)
    return f"{said.getvalue()}exit code {code}\n"


def rewrite() -> None:
    for path in CASES:
        head = path.read_text().partition("-- output --\n")[0]
        path.write_text(f"{head}-- output --\n{output(path)}")


if __name__ == "__main__":
    rewrite()
