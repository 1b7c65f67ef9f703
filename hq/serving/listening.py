"""Where the server listens, and that nobody from another machine is answered without being known."""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
from pathlib import Path

from hq.api.tokens import read_tokens
from hq.serving.web_config import WebConfig
from stack.address import Address
from stack.errors import HqError


def bound(address: Address) -> socket.socket:
    """A socket that listens at `address`; raises HqError when it cannot."""
    family = socket.AF_INET6 if address.host.startswith("[") else socket.AF_INET
    try:
        listener = socket.create_server((address.host.strip("[]"), address.port), family=family, backlog=512)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise HqError(f"{address} is taken; stop what listens there or choose another with --listen") from None
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror  # a name has none
        raise HqError(f"{address} cannot be listened on: {reason}") from None
    # Connections inherit it. asyncio sets it only where a socket was made for IPPROTO_TCP by name; without it a body
    # waits 40 ms for the other side to acknowledge its headers.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def is_loopback(listener: socket.socket) -> bool:
    """Whether only this machine reaches it: what a name stands for is known once it is bound."""
    return ipaddress.ip_address(listener.getsockname()[0]).is_loopback


def refuse_strangers(address: Address, tokens: Path, config: WebConfig) -> None:
    """Raises HqError when nothing tells who may call, at an address that other machines reach."""
    if not config.authenticates and not read_tokens(tokens):
        raise HqError(
            f"{address} can be reached from other machines, and nothing tells who may call; make a token first "
            "(dev-hq token add NAME --scope read), or name users or demand certificates with --web.config.file"
        )
