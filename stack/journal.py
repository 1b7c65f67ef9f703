"""The journal: an append-only file of what happened, one JSON object a line.

Runs, verdicts and notifications are written here by whoever knows of them and read by the exporter and the
reports. A record is on disk (fsync) when `append` returns. Writers take turns by a file lock, so lines never mix;
a line torn by a crash is ended by the next writer and skipped by every reader.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import stat
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stack.errors import JournalError

VERSION = 1
MAX_RECORD_BYTES = 64 * 1024


@dataclass(frozen=True)
class Record:
    """One thing that happened: its kind, when (epoch seconds), and what is known of it."""

    kind: str
    at: float
    data: Mapping[str, Any]


class Journal:
    """The journal in one file, for appending and for reading it all."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, kind: str, data: Mapping[str, object], at: float | None = None) -> Record:
        """Writes one record durably; raises JournalError and leaves no part of it when that fails."""
        record = Record(kind, time.time() if at is None else at, dict(data))
        line = json.dumps({"v": VERSION, "kind": kind, "at": record.at, **data}, allow_nan=False).encode() + b"\n"
        if len(line) > MAX_RECORD_BYTES:
            raise JournalError(f"a {kind} record of {len(line)} bytes is too large for the journal")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            descriptor = os.open(self.path, flags, 0o640)
        except OSError as error:
            raise self._cannot("written", error) from None
        try:
            _append_line(descriptor, line)
        except OSError as error:
            raise self._cannot("written", error) from None
        finally:
            os.close(descriptor)
        return record

    def read(self) -> list[Record]:
        """Every record that can be read, oldest first; a journal that does not exist yet is empty."""
        return JournalTail(self.path).new()

    def _cannot(self, verb: str, error: OSError) -> JournalError:
        return JournalError(f"the journal {self.path} cannot be {verb}: {error.strerror}")


class JournalTail:
    """Reads a journal as it grows: each call of `new` gives what came since the last one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.unreadable = 0
        self._offset = 0
        self._inode = 0
        self._rest = b""

    def new(self) -> list[Record]:
        """The records that came since the last call; lines that are no record are counted in `unreadable`."""
        return [record for line in self._lines() if (record := self._parse(line)) is not None]

    def _lines(self) -> Iterator[bytes]:
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            return
        except OSError as error:
            raise JournalError(f"the journal {self.path} cannot be read: {error.strerror}") from None
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise JournalError(f"the journal {self.path} is not a file")
            if status.st_ino != self._inode or status.st_size < self._offset:
                self._offset, self._inode, self._rest = 0, status.st_ino, b""
            file.seek(self._offset)
            read = file.read()
        self._offset += len(read)
        *lines, self._rest = (self._rest + read).split(b"\n")
        yield from (line for line in lines if line.strip())

    def _parse(self, line: bytes) -> Record | None:
        try:
            data = json.loads(line)
            if data.pop("v") != VERSION:
                raise ValueError("a record of another version")
            return Record(str(data.pop("kind")), float(data.pop("at")), data)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            self.unreadable += 1
            return None


def _append_line(descriptor: int, line: bytes) -> None:
    """One line at the end of the file, behind whatever a crashed writer left; on failure the file is as it was."""
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is not a file")
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    size = os.fstat(descriptor).st_size
    torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
    remaining = b"\n" + line if torn else line
    try:
        while remaining:
            remaining = remaining[os.write(descriptor, remaining) :]
        os.fsync(descriptor)
    except OSError:
        os.ftruncate(descriptor, size)
        raise
