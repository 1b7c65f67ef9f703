"""Files that somebody else wrote, read whole, and refused when they are larger than anything that is meant."""

from __future__ import annotations

from pathlib import Path

from stack.errors import ConfigError, HqError

KIB, MIB = 1024, 1024**2


def read_text(path: Path, *, at_most: int, if_missing: str = "", or_pipe: bool = False) -> str:
    """The UTF-8 text in a file, without a byte order mark; raises HqError like `read_bytes`, with the line it is at."""
    raw = read_bytes(path, at_most=at_most, if_missing=if_missing, or_pipe=or_pipe)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(str(path), raw.count(b"\n", 0, error.start) + 1, "not UTF-8 text") from None


def read_bytes(path: Path, *, at_most: int, if_missing: str = "", or_pipe: bool = False) -> bytes:
    """What a file of `at_most` so many bytes holds; raises HqError.

    `if_missing` is what to do when there is no such file, for the complaint. A pipe could keep us waiting for ever: it
    is read only where people name it themselves, as in `<(curl …)`.
    """
    try:
        if not path.exists():
            raise HqError(_told(f"there is no file {path}", if_missing))
        if path.is_dir() or not (or_pipe or path.is_file()):
            raise HqError(_told(f"{path} is not a file", if_missing))
        with path.open("rb") as file:
            raw = file.read(at_most + 1)
    except OSError as error:
        raise HqError(f"{path} cannot be read: {error.strerror}") from None
    if len(raw) > at_most:
        raise HqError(f"{path} is larger than {_size(at_most)}")
    return raw


def _told(problem: str, remedy: str) -> str:
    return f"{problem}; {remedy}" if remedy else problem


def _size(at_most: int) -> str:
    return f"{at_most // MIB} MiB" if at_most >= MIB else f"{at_most // KIB} KiB"
