"""The server: uvicorn, which tells the streams when it stops. They would go on until it loses patience."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from functools import partial

import uvicorn
from fastapi import FastAPI

from hq.serving.protocol import protocol_for
from hq.serving.tls import HANDSHAKE_SECONDS, SHUTDOWN_SECONDS, CurrentContext
from hq.serving.web import Web

STOP_SECONDS = 5
KEEP_ALIVE_SECONDS = 75  # longer than scrapes are apart, so that each finds its connection open


class Server(uvicorn.Server):
    """Serves an application, and ends its streams first when it is told to stop."""

    def __init__(self, app: FastAPI, web: Web, *, stop_seconds: int = STOP_SECONDS) -> None:
        self._streams = app.state.streams
        super().__init__(
            uvicorn.Config(
                app,
                http=protocol_for(web),
                ssl_context_factory=(lambda *_: CurrentContext.by(web.context)) if web.scheme == "https" else None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                log_level="error",  # a warning for each request that is no HTTP is what a nuisance would want
                ws="none",
                lifespan="off",
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=stop_seconds,
            )
        )

    async def startup(self, sockets: Sequence[socket.socket] | None = None) -> None:
        """Begins to listen; asyncio would wait a minute for a TLS handshake, and uvicorn cannot tell it otherwise."""
        loop = asyncio.get_running_loop()
        if self.config.is_ssl:
            create = partial(
                loop.create_server, ssl_handshake_timeout=HANDSHAKE_SECONDS, ssl_shutdown_timeout=SHUTDOWN_SECONDS
            )
            loop.create_server = create  # type: ignore[method-assign] # uvicorn hands on no such option
        await super().startup(list(sockets) if sockets else None)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._streams.end()
        await super().shutdown(sockets)
