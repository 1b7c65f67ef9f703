"""The client of a `dev-hq serve`: bounded in time and size, and clear about what went wrong."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn
from urllib.parse import quote

from gates.formats.plain import plain, shortened
from hq.remote.answer import AnswerError, read_json, read_object
from hq.remote.errors import LostError, RefusedError, ServerError
from hq.remote.server import Server
from hq.remote.sse import Event, read_events
from prometheus.credentials import TokenFile
from prometheus.errors import NoConnectionError, PrometheusError, UnreachableError
from prometheus.redaction import Redaction
from prometheus.replies import retry_after
from prometheus.transport import MAX_BYTES, Reply, Transport

SECONDS = 10.0
PATIENCE = 3.0
SILENCE = 45.0
"""How long a stream may say nothing: the server sends a comment every 15 s."""
LATER = frozenset({408, 429, 502, 503, 504})
FIRST_PAUSE, LONGEST_PAUSE = 0.3, 5.0
LONGEST_WISH = 30.0  # a pause that a server wishes for in Retry-After
MOST_WORDS = 1000
NO_SUCH_PATH = (404, "not found")  # as ours say it of a path; of a name they say more
STRANGE_SIGNERS = ("self-signed certificate", "self signed certificate", "unable to get local issuer certificate")
WHOM_TO_TRUST = "--ca FILE names the authority that signed its certificate"
MOST_ERROR_BYTES = 64 * 1024


class RemoteClient:
    """Asks one server. Every method raises ServerError, and HqError for a token file that cannot be used.

    The token is read at each request, so that whoever rotates it need tell nobody. Redirects are not followed; proxies
    and credentials of the environment are not used.
    """

    def __init__(self, server: Server) -> None:
        self.server = server
        self.name = server.name
        self._token = TokenFile(server.token_file) if server.token_file else None
        self._transport = Transport(self.name, server.tls)
        self._redaction = Redaction()

    def get(self, path: str, *, patience: float = PATIENCE, insist: bool = False) -> Any:  # noqa: ANN401 - any JSON
        """What is there, asked for again for `patience` seconds while the answer is lost.

        When not even a connection comes about at first, that is all there is to say, unless we `insist`.
        """
        return self._read(self._patiently(lambda: self._send("GET", path, {}, b"", SECONDS), patience, insist=insist))

    def post(
        self,
        path: str,
        body: Mapping[str, object],
        *,
        key: str | None = None,
        patience: float = PATIENCE,
        seconds: float = SECONDS,
    ) -> Any:  # noqa: ANN401 - any JSON
        """What comes of this; one answer may take so many `seconds`, and it is sent again as `get` asks again.

        By its `key` the server knows it again: it is done once, however often it is sent.
        """
        headers = {"Idempotency-Key": key} if key else {}
        sent = json.dumps(body, allow_nan=False).encode()
        return self._read(self._patiently(lambda: self._send("POST", path, headers, sent, seconds), patience))

    @contextmanager
    def events(self, path: str, last: str = "") -> Iterator[Iterator[Event] | None]:
        """The events of a stream, those after the one with the id `last`, until the server ends the connection.

        None when the server says that none will come any more (204).
        """
        headers = {"Accept": "text/event-stream", **({"Last-Event-ID": last} if last else {})}
        with self._lost(), self._transport.stream(self._url(path), self._headers(headers), SILENCE) as stream:
            if stream.status == 204:
                yield None
                return
            if stream.status != 200:
                self._refuse(Reply(stream.status, stream.headers, _beginning(stream.parts), None))
            kind = stream.headers.get("Content-Type", "").partition(";")[0].strip().lower()
            if kind != "text/event-stream":
                raise ServerError(f"{self.name} answered with no stream of events; is the URL right?")
            yield self._understood(read_events(stream.parts))

    def quoted(self, words: object) -> str:
        """The server's own words in one line, without secrets, cut off when they are many."""
        return shortened(plain(self._redaction.hide(str(words))), MOST_WORDS)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """What is read inside, and is not what the API documents, is an error of this server."""
        try:
            yield
        except AnswerError as error:
            raise ServerError(f"{self.name} answered with {self.quoted(error)}") from None

    def _understood(self, events: Iterator[Event]) -> Iterator[Event]:
        with self.reading(), self._lost():
            yield from events

    @contextmanager
    def _lost(self) -> Iterator[None]:
        """What goes wrong below HTTP, in this client's errors."""
        try:
            yield
        except UnreachableError as error:
            hint = f"; {WHOM_TO_TRUST}" if any(reason in str(error) for reason in STRANGE_SIGNERS) else ""
            raise LostError(f"{error}{hint}", unsent=isinstance(error, NoConnectionError)) from None
        except PrometheusError as error:
            raise ServerError(str(error)) from None

    def _patiently(self, send: Callable[[], Reply], patience: float, *, insist: bool = False) -> Reply:
        ends = time.monotonic() + patience
        pause, may_have_arrived = FIRST_PAUSE, insist
        while True:
            try:
                reply = send()
                if reply.status < 300:
                    return reply
                self._refuse(reply)
            except LostError as error:
                wait = max(pause, min(error.retry_after or 0.0, LONGEST_WISH))
                may_have_arrived = may_have_arrived or not error.unsent
                if not may_have_arrived or time.monotonic() + wait >= ends:
                    raise
            time.sleep(wait)
            pause = min(2 * pause, LONGEST_PAUSE)

    def _send(self, method: str, path: str, headers: Mapping[str, str], body: bytes, seconds: float) -> Reply:
        """The reply; a token that was replaced while the request was on its way is shown at once."""
        reply = self._send_once(method, path, headers, body, seconds)
        if reply.status == 401 and self._token and self._token.renew():
            return self._send_once(method, path, headers, body, seconds)
        return reply

    def _send_once(self, method: str, path: str, headers: Mapping[str, str], body: bytes, seconds: float) -> Reply:
        kind = {"Content-Type": "application/json"} if body else {}
        with self._lost():
            return self._transport.send(
                method, self._url(path), self._headers({"Accept": "application/json", **kind, **headers}), body, seconds
            )

    def _url(self, path: str) -> str:
        return self.server.url + quote(path, safe="/?=&")

    def _headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        shown = {"Authorization": self._token.header(0)} if self._token else {}
        self._redaction.learn(shown)
        return {"User-Agent": "dev-hq", "Accept-Encoding": "identity", **headers, **shown}

    def _read(self, reply: Reply) -> Any:  # noqa: ANN401 - any JSON
        with self.reading():
            if len(reply.body) > MAX_BYTES:
                raise AnswerError(f"more than {MAX_BYTES // 1024**2} MiB")
            return read_json(reply.body)

    def _refuse(self, reply: Reply) -> NoReturn:
        """Raises what a status other than 2xx means."""
        status, words = reply.status, _words(reply.body)
        said = f": {self.quoted(words)}" if words else ""
        wait = retry_after(reply.headers)
        if status in LATER and (wait is not None or not words):  # words alone are an answer of dev-hq, and its last
            raise LostError(f"{self.name} cannot answer now ({status}){said}", retry_after=wait)
        if status == 401:
            raise RefusedError(self._stranger(), status)
        if 300 <= status < 400:
            raise RefusedError(f"{self.name} redirects elsewhere ({status}); give the final URL", status)
        if not words or (status, words) == NO_SUCH_PATH:
            raise RefusedError(f"{self.name} has no API of dev-hq there ({status}); is the URL right?", status)
        raise RefusedError(f"{self.name} says{said}", status)

    def _stranger(self) -> str:
        if self._token:
            return f"{self.name} does not know the token in {self._token.path}; `dev-hq token add` there makes one"
        return f"{self.name} wants a token; name the file that holds it with --token-file"


def _beginning(parts: Iterator[bytes]) -> bytes:
    """As much of a refusal as anybody would read."""
    body = b""
    for part in parts:
        body += part
        if len(body) > MOST_ERROR_BYTES:
            break
    return body


def _words(body: bytes) -> str:
    """The sentence in the API's one error shape; empty when it is none."""
    try:
        error = read_object(body).get("error")
    except AnswerError:
        return ""
    words = error.get("message") if isinstance(error, dict) else None
    return words if isinstance(words, str) else ""
