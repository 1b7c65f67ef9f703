"""Is a journal record lost? A follower outside has read every byte of it with code of its own."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.chaos_monkey.promise import Breach, Promise
from bench.chaos_monkey.repeating import Repeating

_BEGINNING = b'{"v": '


@dataclass(frozen=True)
class Line:
    """One line of the journal as it was seen, at its offset; `record` is None for one that is no record."""

    offset: int
    text: bytes
    record: Mapping[str, Any] | None


class JournalFollower(Repeating):
    """Reads what is new in the journal, five times a second, and keeps it.

    `breaches` are what it saw go wrong on the way: a file that was replaced, or became shorter.
    """

    every = 0.2

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.lines: list[Line] = []
        self.breaches: list[Breach] = []
        self._offset = 0
        self._inode: int | None = None
        self._turn = threading.Lock()

    def look(self) -> None:
        with self._turn:
            self._look()

    def _look(self) -> None:
        try:
            descriptor = os.open(self.path, os.O_RDONLY)
        except FileNotFoundError:
            if self._inode is not None:
                self._broken("the journal is gone")
            return
        try:
            there = os.fstat(descriptor)
            if self._inode not in (None, there.st_ino):
                self._broken("the journal was replaced by another file")
            if there.st_size < self._offset:
                self._broken(f"the journal became shorter: {there.st_size} bytes, {self._offset} were read")
            self._inode = there.st_ino
            self._take(os.pread(descriptor, max(0, there.st_size - self._offset), self._offset))
        finally:
            os.close(descriptor)

    def records(self, kind: str, **fields: object) -> list[Mapping[str, Any]]:
        """The records of one kind that were seen, with these fields."""
        wanted = {"kind": kind, **fields}
        records = [line.record for line in self.lines if line.record]
        return [record for record in records if all(record.get(key) == value for key, value in wanted.items())]

    def _take(self, new: bytes) -> None:
        whole, _, _ = new.rpartition(b"\n")
        for text in whole.split(b"\n") if whole else ():
            self.lines.append(Line(self._offset, text, _record(text)))
            self._offset += len(text) + 1

    def _broken(self, sentence: str) -> None:
        self.breaches.append(Breach(Promise.RECORDS_STAY, sentence))


def lost(lines: Iterable[Line], path: Path) -> Iterator[Breach]:
    """A breach for each line that was seen once and is not in the journal at its place any more, byte for byte."""
    content = path.read_bytes() if path.exists() else b""
    for line in lines:
        end = line.offset + len(line.text)
        if content[line.offset : end + 1] != line.text + b"\n":
            what = line.record["kind"] if line.record else "line without a record"
            yield Breach(Promise.RECORDS_STAY, f"a {what} at byte {line.offset} is lost or was changed")


def hidden(lines: Iterable[Line]) -> Iterator[Breach]:
    """A breach for each record that stands behind the rest of a torn line, where no reader finds it."""
    for line in lines:
        if line.record is None and _BEGINNING in line.text[1:]:
            yield Breach(Promise.RECORDS_STAY, f"the torn line at byte {line.offset} hides a record")


def missing(acknowledged: Iterable[tuple[str, Mapping[str, object]]], lines: Iterable[Line]) -> Iterator[Breach]:
    """A breach for each (kind, fields) that was acknowledged and of which there is no record."""
    records = [line.record for line in lines if line.record]
    known: dict[tuple[str, ...], set[tuple[object, ...]]] = {}
    for kind, fields in acknowledged:
        keys = ("kind", *fields)
        if keys not in known:
            known[keys] = {tuple(map(repr, map(record.get, keys))) for record in records}
        if tuple(map(repr, (kind, *fields.values()))) not in known[keys]:
            told = ", ".join(f"{key} {value}" for key, value in fields.items())
            yield Breach(Promise.RECORDS_STAY, f"a {kind} ({told}) was acknowledged, and there is no record of it")


def _record(text: bytes) -> Mapping[str, Any] | None:
    try:
        record = json.loads(text)
    except ValueError:
        return None
    return record if isinstance(record, dict) and isinstance(record.get("kind"), str) else None
