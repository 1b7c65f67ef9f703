"""Files that `dev-hq generate` writes: put into their directory, or compared with what it should hold.

Each file is replaced whole. A file that is not ours is never replaced, and none is ever deleted: those that are no
longer generated are named, since whoever loads the directory still loads them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from stack.dataclass import dataclass
from stack.errors import HqError
from stack.replacement import replace_file

SIGNATURE = "# Generated from stack.yaml by `dev-hq generate"
"""What every generated file begins with, where its format has comments."""

_COMMAND = re.compile("# Generated from stack.yaml by `([^`\n]+)`")


@dataclass(frozen=True)
class Generated:
    """The files of one kind, called `what`, that belong below `directory`: their texts by their names there.

    `foreign` says why a text is not ours to replace, and "" when it is. `once` says whether a text was generated here
    once, in whatever way; such are looked for where `patterns` say.
    """

    what: str
    directory: Path
    texts: Mapping[str, str]
    foreign: Callable[[str], str]
    once: Callable[[str], bool]
    patterns: tuple[str, ...]


def write(wanted: Iterable[Generated]) -> None:
    """Writes every file; raises HqError, before anything is written if a file in the way is not ours."""
    kinds = tuple(wanted)
    for kind in kinds:
        _refuse(kind)
    for kind in kinds:
        try:
            for name, text in kind.texts.items():
                path = kind.directory / name
                path.parent.mkdir(parents=True, exist_ok=True)
                replace_file(path, text.encode())
        except OSError as error:
            raise HqError(f"{kind.what} cannot be written to {kind.directory}: {error.strerror}") from None


def differing(wanted: Generated) -> list[Path]:
    """The files that are missing, or not what they should be; raises HqError for one that cannot be read."""
    paths = {wanted.directory / name: text for name, text in wanted.texts.items()}
    return [path for path, text in paths.items() if _read(path) != text]


def left_over(wanted: Generated) -> list[Path]:
    """The files here that were generated once, in whatever way, and are not any more."""
    there = sorted({path for pattern in wanted.patterns for path in wanted.directory.glob(pattern)})
    expected = {wanted.directory / name for name in wanted.texts}
    others = (path for path in there if path not in expected and path.is_file())
    return [path for path in others if wanted.once(_read(path) or "")]


def generated_by(path: Path) -> str:
    """The command that a generated file says it came from; empty for what is not there or does not say."""
    found = _COMMAND.match(_read(path) or "")
    return found[1] if found else ""


def _refuse(wanted: Generated) -> None:
    if wanted.directory.is_file():
        raise HqError(f"{wanted.directory} is a file, and {wanted.what} need a directory; name another --output")
    for name in wanted.texts:
        path = wanted.directory / name
        found = _read(path)
        if found and (reason := wanted.foreign(found)):
            raise HqError(f"{path} {reason}, and stays; move it away, or name another --output")


def _read(path: Path) -> str | None:
    try:
        if path.exists() and not path.is_file():  # reading a pipe could take for ever
            raise HqError(f"{path} is in the way and is not a file; move it away, or name another --output")
        return path.read_bytes().decode(errors="replace")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise HqError(f"{path} cannot be read: {error.strerror}") from None
