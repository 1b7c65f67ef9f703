"""The socket on which the server listens."""

from __future__ import annotations

import socket

from hq.serving.listening import bound
from tests.addresses import addresses_apart


def test_a_body_does_not_wait_until_its_headers_are_acknowledged() -> None:
    (address,) = addresses_apart(1)
    with bound(address) as listener, socket.create_connection((address.host, address.port)):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
