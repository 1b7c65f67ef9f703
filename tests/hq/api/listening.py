"""Somebody who follows a stream of server-sent events, as a browser's EventSource does."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from typing import Any

from stack.address import Address


@dataclass(frozen=True)
class Heard:
    """One event, or (without a name) a comment."""

    name: str = ""
    data: Any = None
    id: str | None = None


class Listener:
    """Reads one event after the other; `comments` counts what says only that the server is there."""

    def __init__(self, response: HTTPResponse) -> None:
        self.response = response
        self.comments = 0
        self.retry = 0

    def next(self) -> Heard | None:
        """The next event, None at the end of the stream; raises TimeoutError when none comes."""
        fields: dict[str, str] = {}
        while line := self.response.readline():
            words = line.decode().rstrip("\n")
            if words:
                name, _, value = words.partition(":")
                if name:
                    fields[name] = value.removeprefix(" ")
                else:
                    self.comments += 1
            elif "event" in fields:
                return Heard(fields["event"], json.loads(fields["data"]), fields.get("id"))
            elif "retry" in fields:
                self.retry = int(fields["retry"])
                fields = {}
        return None

    def take(self, count: int) -> list[Heard]:
        """So many events."""
        return [heard for _ in range(count) if (heard := self.next())]


@contextmanager
def listening(address: Address, path: str, bearer: str, last: str | None = None) -> Iterator[Listener]:
    """Somebody who listens until the body is done, then is gone at once."""
    connection = HTTPConnection(address.host, address.port, timeout=10)
    headers = {"authorization": bearer, **({"last-event-id": last} if last is not None else {})}
    try:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        assert (response.status, response.getheader("content-type")) == (200, "text/event-stream; charset=utf-8")
        yield Listener(response)
    finally:
        if connection.sock:
            connection.sock.shutdown(socket.SHUT_RDWR)
        connection.close()
