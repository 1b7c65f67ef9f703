"""A plain reverse proxy on aiohttp: what one would write instead of using Envoy."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator

from aiohttp import ClientSession, TCPConnector, web

from stack.address import Address

UPSTREAM: web.AppKey[str] = web.AppKey("upstream", str)
SESSION: web.AppKey[ClientSession] = web.AppKey("session", ClientSession)

_HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "upgrade", "te", "trailer"})


async def forward(request: web.Request) -> web.Response:
    """Sends a request on to the upstream, and its answer back."""
    url = request.app[UPSTREAM] + request.raw_path
    headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP_BY_HOP}
    session = request.app[SESSION]
    async with session.request(request.method, url, headers=headers, data=await request.read() or None) as answer:
        kept = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP_BY_HOP}
        return web.Response(status=answer.status, headers=kept, body=await answer.read())


async def _session(app: web.Application) -> AsyncIterator[None]:
    async with ClientSession(connector=TCPConnector(limit=0), auto_decompress=False) as session:
        app[SESSION] = session
        yield


def main(listen: str, upstream: str) -> None:
    """Serves until it is stopped."""
    app = web.Application()
    app[UPSTREAM] = upstream
    app.cleanup_ctx.append(_session)
    app.router.add_route("*", "/{path:.*}", forward)
    address = Address.parse(listen)
    web.run_app(app, host=address.host, port=address.port, access_log=None, print=None)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
