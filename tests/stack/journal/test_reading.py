"""The journal is read whole and by its tail, past torn lines and whatever else its file goes through."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from stack.errors import JournalError
from stack.journal import MAX_RECORD_BYTES, Journal, JournalTail
from tests.stack.journal.written import RECORD, written


@pytest.mark.parametrize(
    ("content", "read", "unreadable"),
    [
        pytest.param(b"", 0, 0, id="33-empty-file"),
        pytest.param(RECORD + RECORD[:20], 1, 0, id="34-half-line-at-end"),
        pytest.param(RECORD[:20] + b"\n" + RECORD, 1, 1, id="35-half-line-in-the-middle"),
        pytest.param(RECORD[:20] + RECORD + RECORD, 1, 1, id="35-two-lines-run-together"),
        pytest.param(RECORD.replace(b'"v": 1', b'"v": 2') + RECORD, 1, 1, id="36-unknown-version"),
        pytest.param(RECORD.replace(b'"n"', b'"new"'), 1, 0, id="37-unknown-field"),
        pytest.param(b"\n\n  \n" + RECORD, 1, 0, id="blank-lines"),
        pytest.param(b"[" * 60000 + b"\n" + RECORD, 1, 1, id="deep"),
        pytest.param(b"\xff\xfe\x00\n" + RECORD, 1, 1, id="binary"),
        pytest.param(b'"text"\n3\nnull\n[]\n{}\n' + RECORD, 1, 5, id="no-objects"),
        pytest.param(RECORD.replace(b"1.0", b"NaN") + RECORD.replace(b"1.0", b"1e999") + RECORD, 1, 2, id="no-time"),
        pytest.param(RECORD.replace(b"1.0", b"1" + b"0" * 400) + RECORD, 1, 1, id="time-beyond-floats"),
        pytest.param(RECORD.replace(b"1.0", b"1" * 5000) + RECORD, 1, 1, id="endless-number"),
        pytest.param(RECORD.replace(b'"k"', b"7") + RECORD, 1, 1, id="kind-is-no-text"),
        pytest.param(RECORD[:-2] + b', "x": "' + b"y" * MAX_RECORD_BYTES + b'"}\n' + RECORD, 1, 1, id="41-huge-record"),
        pytest.param(b"z" * (3 * MAX_RECORD_BYTES) + b"\n" + RECORD, 1, 1, id="41-huge-garbage"),
        pytest.param(RECORD + b"z" * (3 * MAX_RECORD_BYTES), 1, 0, id="41-huge-torn-tail"),
    ],
)
def test_lines_that_are_no_record_are_counted_and_passed_over(
    path: Path, content: bytes, read: int, unreadable: int
) -> None:
    tail = JournalTail(written(path, content))
    assert (len(tail.new()), tail.unreadable) == (read, unreadable)
    assert (tail.new(), tail.unreadable) == ([], unreadable)


@pytest.mark.parametrize("torn", [b'{"v": 1, "ki', b"z" * (2 * MAX_RECORD_BYTES)], ids=["short", "huge"])
def test_34_the_next_writer_ends_a_torn_line(path: Path, torn: bytes) -> None:
    tail = JournalTail(written(path, RECORD + torn))
    assert len(tail.new()) == 1
    Journal(path).append("after", {})
    assert [record.kind for record in tail.new()] == ["after"]
    assert tail.unreadable == 1


def test_a_line_that_is_still_being_written_is_read_once_it_is_whole(path: Path) -> None:
    tail = JournalTail(written(path, RECORD[:17]))
    assert tail.new() == []
    written(path, RECORD)
    assert len(tail.new()) == 1
    assert (tail.unreadable, tail.restarts) == (0, 0)


def test_a_line_that_was_given_up_half_way_disturbs_no_reader(path: Path) -> None:
    """What ENOSPC does: half a record is there for a moment, and then cut off again."""
    tail = JournalTail(written(path, RECORD + RECORD[:17]))
    assert len(tail.new()) == 1
    os.truncate(path, len(RECORD))
    assert tail.new() == []
    Journal(path).append("after", {})
    assert [record.kind for record in tail.new()] == ["after"]
    assert (tail.unreadable, tail.restarts) == (0, 0)


@pytest.mark.parametrize("replace", ["rename", "rewrite", "longer"])
def test_43_a_replaced_file_is_read_from_its_start(path: Path, replace: str) -> None:
    tail = JournalTail(written(path, b"torn\n" + RECORD * 3))
    assert (len(tail.new()), tail.unreadable) == (3, 1)
    other = RECORD.replace(b'"k"', b'"other"') * (9 if replace == "longer" else 1)
    if replace == "rename":
        path.rename(path.with_suffix(".old"))
    path.write_bytes(other)
    assert {record.kind for record in tail.new()} == {"other"}
    assert (tail.unreadable, tail.restarts) == (0, 1)


def test_43_a_file_restored_from_its_copy_is_read_on(path: Path) -> None:
    tail = JournalTail(written(path, RECORD * 3))
    tail.new()
    written(path.with_suffix(".copy"), RECORD * 4).replace(path)
    assert (len(tail.new()), tail.restarts) == (1, 0)


def test_a_file_that_is_gone_for_a_while_is_no_error(path: Path) -> None:
    tail = JournalTail(written(path, RECORD))
    tail.new()
    path.rename(path.with_suffix(".away"))
    assert tail.new() == []
    path.with_suffix(".away").rename(path)
    assert (tail.new(), tail.restarts) == ([], 0)


def test_a_read_that_fails_loses_nothing(path: Path, monkeypatch) -> None:
    tail = JournalTail(written(path, RECORD))

    def broken(*_: object) -> bytes:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "pread", broken)
    with pytest.raises(JournalError, match="cannot be read: Input/output error"):
        tail.new()
    monkeypatch.undo()
    assert len(tail.new()) == 1
