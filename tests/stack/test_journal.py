"""The journal under writers that crash, disks that fill up and files that are none."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import stack.journal
from stack.errors import JournalError
from stack.journal import MAX_RECORD_BYTES, Journal, JournalTail
from stack.waiting import wait_for

RECORD = b'{"v": 1, "kind": "k", "at": 1.0, "n": 1}\n'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "var" / "journal.jsonl"


def written(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def kinds(path: Path) -> list[str]:
    return [record.kind for record in Journal(path).read()]


def test_what_is_appended_can_be_read_again(path: Path) -> None:
    record = Journal(path).append("run_announced", {"run": "r1", "score": None})
    assert Journal(path).read() == [record]
    assert (record.kind, record.data) == ("run_announced", {"run": "r1", "score": None})


def test_a_journal_that_does_not_exist_yet_is_empty(path: Path) -> None:
    assert Journal(path).read() == []


def test_several_records_are_written_at_once(path: Path) -> None:
    records = Journal(path).append_all("notification", [{"n": 1}, {"n": 2}], at=5.0)
    assert Journal(path).read() == records
    assert {record.at for record in records} == {5.0}


def test_a_record_is_not_written_when_another_hinders_it(path: Path) -> None:
    journal = Journal(path)
    assert journal.append_unless(lambda record: record.kind == "announced", "announced", {"n": 1}) == []
    journal.append("other", {"n": 2})
    (earlier,) = journal.append_unless(lambda record: record.kind == "announced", "announced", {"n": 3})
    assert (earlier.kind, earlier.data) == ("announced", {"n": 1})
    assert kinds(path) == ["announced", "other"]


def test_of_several_who_ask_at_once_one_writes(path: Path) -> None:
    together, hindered = threading.Barrier(8), []

    def ask() -> None:
        together.wait(30)
        hindered.append(Journal(path).append_unless(lambda record: record.kind == "announced", "announced", {}))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(len(records) for records in hindered) == [0, 1, 1, 1, 1, 1, 1, 1]
    assert kinds(path) == ["announced"]


def test_what_a_crashed_writer_left_hinders_nothing_and_is_ended(path: Path) -> None:
    written(path, b'{"v": 1, "kind": "announced", "at": 1.0')
    assert Journal(path).append_unless(lambda _: True, "announced", {"n": 1}) == []
    assert kinds(path) == ["announced"]


def test_of_several_records_none_is_written_when_one_cannot_be(path: Path) -> None:
    with pytest.raises(JournalError):
        Journal(path).append_all("k", [{"n": 1}, {"n": float("nan")}])
    assert not path.exists()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@given(st.dictionaries(st.text().filter(lambda key: key not in ("v", "kind", "at")), json_values, max_size=4))
def test_any_json_survives_on_one_line(data: dict[str, object]) -> None:
    line = stack.journal._line(stack.journal.Record("k", 1.5, data))
    assert line.count(b"\n") == 1
    assert stack.journal._record(line) == stack.journal.Record("k", 1.5, data)


WRITER = """
import sys
from pathlib import Path
from stack.journal import Journal
journal = Journal(Path(sys.argv[1]))
sys.stdin.readline()
for number in range(int(sys.argv[3])):
    journal.append("k", {"writer": sys.argv[2], "number": number, "padding": "x" * 300})
"""


@pytest.mark.e2e
def test_44_four_writers_tear_no_line(path: Path) -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, path, str(number), "500"], stdin=subprocess.PIPE)
        for number in range(4)
    ]
    tail, seen = JournalTail(path), []
    for writer in writers:
        writer.stdin.write(b"go\n")
        writer.stdin.close()
    while any(writer.poll() is None for writer in writers):
        seen += tail.new()
    assert [writer.returncode for writer in writers] == [0, 0, 0, 0]
    seen += tail.new()
    expected = {(str(writer), number) for writer in range(4) for number in range(500)}
    assert len(seen) == 2000
    assert {(record.data["writer"], record.data["number"]) for record in seen} == expected
    assert (tail.unreadable, tail.restarts) == (0, 0)
    assert sum(1 for line in path.read_bytes().splitlines() if json.loads(line)) == 2000


@pytest.mark.e2e
def test_a_writer_killed_at_any_moment_leaves_a_journal_that_goes_on(path: Path) -> None:
    journal = Journal(path)
    for _ in range(5):
        before = len(journal.read())
        writer = subprocess.Popen([sys.executable, "-c", WRITER, path, "w", "100000"], stdin=subprocess.PIPE)
        writer.stdin.write(b"go\n")
        writer.stdin.flush()
        wait_for(lambda before=before: len(journal.read()) > before + 20, 20, "the writer wrote nothing", every=0.01)
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdin.close()
        journal.append("after", {})
        assert journal.read()[-1].kind == "after"
    assert kinds(path).count("after") == 5


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


def test_a_read_that_fails_loses_nothing(path: Path, monkeypatch) -> None:
    tail = JournalTail(written(path, RECORD))

    def broken(*_: object) -> bytes:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "pread", broken)
    with pytest.raises(JournalError, match="cannot be read: Input/output error"):
        tail.new()
    monkeypatch.undo()
    assert len(tail.new()) == 1


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"x": float("nan")}, "a k record cannot be written as JSON: Out of range float values are not JSON compliant"),
        ({"x": b"bytes"}, "a k record cannot be written as JSON: Object of type bytes is not JSON serializable"),
        ({"at": 3}, 'a k record cannot have a field "at" of its own'),
        ({"x": "y" * MAX_RECORD_BYTES}, "is too large for the journal"),
    ],
    ids=["nan", "bytes", "reserved", "41-huge"],
)
def test_what_is_no_record_is_refused_in_one_line(path: Path, data: dict[str, object], message: str) -> None:
    with pytest.raises(JournalError) as error:
        Journal(path).append("k", data)
    assert message in str(error.value)
    assert not path.exists()


def test_a_writer_that_holds_the_lock_for_ever_stops_nobody_for_ever(path: Path, monkeypatch) -> None:
    monkeypatch.setattr(stack.journal, "LOCK_SECONDS", 0.2)
    Journal(path).append("before", {})
    with path.open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(JournalError) as error:
            Journal(path).append("k", {})
    assert str(error.value) == (f"the journal {path} cannot be written: another process has held it locked for 0.2 s")
    Journal(path).append("after", {})
    assert kinds(path) == ["before", "after"]


def test_a_record_follows_the_file_that_was_moved_away_while_its_writer_waited(path: Path) -> None:
    Journal(path).append("before", {})
    with path.open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        writer = threading.Thread(target=Journal(path).append, args=("after", {}))
        writer.start()
        wait_for(lambda: _opened_by_us(path) > 1, 5, "the writer did not open the journal", every=0.005)
        path.rename(path.with_suffix(".old"))
    writer.join(5)
    assert (kinds(path.with_suffix(".old")), kinds(path)) == (["before"], ["after"])


def _opened_by_us(path: Path) -> int:
    """How many descriptors of this process are `path`."""
    here = Path("/proc/self/fd")
    return sum(1 for entry in os.listdir(here) if _target(here / entry) == str(path))  # noqa: PTH208 - entries vanish


def _target(link: Path) -> str | None:
    try:
        return str(link.readlink())
    except OSError:
        return None
