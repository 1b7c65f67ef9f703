"""The journal is written by several at once, by writers that crash, and by ones that wait."""

from __future__ import annotations

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
from tests.stack.journal.written import kinds, written


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
