"""An HTTP client that sends a request once: no hidden retry, no queue, no cookies."""

from __future__ import annotations

from aiohttp import (
    ClientError,
    ClientHandlerType,
    ClientOSError,
    ClientRequest,
    ClientResponse,
    ClientSession,
    DummyCookieJar,
    ServerDisconnectedError,
    TCPConnector,
)


class BrokenConnectionError(ClientError):
    """The connection was refused, reset or closed before the answer."""


def once_session() -> ClientSession:
    """A session whose requests wait for no free connection, and whose failures are seen the first time.

    aiohttp repeats an idempotent request by itself when its connection breaks: whoever counts tries or failures would
    count too few.
    """
    return ClientSession(connector=TCPConnector(limit=0), cookie_jar=DummyCookieJar(), middlewares=(_once,))


async def _once(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
    try:
        return await handler(request)
    except (ClientOSError, ServerDisconnectedError) as error:
        raise BrokenConnectionError(str(error)) from error
