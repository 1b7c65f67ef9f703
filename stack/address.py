"""Where something listens: host and port."""

from __future__ import annotations

import ipaddress
import random
import re
import socket

from stack.dataclass import dataclass
from stack.errors import HqError

PORTS = range(20000, 32000)
"""Below those that the kernel gives to outgoing connections: none of them slips in between choosing and binding."""

_ADDRESS = re.compile(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]{1,253}):(\d{1,5})", re.ASCII)


class AddressError(ValueError):
    """An address that cannot be read; the message says what would be right."""


@dataclass(frozen=True, order=True)
class Address:
    """A host and a TCP port, written `127.0.0.1:9090`."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Address:
        """Reads `host:port`; raises AddressError."""
        match = _ADDRESS.fullmatch(text)
        if not match or not 0 < int(match[2]) < 65536:
            raise AddressError(f'"{text}" is not an address; write host:port, such as 127.0.0.1:9090')
        return cls(match[1], int(match[2]))

    @classmethod
    def of_url(cls, url: str) -> Address:
        """The address that an http or https URL points at."""
        scheme, _, rest = url.partition("://")
        authority = rest.split("/", 1)[0]
        if not re.search(r":\d+$", authority):
            authority += ":443" if scheme == "https" else ":80"
        return cls.parse(authority)

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        try:
            return ipaddress.ip_address(self.host.strip("[]")).is_loopback
        except ValueError:
            return self.host == "localhost"

    @property
    def near(self) -> Address:
        """Where programs of this machine find what listens here, also when it listens at every address."""
        return Address({"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(self.host, self.host), self.port)  # noqa: S104

    def is_free(self) -> bool:
        """Whether something could listen here now."""
        return self._can_bind(reuse=True)

    def is_unclaimed(self) -> bool:
        """Whether nobody listens here and nobody has reserved it; stricter than `is_free`."""
        return self._can_bind(reuse=False)

    def reserve(self) -> socket.socket:
        """Keeps the address from being claimed by another stack, while a server may still listen here."""
        holder = self._socket(reuse=True)
        holder.bind((self.host.strip("[]"), self.port))
        return holder

    def _can_bind(self, *, reuse: bool) -> bool:
        with self._socket(reuse=reuse) as probe:
            try:
                probe.bind((self.host.strip("[]"), self.port))
            except OSError:
                return False
            return True

    def _socket(self, *, reuse: bool) -> socket.socket:
        made = socket.socket(socket.AF_INET6 if self.host.startswith("[") else socket.AF_INET, socket.SOCK_STREAM)
        if reuse:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return made


def free_address(host: str, taken: frozenset[Address] = frozenset()) -> Address:
    """One of `PORTS` that nothing listens on now and that is not in `taken`.

    Raises HqError when there is none, as on a host that is not ours.
    """
    for port in random.sample(PORTS, 1000):
        address = Address(host, port)
        if address not in taken and address.is_free():
            return address
    raise HqError(f"nothing can listen on {host}: none of 1000 ports tried is free there")
