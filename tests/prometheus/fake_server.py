"""A server that says what a real Prometheus cannot be made to say, byte for byte."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Sequence

Reply = bytes | Callable[[socket.socket], None]


def http(status: int, body: bytes, headers: str = "Content-Type: application/json\r\n") -> bytes:
    return f"HTTP/1.1 {status} X\r\n{headers}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body


def _request(connection: socket.socket) -> bytes:
    """A whole request, whose body may come after its head; or the first words of who speaks no HTTP."""
    heard = connection.recv(65536)
    while heard[:1].isalpha() and not _is_whole(heard):
        more = connection.recv(65536)
        if not more:
            break
        heard += more
    return heard


def _is_whole(heard: bytes) -> bool:
    head, end, body = heard.partition(b"\r\n\r\n")
    length = re.search(rb"^content-length: *(\d+)", head, re.IGNORECASE | re.MULTILINE)
    return bool(end) and len(body) >= (int(length[1]) if length else 0)


class FakeServer:
    """Gives one reply for each connection, the last of them for ever; keeps the requests it was sent."""

    def __init__(self, replies: Sequence[Reply]) -> None:
        self._replies = list(replies)
        self.requests: list[str] = []
        self.closing = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.05)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def __enter__(self) -> FakeServer:
        return self

    def __exit__(self, *exception: object) -> None:
        self.closing.set()
        for thread in self._threads:
            thread.join(10)
        self._listener.close()

    def _accept(self) -> None:
        while not self.closing.is_set():
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                continue
            reply = self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]
            self._threads.append(threading.Thread(target=self._answer, args=(connection, reply)))
            self._threads[-1].start()

    def _answer(self, connection: socket.socket, reply: Reply) -> None:
        with connection:
            connection.settimeout(5)
            try:
                self.requests.append(_request(connection).decode(errors="replace"))
                if callable(reply):
                    reply(connection)
                else:
                    connection.sendall(reply)
            except OSError:
                pass

    def drip(self, head: bytes) -> Callable[[socket.socket], None]:
        """A reply that starts with `head` and then sends a byte now and then, until somebody hangs up."""

        def reply(connection: socket.socket) -> None:
            connection.sendall(head)
            while not self.closing.wait(0.05):
                connection.sendall(b"a")

        return reply
