"""Server-sent events over a real connection: how they are written, and all the ways in which a stream ends."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection

import pytest
from fastapi import FastAPI

import hq.api.events
from hq.api.errors import HANDLERS
from hq.api.events import Event, EventStream, LastEventId, Streams
from hq.serving.listening import bound
from hq.serving.server import Server
from hq.serving.web import Web
from stack.address import Address, free_address
from stack.waiting import wait_for
from tests.hq.api.listening import Heard, listening

pytestmark = pytest.mark.e2e

Events = Callable[[str | None], AsyncGenerator[Event, None]]


@dataclass
class Source:
    """A stream's server; `given` counts the events that were asked for, `closed` the streams that have ended."""

    events: Events
    streams: Streams = field(default_factory=Streams)
    address: Address = field(default_factory=lambda: free_address("127.0.0.1"))
    given: int = 0
    closed: int = 0
    stop: Callable[[], None] = lambda: None

    async def each(self, last: str | None) -> AsyncGenerator[Event, None]:
        try:
            async for event in self.events(last):
                self.given += 1
                yield event
        finally:
            self.closed += 1


@contextmanager
def streaming(events: Events) -> Iterator[Source]:
    source = Source(events)
    app = FastAPI(exception_handlers=HANDLERS)

    @app.get("/events", response_class=EventStream)
    async def follow(last: LastEventId = None) -> EventStream:
        return EventStream(source.each(last), source.streams)

    app.state.streams = source.streams
    server = Server(app, Web())
    with bound(source.address) as listener:
        thread = threading.Thread(target=lambda: server.run(sockets=[listener]), daemon=True)
        thread.start()
        wait_for(lambda: server.started, 10, "the server did not start")

        def stop() -> None:
            server.should_exit = True
            thread.join(10)
            assert not thread.is_alive()

        source.stop = stop
        try:
            yield source
        finally:
            stop()


def follow(source: Source, last: str | None = None):
    return listening(source.address, "/events", "", last)


def over(source: Source) -> None:
    """Returns when its one stream has ended, and is forgotten."""
    wait_for(lambda: (source.closed, source.streams.open) == (1, 0), 10, "the stream goes on")


async def three(last: str | None) -> AsyncGenerator[Event, None]:
    for number in range(int(last or 0) + 1, 4):
        yield Event("step", {"number": number, "words": "a\nb\r\u2028\u00e9"}, str(number))
    yield Event("done", {})


async def never(last: str | None) -> AsyncGenerator[Event, None]:
    await asyncio.Event().wait()
    yield Event("never", {})


async def endless(last: str | None) -> AsyncGenerator[Event, None]:
    while True:
        yield Event("large", {"filling": "x" * 10_000})


async def failing(last: str | None) -> AsyncGenerator[Event, None]:
    yield Event("step", {}, "1")
    raise ValueError("a mistake of ours")


def test_events_are_written_as_the_standard_says() -> None:
    event = Event("step", {"number": 1, "words": "a\nb"}, "7")
    assert bytes(event) == b'event: step\ndata: {"number": 1, "words": "a\\nb"}\nid: 7\n\n'


def test_what_json_cannot_say_is_no_event() -> None:
    with pytest.raises(ValueError, match="JSON"):
        bytes(Event("step", {"number": float("nan")}))


def test_all_events_come_and_the_stream_ends() -> None:
    with streaming(three) as source:
        with follow(source) as listener:
            heard = listener.take(4)
            assert (listener.next(), listener.retry) == (None, 2000)
        words = "a\nb\r\u2028\u00e9"
        steps = [Heard("step", {"number": number, "words": words}, str(number)) for number in (1, 2, 3)]
        assert heard == [*steps, Heard("done", {}, None)]
        over(source)


def test_a_reader_goes_on_where_it_left_off() -> None:
    with streaming(three) as source, follow(source, "2") as listener:
        assert [one.id for one in listener.take(2)] == ["3", None]


def test_a_silent_stream_shows_that_it_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hq.api.events, "HEARTBEAT_SECONDS", 0.02)
    with streaming(never) as source, follow(source) as listener:
        lines = [listener.response.readline() for _ in range(8)]
    assert lines == [b"retry: 2000\n", b"\n", *[b":\n", b"\n"] * 3]


def test_a_reader_who_leaves_is_forgotten() -> None:
    with streaming(never) as source:
        with follow(source) as listener:
            assert listener.response.readline()
            wait_for(lambda: source.streams.open == 1, 5, "the stream is not open")
        over(source)


def test_a_server_that_stops_ends_its_streams_in_order() -> None:
    with streaming(never) as source:
        with follow(source) as first, follow(source) as second:
            assert first.response.readline()
            assert second.response.readline()
            source.stop()
            assert (first.next(), second.next()) == (None, None)
        assert (source.closed, source.streams.open) == (2, 0)


def test_nothing_is_kept_for_a_reader_who_takes_nothing() -> None:
    with streaming(endless) as source, stuck(source):
        wait_for(lambda: source.given > 0, 5, "nothing is sent")
        given: list[int] = []

        def rests() -> bool:
            given.append(source.given)
            return given[-5:] == [source.given] * 5

        wait_for(rests, 10, "it goes on although nobody reads")
        assert source.given < 1000  # what the kernel takes, and not more


def test_a_reader_who_takes_nothing_for_long_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hq.api.events, "STALLED_SECONDS", 0.1)
    with streaming(endless) as source, stuck(source):
        over(source)


@contextmanager
def stuck(source: Source) -> Iterator[None]:
    """A reader who reads nothing."""
    with socket.create_connection((source.address.host, source.address.port)) as connection:
        connection.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        yield


def test_too_many_streams_are_refused_and_one_that_ends_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hq.api.events, "MOST_STREAMS", 2)
    with streaming(never) as source, follow(source) as first:
        assert first.response.readline()
        with follow(source) as second:
            assert second.response.readline()
            status, headers, body = get(source)
            assert (status, headers["retry-after"]) == (503, "10")
            assert body["error"] == {"code": "unavailable", "message": "100 streams are open already; close one"}
        wait_for(lambda: source.streams.open == 1, 5, "the stream is still open")
        with follow(source) as third:
            assert third.response.readline()


def get(source: Source):
    connection = HTTPConnection(source.address.host, source.address.port, timeout=10)
    try:
        connection.request("GET", "/events")
        response = connection.getresponse()
        return response.status, dict(response.getheaders()), json.loads(response.read())
    finally:
        connection.close()


def test_a_mistake_within_a_stream_cuts_it_off() -> None:
    """No last chunk: a reader sees that there would have been more."""
    with streaming(failing) as source:
        with follow(source) as listener:
            assert listener.take(1) == [Heard("step", {}, "1")]
            with suppress(OSError):
                assert listener.next() is None
        over(source)
