"""Server-sent events: read as they come, however they are cut, and never without bound."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hq.remote.answer import AnswerError
from hq.remote.sse import HEARTBEAT, MAX_EVENT_BYTES, Event, read_events

STREAM = (
    b"retry: 2000\n\n: here\n\nevent: run_progress\nid: 1\ndata: {}\n\n"
    b"id:2\r\ndata: one\r\ndata:  two\r\nunknown: x\r\n\r\nevent: nothing\n\ndata: last \xc3\xa9\n\ndata: torn"
)
EVENTS = [
    HEARTBEAT,
    Event("run_progress", "{}", "1"),
    Event("message", "one\n two", "2"),
    Event("message", "last é", "2"),
]


@given(st.sets(st.integers(1, len(STREAM) - 1)))
def test_events_are_the_same_wherever_the_bytes_are_cut(cuts: set[int]) -> None:
    edges = [0, *sorted(cuts), len(STREAM)]
    parts = [STREAM[begin:end] for begin, end in pairwise(edges)]
    assert list(read_events(parts)) == EVENTS


@pytest.mark.parametrize("unusable", [b"a b", b"\xc3\xa9", b"x" * 201, b"\x07"])
def test_an_id_that_no_header_can_hold_is_left_out(unusable: bytes) -> None:
    assert list(read_events([b"id: 7\ndata: a\n\nid: " + unusable + b"\ndata: b\n\n"])) == [
        Event("message", "a", "7"),
        Event("message", "b", "7"),
    ]


def test_a_line_that_does_not_end_is_refused() -> None:
    with pytest.raises(AnswerError, match=r"^a line of more than 1024 KiB$"):
        list(read_events(b"data: " + b"x" * 65536 for _ in range(20)))


def test_an_event_that_does_not_end_is_refused() -> None:
    with pytest.raises(AnswerError, match=r"^an event of more than 1024 KiB$"):
        list(read_events([b"data: " + b"x" * 1000 + b"\n"] * (MAX_EVENT_BYTES // 1000 + 1)))


def test_a_line_that_comes_byte_by_byte_is_read_and_bounded() -> None:
    with pytest.raises(AnswerError) as caught:
        list(read_events(b"a" for _ in range(MAX_EVENT_BYTES + 1)))
    assert str(caught.value) == "a line of more than 1024 KiB"
    assert list(read_events(bytes([byte]) for byte in STREAM)) == EVENTS
