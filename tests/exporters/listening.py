"""Somebody who listens on loopback and answers whatever a test wants."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from stack.address import Address

Answer = Callable[[socket.socket, bytes], None]


class Listener:
    """Answers every connection by a script, in a thread of its own, and remembers what was asked."""

    def __init__(self, answer: Answer, port: int) -> None:
        self._answer = answer
        self._socket = socket.create_server(("127.0.0.1", port))
        self.address = Address("127.0.0.1", self._socket.getsockname()[1])
        self.asked: list[bytes] = []
        self.stopped = threading.Event()
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while not self.stopped.is_set():
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            connection.settimeout(10)
            asked = b""
            while not asked.endswith(b"\r\n\r\n"):
                asked += connection.recv(4096)
            self.asked.append(asked)
            try:
                self._answer(connection, asked)
            except OSError:
                return

    def close(self) -> None:
        self.stopped.set()
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


@contextmanager
def listening(answer: Answer, port: int = 0) -> Iterator[Listener]:
    """One that answers like this, at a free port or the one that is wanted."""
    listener = Listener(answer, port)
    try:
        yield listener
    finally:
        listener.close()


def says(answer: bytes) -> Answer:
    """Says always the same."""
    return lambda connection, _: connection.sendall(answer)
