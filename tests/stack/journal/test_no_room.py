"""A journal that cannot be written where it should be: no room, no directory, or something else in its place."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from stack.errors import JournalError
from stack.journal import Journal, JournalTail
from tests.stack.journal.written import RECORD, kinds, written


def _directory(path: Path) -> None:
    path.mkdir(parents=True)


def _fifo(path: Path) -> None:
    path.parent.mkdir(parents=True)
    os.mkfifo(path)


def _symlink(path: Path) -> None:
    written(path.with_name("elsewhere"), RECORD)
    path.symlink_to("elsewhere")


def _dangling(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.symlink_to("/dev/full")


@pytest.mark.parametrize(
    ("make", "reading", "writing"),
    [
        pytest.param(_directory, "it is not a file", "Is a directory", id="43-directory"),
        pytest.param(_fifo, "it is not a file", "it is not a file", id="43-fifo"),
        pytest.param(_symlink, "it is a symbolic link", "it is a symbolic link", id="43-symlink"),
        pytest.param(_dangling, "it is a symbolic link", "it is a symbolic link", id="43-symlink-to-device"),
    ],
)
def test_something_else_in_its_place_is_one_line(path: Path, make, reading: str, writing: str) -> None:
    make(path)
    with pytest.raises(JournalError) as read:
        Journal(path).read()
    with pytest.raises(JournalError) as write:
        Journal(path).append("k", {})
    assert str(read.value) == f"the journal {path} cannot be read: {reading}"
    assert str(write.value) == f"the journal {path} cannot be written: {writing}"


def test_42_a_device_that_is_always_full_is_no_journal() -> None:
    with pytest.raises(JournalError, match="the journal /dev/full cannot be written: it is not a file"):
        Journal(Path("/dev/full")).append("k", {})


def test_42_its_directory_is_made(tmp_path: Path) -> None:
    Journal(tmp_path / "a" / "b" / "journal.jsonl").append("k", {})
    assert kinds(tmp_path / "a" / "b" / "journal.jsonl") == ["k"]


def test_42_its_directory_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file")
    path = tmp_path / "var" / "journal.jsonl"
    with pytest.raises(JournalError) as error:
        Journal(path).append("k", {})
    assert str(error.value) == f"the journal {path} cannot be written: File exists"


SMALL_DISK = """
import resource, sys
from pathlib import Path
from stack.errors import JournalError
from stack.journal import Journal
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
journal = Journal(Path(sys.argv[1]))
try:
    for number in range(100):
        journal.append("k", {"number": number, "padding": "x" * 77})
except JournalError as error:
    print(error)
"""


def test_42_when_there_is_no_room_the_half_record_is_taken_back(path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", SMALL_DISK, path], capture_output=True, text=True, check=True)
    assert done.stdout == f"the journal {path} cannot be written: File too large\n"
    assert path.read_bytes().endswith(b"\n")
    tail = JournalTail(path)
    assert len(tail.new()) == len(path.read_bytes().splitlines()) > 3
    assert tail.unreadable == 0
    Journal(path).append("after", {})
    assert kinds(path)[-1] == "after"


@pytest.mark.parametrize("call", ["write", "fsync"])
def test_42_a_full_disk_is_one_line_and_leaves_the_file_as_it_was(path: Path, monkeypatch, call: str) -> None:
    """A real full disk needs a mount of its own; what the kernel says then is what is played here."""
    Journal(path).append("before", {})
    before = path.read_bytes()

    def full(descriptor: int, *rest: object) -> int:
        if rest:
            real_write(descriptor, bytes(rest[0])[:10])
        raise OSError(errno.ENOSPC, "No space left on device")

    real_write = os.write
    monkeypatch.setattr(os, call, full)
    with pytest.raises(JournalError) as error:
        Journal(path).append("k", {})
    monkeypatch.undo()
    assert str(error.value) == f"the journal {path} cannot be written: No space left on device"
    assert path.read_bytes() == before
