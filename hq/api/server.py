"""The server: uvicorn, which tells the streams when it stops. They would go on until it loses patience."""

from __future__ import annotations

import socket

import uvicorn

from hq.api.events import Streams


class Server(uvicorn.Server):
    """Serves an application, and ends its streams first when it is told to stop."""

    def __init__(self, config: uvicorn.Config, streams: Streams) -> None:
        super().__init__(config)
        self._streams = streams

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._streams.end()
        await super().shutdown(sockets)
