"""Load as fast as the answers come, over connections that are kept alive: for measuring cost, never latency."""

from __future__ import annotations

import asyncio

from stack.address import Address

_REQUEST = b"GET / HTTP/1.1\r\nhost: bench\r\n\r\n"


def run_load(address: Address, requests: int, connections: int = 16) -> None:
    """That many requests, shared out to the connections; raises ConnectionError if one gets anything but 200."""
    asyncio.run(_run(address, requests, connections))


async def _run(address: Address, requests: int, connections: int) -> None:
    share = requests // connections
    await asyncio.gather(*(_connection(address, share) for _ in range(connections)))


async def _connection(address: Address, requests: int) -> None:
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    transport, _ = await loop.create_connection(lambda: _Client(requests, done), address.host, address.port)
    try:
        await done
    finally:
        transport.close()


class _Client(asyncio.Protocol):
    """Asks, reads the answer up to its length, asks again. asyncio's streams would cost more than what is measured."""

    def __init__(self, requests: int, done: asyncio.Future[None]) -> None:
        self._left = requests
        self._done = done
        self._received = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(_REQUEST)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        if not end or len(body) < _content_length(head):
            return
        if not head.startswith(b"HTTP/1.1 200"):
            self._fail(head[:40].decode(errors="replace"))
            return
        self._received = b""
        self._left -= 1
        if self._left:
            assert self._transport
            self._transport.write(_REQUEST)
        elif not self._done.done():
            self._done.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail("the connection was closed")

    def _fail(self, why: str) -> None:
        if not self._done.done():
            self._done.set_exception(ConnectionError(why))


def _content_length(head: bytes) -> int:
    _, _, rest = head.lower().partition(b"content-length:")
    return int(rest.partition(b"\r\n")[0])
