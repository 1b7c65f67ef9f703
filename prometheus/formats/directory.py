"""The directory that holds the files of one format: written, or compared with what it should hold.

Each file is replaced whole. A file that is not of this format is never replaced, and none is ever deleted: those that
are no longer generated are named, since whoever loads the directory still loads them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from prometheus.formats.format import GENERATED, Format
from stack.errors import HqError
from stack.replacement import replace_file

_COMMAND = re.compile("# Generated from stack.yaml by `([^`\n]+)`")


def write_files(texts: Mapping[str, str], directory: Path, wanted: Format) -> None:
    """Writes every file; raises HqError, before anything is written if a file in the way is not ours."""
    if directory.is_file():
        raise HqError(f"{directory} is a file, and the rules need a directory; name another --output")
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for name in texts:
            _refuse_foreign(directory / name, wanted)
        for name, text in texts.items():
            replace_file(directory / name, text.encode())
    except OSError as error:
        raise HqError(f"the rules cannot be written to {directory}: {error.strerror}") from None


def differing(texts: Mapping[str, str], directory: Path) -> list[Path]:
    """The files that are missing, or not what they should be; raises HqError for one that cannot be read."""
    return [directory / name for name, text in texts.items() if _read(directory / name) != text]


def generated_by(path: Path) -> str:
    """The command that a generated file says it came from; empty for what is not there or not ours."""
    found = _COMMAND.match(_read(path) or "")
    return found[1] if found else ""


def left_over(texts: Mapping[str, str], directory: Path) -> list[Path]:
    """The files here that were generated once, in whatever format, and are not any more."""
    if not directory.is_dir():
        return []
    others = (path for path in sorted(directory.glob("*.yml")) if path.name not in texts and path.is_file())
    return [path for path in others if (_read(path) or "").startswith(GENERATED)]


def _refuse_foreign(path: Path, wanted: Format) -> None:
    found = _read(path)
    if found and not found.startswith(wanted.signature):
        raise HqError(
            f"{path} does not begin with {wanted.signature!r}, so it was not written by `dev-hq generate` in this "
            "format, and stays; move it away, or name another --output"
        )


def _read(path: Path) -> str | None:
    try:
        return path.read_bytes().decode(errors="replace")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise HqError(f"{path} cannot be read: {error.strerror}") from None
