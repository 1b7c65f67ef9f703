"""Free addresses for a stack of a test's own."""

from __future__ import annotations

from stack.address import Address, free_address

MEMBERS = 5
"""A pool's members listen at the ports that follow its own."""


def addresses_apart(count: int) -> list[Address]:
    """So many free addresses, each with room for members behind it."""
    found: list[Address] = []
    taken: set[Address] = set()
    while len(found) < count:
        free = free_address("127.0.0.1", frozenset(taken))
        found.append(free)
        taken |= {Address(free.host, free.port + number) for number in range(-MEMBERS, MEMBERS + 1)}
    return found
