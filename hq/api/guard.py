"""Who may talk to the HTTP API at all: clients that name this host, and no web page.

A page in the operator's browser can send requests to loopback, by its own name (DNS rebinding) or by ours. The Host
header tells the first, `Origin` and `Sec-Fetch-Site` the second.
"""

from __future__ import annotations

from collections.abc import Collection

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from hq.api.audit import READING, Audit, AuditLine
from hq.api.errors import error_response

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})
OTHER_HOST = "the Host header names no host that is served here; --allow-host adds one"
TWO_LENGTHS = "a request has Content-Length or Transfer-Encoding, not both"
WEB_PAGE = "requests from web pages are refused"


class Guard:
    """Passes on only requests to one of `hosts`, whatever the port, that do not come from a web page.

    What would have changed something has its line in the audit.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str], audit: Audit) -> None:
        self._app = app
        self._audit = audit
        self._hosts = frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":  # nothing here speaks WebSocket
            await send({"type": "websocket.close", "code": 1008})
            return
        refusal = self._refusal(Headers(scope=scope))
        if refusal:
            if scope["method"] not in READING:
                await self._audit.write(Request(scope), AuditLine(refusal[0]))
            await error_response(*refusal, {"connection": "close"})(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _refusal(self, headers: Headers) -> tuple[int, str] | None:
        named = headers.getlist("host")
        if len(named) != 1 or _host(named[0]) not in self._hosts:
            return 400, OTHER_HOST
        if "content-length" in headers and "transfer-encoding" in headers:  # a proxy may see another request behind it
            return 400, TWO_LENGTHS
        if "origin" in headers or headers.get("sec-fetch-site") in ("cross-site", "same-site"):
            return 403, WEB_PAGE
        return None


def _host(authority: str) -> str:
    """The host of `host:port`, `[::1]:port` or either without its port."""
    host, colon, port = authority.strip().lower().rpartition(":")
    return host if colon and port.isdecimal() and port.isascii() else authority.strip().lower()
