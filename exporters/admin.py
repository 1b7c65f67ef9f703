"""One question to Envoy's admin interface, within a time and a size."""

from __future__ import annotations

import asyncio
import os
from http.client import HTTPException, HTTPResponse
from io import BytesIO
from typing import Any

from stack.address import Address
from stack.errors import HqError

MAX_BYTES = 8 * 1024 * 1024  # a member takes 900 bytes

_CHUNK = 65536


class _Received:
    """What was received, in the place of the socket that HTTPResponse reads."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer

    def makefile(self, mode: str) -> BytesIO:
        return BytesIO(self._answer)


async def asked(admin: Address, path: str, seconds: float) -> bytes:
    """The body of Envoy's answer to a GET of `path`, after at most `seconds`; raises HqError."""
    try:
        async with asyncio.timeout(seconds):
            answer = await _received(admin, path)
    except TimeoutError:
        raise HqError(f"Envoy at {admin} did not answer within {seconds:.3g} s") from None
    except ConnectionError as error:  # asyncio's own words for it are longer
        reason = os.strerror(error.errno) if error.errno else error
        raise HqError(f"Envoy does not answer at {admin} ({reason}); is it running?") from None
    except OSError as error:
        raise HqError(f"Envoy cannot be reached at {admin} ({error.strerror or error})") from None
    return _body(admin, answer)


async def _received(admin: Address, path: str) -> bytes:
    reader, writer = await asyncio.open_connection(admin.host.strip("[]"), admin.port)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nhost: {admin}\r\nconnection: close\r\n\r\n".encode())
        answer = bytearray()
        while chunk := await reader.read(_CHUNK):
            answer += chunk
            if len(answer) > MAX_BYTES:
                raise HqError(f"the answer of Envoy at {admin} is longer than {MAX_BYTES // 2**20} MiB")
        return bytes(answer)
    finally:
        writer.transport.abort()


def _body(admin: Address, answer: bytes) -> bytes:
    received: Any = _Received(answer)
    response = HTTPResponse(received)
    try:
        response.begin()
        body = response.read()
    except (HTTPException, ValueError, OverflowError):
        raise HqError(f"what answers at {admin} does not speak HTTP, or broke off") from None
    if response.status != 200:
        raise HqError(f"Envoy at {admin} answered {response.status}; 200 was due")
    return body
