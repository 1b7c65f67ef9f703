"""Requests in numbers, over connections that are kept alive."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass

from stack.address import Address


@dataclass(frozen=True)
class Outcome:
    """What one request got, and after how many seconds."""

    status: int
    seconds: float


def ask_many(address: Address, requests: int, connections: int = 8) -> list[Outcome]:
    """That many requests, shared out to a few connections, each one after the other."""
    return asyncio.run(_all(address, requests, connections))


def statuses(outcomes: list[Outcome]) -> Counter[int]:
    """How often each status came."""
    return Counter(outcome.status for outcome in outcomes)


async def _all(address: Address, requests: int, connections: int) -> list[Outcome]:
    share = [requests // connections + (number < requests % connections) for number in range(connections)]
    return [outcome for part in await asyncio.gather(*(_some(address, n) for n in share)) for outcome in part]


async def _some(address: Address, requests: int) -> list[Outcome]:
    outcomes = []
    reader, writer = await asyncio.open_connection(address.host, address.port)
    try:
        for _ in range(requests):
            began = time.monotonic()
            writer.write(b"GET / HTTP/1.1\r\nhost: test\r\n\r\n")
            head = await reader.readuntil(b"\r\n\r\n")
            fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:-2])
            await reader.readexactly(int(fields[b"content-length"]))
            outcomes.append(Outcome(int(head[9:12]), time.monotonic() - began))
    finally:
        writer.close()
    return outcomes
