"""HTTP/1.1 as uvicorn speaks it with h11, to clients that may be slow, greedy or not the ones we know."""

from __future__ import annotations

import asyncio
import json
import re
from http import HTTPStatus
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from hq.api.errors import error_body
from hq.serving.tls import client_names, is_allowed_certificate
from hq.serving.web import Web

HEADER_SECONDS = 10.0
MAX_HEADER_BYTES = 16 * 1024
MOST_CONNECTIONS = 800  # of the 1024 files that a process may usually open

_HEADERS_END = re.compile(rb"\n\r?\n")


class CarefulProtocol(H11Protocol):
    """Bounds what a request that is not complete may cost, and looks at the name in a client's certificate.

    `idle` are the connections without a request at work, the longest idle first. When there are too many connections,
    that one is closed.
    """

    web: Web
    idle: dict[CarefulProtocol, None]
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        super().connection_made(transport)
        tls = self.web.config.tls
        connection = transport.get_extra_info("ssl_object")
        certificate = connection.getpeercert() if connection and tls and tls.verifies_clients else None
        if tls and not is_allowed_certificate(certificate, tls.allowed_sans):
            transport.abort()
            return
        self.app_state = {**self.app_state, "certificate": client_names(certificate)}
        self._is_idle()
        self._set_deadline()
        if len(self.connections) > MOST_CONNECTIONS:
            next(iter(self.idle)).transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._unset_deadline()
        self.idle.pop(self, None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        if self._awaits_headers and self._is_too_long(data):
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "the headers are longer than 16 KiB")
            return
        super().data_received(data)
        self._after_data()

    def on_response_complete(self) -> None:
        self._is_idle()
        super().on_response_complete()
        if self.conn.trailing_data[0]:  # of the next request
            self._after_data()

    def send_400_response(self, msg: str) -> None:
        self._refuse(HTTPStatus.BAD_REQUEST, "this is not HTTP/1.1")

    @property
    def _awaits_headers(self) -> bool:
        return self.conn.their_state is h11.IDLE

    def _after_data(self) -> None:
        if self._awaits_headers:
            self._set_deadline()
        else:
            self._unset_deadline()
            self.idle.pop(self, None)

    def _is_too_long(self, data: bytes) -> bool:
        head = self.conn.trailing_data[0] + data
        end = _HEADERS_END.search(head)
        return (end.start() if end else len(head)) > MAX_HEADER_BYTES

    def _is_idle(self) -> None:
        self.idle.pop(self, None)
        self.idle[self] = None

    def _set_deadline(self) -> None:
        if self._deadline is None and not self.transport.is_closing():
            self._deadline = self.loop.call_later(HEADER_SECONDS, self._headers_are_late)

    def _unset_deadline(self) -> None:
        if self._deadline:
            self._deadline.cancel()
            self._deadline = None

    def _headers_are_late(self) -> None:
        self._deadline = None
        if self.conn.trailing_data[0]:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, f"the headers did not arrive within {HEADER_SECONDS:g} s")
        elif not self.transport.is_closing():
            self.transport.close()

    def _refuse(self, status: HTTPStatus, message: str) -> None:
        """Answers what is no request that the application could answer, in the shape of its refusals, and hangs up."""
        if self.transport.is_closing():
            return
        self._unset_deadline()
        if self.cycle is None or self.cycle.response_complete:  # else the answer before this one is not through
            body = json.dumps(error_body(status, message), separators=(",", ":")).encode()
            head = (
                f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: application/json\r\n"
                f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
            )
            self.transport.write(head.encode() + body)
        self.transport.close()


def protocol_for(web: Web) -> type[asyncio.Protocol]:
    """The protocol of one server."""
    attributes: dict[str, Any] = {"web": web, "idle": {}}
    return type("Protocol", (CarefulProtocol,), attributes)
