"""One request over HTTP: bounded in time and size, to the server that was named and no other."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import field
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn

import requests
import urllib3

from prometheus.errors import AnswerError, NoConnectionError, PrometheusError, UnreachableError
from stack.access import Tls
from stack.dataclass import dataclass

MAX_BYTES = 20 * 1024 * 1024
PART_BYTES = 64 * 1024
TIMES_OUT = "gave no complete answer within {:.3g} s"


@dataclass(frozen=True)
class Reply:
    """What came back; of a body larger than MAX_BYTES, one byte more than that.

    `clock_apart` is how many seconds the server's clock is ahead of ours for sure (below zero: behind), by its header
    Date; None when it has none.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    clock_apart: float | None


@dataclass(frozen=True)
class Stream:
    """A reply whose body is read while it comes; `parts` raises PrometheusError when it breaks off or falls silent."""

    status: int
    headers: Mapping[str, str]
    parts: Iterator[bytes]


@dataclass
class _Attempt:
    """One request in a thread of its own.

    A socket's timeout starts anew with each byte that drips in, so only leaving the thread behind keeps a deadline.
    """

    session: requests.Session
    request: dict[str, Any]
    reply: Reply | None = None
    error: BaseException | None = None
    thread: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self._run, name="prometheus-client", daemon=True)
        self.thread.start()

    def _run(self) -> None:
        try:
            before = time.time()
            with self.session.request(**self.request, stream=True, allow_redirects=False) as response:
                apart = _clock_apart(response.headers.get("Date", ""), before, time.time())
                body = response.raw.read(MAX_BYTES + 1)
                self.reply = Reply(response.status_code, response.headers, body, apart)
        except BaseException as error:
            self.error = error


class _Session(requests.Session):
    """Follows no redirect, nor looks at where one leads: what stands there may be no URL at all."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Nowhere."""


class Transport:
    """Sends requests to the server called `name`; proxies and credentials of the environment are not used."""

    def __init__(self, name: str, tls: Tls | None = None) -> None:
        self._name = name
        self._tls = tls
        self._session = self._new_session()

    def send(
        self, method: str, url: str, headers: Mapping[str, str], form: Mapping[str, str] | bytes, seconds: float
    ) -> Reply:
        """The reply, whatever its status; redirects are not followed. Raises PrometheusError."""
        where = "params" if method == "GET" else "data"
        request = {"method": method, "url": url, where: form, "headers": dict(headers), "timeout": seconds}
        attempt = _Attempt(self._session, request)
        attempt.thread.join(seconds)
        if attempt.thread.is_alive():
            self._session = self._new_session()  # the old one is still in use by the thread that is left behind
            raise UnreachableError(f"{self._name} {TIMES_OUT.format(seconds)}")
        if attempt.error is not None:
            self._explain(attempt.error, seconds)
        assert attempt.reply is not None  # noqa: S101 - a thread that has ended holds a reply or an error
        return attempt.reply

    @contextmanager
    def stream(self, url: str, headers: Mapping[str, str], silence: float) -> Iterator[Stream]:
        """The reply to a GET, which may go on for ever but say nothing for `silence` seconds at most.

        It has a connection of its own. Raises PrometheusError.
        """
        with self._new_session() as session:
            try:
                response = session.get(url, headers=dict(headers), timeout=silence, stream=True, allow_redirects=False)
            except Exception as error:
                self._explain(error, silence)
            with response:
                yield Stream(response.status_code, response.headers, self._parts(response, silence))

    def _parts(self, response: requests.Response, silence: float) -> Iterator[bytes]:
        while True:
            try:
                part = response.raw.read1(PART_BYTES)
            except Exception as error:
                self._explain(error, silence)
            if not part:
                return
            yield part

    def _explain(self, error: BaseException, seconds: float) -> NoReturn:
        """Raises what an error below HTTP means."""
        if isinstance(error, requests.exceptions.InvalidHeader | UnicodeError):
            raise PrometheusError("a header for Prometheus holds characters that no header may hold") from None
        if isinstance(error, requests.RequestException | urllib3.exceptions.HTTPError | OSError):
            kind = NoConnectionError if any(map(_kept_from_connecting, _causes(error))) else UnreachableError
            raise kind(f"{self._name} {_trouble(error, seconds)}") from None
        if isinstance(error, ValueError):  # what requests says of headers that it cannot make sense of
            raise AnswerError(f"{self._name} answered with what is no HTTP") from None
        raise error

    def again(self) -> Transport:
        """Another one to the same server, with connections of its own."""
        return Transport(self._name, self._tls)

    def close(self) -> None:
        """Closes the connections that are kept open between requests."""
        self._session.close()

    def _new_session(self) -> requests.Session:
        session = _Session()
        if self._tls:
            session.verify = str(self._tls.ca) if self._tls.ca else True
            if self._tls.certificate and self._tls.key:
                session.cert = (str(self._tls.certificate), str(self._tls.key))
            if self._tls.server_name:
                from prometheus.tls import NamedServer

                session.mount("https://", NamedServer(self._tls.server_name))
        return session


def _clock_apart(date: str, before: float, after: float) -> float | None:
    """How far `date` lies outside of the time in which the request was answered; it is cut off to the second."""
    try:
        theirs = parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return max(0.0, theirs - after) + min(0.0, theirs + 1 - before)


def _kept_from_connecting(cause: BaseException) -> bool:
    if isinstance(cause, ssl.SSLError):  # what ends without a word may have been heard
        return cause.reason is not None and "EOF" not in cause.reason
    return isinstance(cause, urllib3.exceptions.NewConnectionError)


def _trouble(error: BaseException, seconds: float) -> str:
    """What kept a request from its reply, for a sentence about the server."""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLError):
            return _trouble_with_tls(cause)
    reason = repr(error)
    if "Timeout" in reason:
        return TIMES_OUT.format(seconds)
    if "Connection refused" in reason:
        return "refused the connection; is it running?"
    if "NameResolution" in reason:
        return "cannot be found: its host name does not resolve"
    return "broke off the connection"


def _trouble_with_tls(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"cannot be trusted: {error.verify_message.rstrip('.')}"
    if error.reason in ("WRONG_VERSION_NUMBER", "UNKNOWN_PROTOCOL", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"):
        return "speaks no TLS; is it http?"
    if "CERTIFICATE" in (error.reason or ""):
        return "refuses the certificate that we show, or wants one"
    return "broke off while TLS was agreed upon; it may want a certificate, or another one"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error, and those that it was made of."""
    pending, seen = [error], set()
    while pending:
        current = pending.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        links = (current.__cause__, current.__context__, getattr(current, "reason", None), *current.args)
        pending += [link for link in links if isinstance(link, BaseException)]
