"""The journal: an append-only file of what happened, one JSON object a line.

Runs, verdicts and notifications are written here by whoever knows of them and read by the exporter and the
reports. A record is on disk (fsync) when `append` returns. Writers take turns by a file lock, so lines never mix;
a line torn by a crash is ended by the next writer and skipped by every reader.
"""

from __future__ import annotations

import errno
import json
import math
import os
import stat
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from stack.dataclass import dataclass
from stack.errors import JournalError, NotReadyError
from stack.file_lock import take_turn

VERSION = 1
MAX_RECORD_BYTES = 64 * 1024
LOCK_SECONDS = 10.0

_REOPENINGS = 5
_MARK_BYTES = 64


@dataclass(frozen=True)
class Record:
    """One thing that happened: its kind, when (epoch seconds), and what is known of it."""

    kind: str
    at: float
    data: Mapping[str, Any]


def finite(data: Mapping[str, Any], key: str) -> float | None:
    """The number in a record's data, or None when it is null, missing or none."""
    value = data.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None


class Journal:
    """The journal in one file, for appending and for reading it all."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, kind: str, data: Mapping[str, object], at: float | None = None) -> Record:
        """Writes one record durably; raises JournalError and leaves no part of it when that fails."""
        return self.append_all(kind, [data], at)[0]

    def append_all(self, kind: str, many: Sequence[Mapping[str, object]], at: float | None = None) -> list[Record]:
        """Writes several records of one kind durably, all of them or none; raises JournalError."""
        records = [Record(kind, time.time() if at is None else at, dict(data)) for data in many]
        lines = b"".join(_line(record) for record in records)
        with self._held() as descriptor:
            _append(descriptor, lines, self.path.parent)
        return records

    def append_unless(
        self, hinders: Callable[[Record], bool], kind: str, data: Mapping[str, object]
    ) -> Sequence[Record]:
        """Writes one record durably unless there are some that hinder it, which are returned; raises JournalError.

        Nobody can write between the look and the record, so that of several who ask at once only one writes.
        """
        line = _line(Record(kind, time.time(), dict(data)))
        with self._held() as descriptor:
            lines, _ = _lines_from(descriptor, _Place())
            hindering = [record for record in map(_record, lines) if record and hinders(record)]
            if not hindering:
                _append(descriptor, line, self.path.parent)
        return hindering

    def read(self) -> list[Record]:
        """Every record that can be read, oldest first; a journal that does not exist yet is empty."""
        return JournalTail(self.path).new()

    @contextmanager
    def _held(self) -> Iterator[int]:
        """The journal, opened and locked for this writer; raises JournalError for whatever keeps it from writing."""
        try:
            descriptor = self._locked()
            try:
                yield descriptor
            finally:
                os.close(descriptor)
        except OSError as error:
            raise _cannot(self.path, "written", error) from None

    def _locked(self) -> int:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        for _ in range(_REOPENINGS):
            descriptor = os.open(self.path, flags, 0o640)
            try:
                _refuse_what_is_no_file(descriptor)
                _lock(descriptor)
                if _is_at(descriptor, self.path):
                    return descriptor
            except BaseException:
                os.close(descriptor)
                raise
            os.close(descriptor)
        raise OSError(errno.EBUSY, "it is being replaced again and again")


class JournalTail:
    """Reads a journal as it grows: each call of `new` gives what came since the last one.

    `unreadable` counts the lines that are no record. When the file is replaced or cut, the next call begins again at
    its start, with `unreadable` at 0 and one more in `restarts`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.unreadable = 0
        self.restarts = 0
        self._place = _Place()

    def new(self) -> list[Record]:
        """The records that came since the last call; raises JournalError, after which nothing is lost."""
        try:
            lines = self._read_lines()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise _cannot(self.path, "read", error) from None
        records = [_record(line) for line in lines]
        self.unreadable += records.count(None)
        return [record for record in records if record is not None]

    def _read_lines(self) -> list[bytes]:
        descriptor = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            _refuse_what_is_no_file(descriptor)
            place = self._place
            replaced = os.pread(descriptor, len(place.before), place.offset - len(place.before)) != place.before
            lines, self._place = _lines_from(descriptor, _Place() if replaced else place)
        finally:
            os.close(descriptor)
        if replaced:
            self.unreadable = 0
            self.restarts += 1
        return lines


@dataclass(frozen=True)
class _Place:
    """How far a journal is read: the next line's offset, the bytes `before` it, and whether it is an endless line."""

    offset: int = 0
    before: bytes = b""
    endless: bool = False


def _lines_from(descriptor: int, place: _Place) -> tuple[list[bytes], _Place]:
    """The whole lines from `place` on, and the place behind them.

    A line too long for a record comes as an empty object. A last line without its end is left for the next time: it
    may still be being written.
    """
    lines: list[bytes] = []
    with os.fdopen(os.dup(descriptor), "rb") as file:
        file.seek(place.offset)
        while (line := file.readline(MAX_RECORD_BYTES + 1)).endswith(b"\n") or len(line) > MAX_RECORD_BYTES:
            ends = line.endswith(b"\n")
            if ends and (place.endless or line.strip()):
                lines.append(b"{}" if place.endless else line)
            place = _Place(place.offset + len(line), (place.before + line)[-_MARK_BYTES:], not ends)
    return lines, place


def _line(record: Record) -> bytes:
    data = {"v": VERSION, "kind": record.kind, "at": record.at}
    if taken := data.keys() & record.data.keys():
        raise JournalError(f'a {record.kind} record cannot have a field "{min(taken)}" of its own')
    try:
        line = json.dumps({**data, **record.data}, allow_nan=False).encode() + b"\n"
    except (ValueError, TypeError, RecursionError) as error:
        raise JournalError(f"a {record.kind} record cannot be written as JSON: {error}") from None
    if len(line) > MAX_RECORD_BYTES:
        raise JournalError(f"a {record.kind} record of {len(line)} bytes is too large for the journal")
    return line


def _record(line: bytes) -> Record | None:
    """The record in a line, or None when it is none of this version."""
    try:
        data = json.loads(line.decode())
        if data.pop("v") != VERSION:
            return None
        kind, at = data.pop("kind"), float(data.pop("at"))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError):
        return None
    return Record(kind, at, data) if isinstance(kind, str) and math.isfinite(at) else None


def _refuse_what_is_no_file(descriptor: int) -> None:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise OSError(errno.EINVAL, "it is not a file")


def _lock(descriptor: int) -> None:
    """Takes this writer's turn."""
    try:
        take_turn(descriptor, LOCK_SECONDS, every=0.002)
    except NotReadyError:
        raise OSError(errno.EAGAIN, f"another process has held it locked for {LOCK_SECONDS:g} s") from None


def _is_at(descriptor: int, path: Path) -> bool:
    """Whether the opened file is still the one at `path`, not one that was moved away while we waited."""
    try:
        there = path.lstat()
    except FileNotFoundError:
        return False
    return os.path.samestat(os.fstat(descriptor), there)


def _append(descriptor: int, lines: bytes, directory: Path) -> None:
    """Lines at the end of the file, behind whatever a crashed writer left; on failure the file is as it was."""
    size = os.fstat(descriptor).st_size
    torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
    remaining = b"\n" + lines if torn else lines
    try:
        while remaining:
            remaining = remaining[os.write(descriptor, remaining) :]
        os.fsync(descriptor)
        if size == 0:
            _sync_directory(directory)
    except OSError:
        os.ftruncate(descriptor, size)
        raise


def _sync_directory(directory: Path) -> None:
    """A new file survives a crash only when its name is on disk too."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _cannot(path: Path, verb: str, error: OSError) -> JournalError:
    reason = "it is a symbolic link" if error.errno == errno.ELOOP else error.strerror
    return JournalError(f"the journal {path} cannot be {verb}: {reason}")
