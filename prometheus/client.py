"""The one HTTP client of Prometheus: bounded in time and size, and clear about what went wrong."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn, TypeVar
from urllib.parse import urlsplit

import requests
import urllib3

from prometheus.answer import (
    Alert,
    Answer,
    RangeAnswer,
    Rule,
    Sample,
    Series,
    read_alerts,
    read_instant,
    read_json,
    read_range,
    read_rules,
)
from prometheus.errors import AnswerError, PrometheusError, RefusedError, UnreachableError

__all__ = [
    "Alert", "Answer", "AnswerError", "PrometheusClient", "PrometheusError", "RangeAnswer", "RefusedError", "Rule",
    "Sample", "Series", "UnreachableError",
]  # fmt: skip

MAX_BYTES = 20 * 1024 * 1024
LONGEST_GET = 2000
RETRIED = frozenset({408, 429, 500, 502, 503, 504})
FIRST_BACKOFF = 0.2

Source = TypeVar("Source")
Read = TypeVar("Read")


@dataclass(frozen=True)
class _Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass
class _Attempt:
    """One request in a thread of its own.

    A socket's timeout starts anew with each byte that drips in, so only leaving the thread behind keeps a deadline.
    """

    session: requests.Session
    request: dict[str, Any]
    reply: _Reply | None = None
    error: BaseException | None = None
    thread: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self._run, name="prometheus-client", daemon=True)
        self.thread.start()

    def _run(self) -> None:
        try:
            with self.session.request(**self.request, stream=True, allow_redirects=False) as response:
                body = response.raw.read(MAX_BYTES + 1)
                self.reply = _Reply(response.status_code, response.headers, body)
        except BaseException as error:
            self.error = error


class PrometheusClient:
    """Asks the Prometheus at `url`; every method raises PrometheusError.

    One answer may take `timeout` seconds, and all `retries` of it together `deadline` seconds. Only what may pass is
    tried again: no connection, a broken one, and the statuses 408, 429, 500, 502, 503 and 504. Proxies and
    credentials from the environment are not used, and redirects not followed.
    """

    def __init__(
        self,
        url: str,
        *,
        timeout: float = 10.0,
        retries: int = 2,
        deadline: float = 30.0,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise PrometheusError(
                f'"{_without_userinfo(url)}" is not the URL of a Prometheus; write it like http://127.0.0.1:9090'
            )
        if "@" in parts.netloc:
            raise PrometheusError("the URL of Prometheus must not hold credentials; give them as a header")
        self.url = url.rstrip("/")
        self._timeout = timeout
        self._retries = retries
        self._deadline = deadline
        self._headers = {"Accept": "application/json", "Accept-Encoding": "identity", **(headers or {})}
        self._session = self._new_session()

    def instant(self, query: str, at: float | None = None) -> Answer:
        """What `query` gives at the time `at` (epoch seconds; the server's now unless given)."""
        form = {"query": query, "timeout": f"{self._timeout:g}s"}
        if at is not None:
            form["time"] = f"{at:.3f}"
        return self._understood(read_instant, self._ask("query", form))

    def range(self, query: str, start: float, end: float, step: float) -> RangeAnswer:
        """What `query` gives from `start` to `end` (epoch seconds), every `step` seconds."""
        form = {"start": f"{start:.3f}", "end": f"{end:.3f}", "step": f"{step:.3f}", "timeout": f"{self._timeout:g}s"}
        return self._understood(read_range, self._ask("query_range", {"query": query, **form}))

    def alerts(self) -> tuple[Alert, ...]:
        """The alerts that are pending or firing."""
        return self._understood(read_alerts, self._ask("alerts", {}))

    def rules(self) -> tuple[Rule, ...]:
        """The rules that Prometheus has loaded, and their health."""
        return self._understood(read_rules, self._ask("rules", {}))

    def ready(self) -> bool:
        """Whether Prometheus says that it can answer; never raises, never retries."""
        try:
            return self._send("GET", "/-/ready", {}, time.monotonic() + self._timeout).status == 200
        except PrometheusError:
            return False

    def close(self) -> None:
        """Closes the connections that are kept open between questions."""
        self._session.close()

    def _ask(self, endpoint: str, form: Mapping[str, str]) -> dict[str, Any]:
        """The JSON answer of an endpoint, tried again while it is worth it and the deadline allows."""
        deadline = time.monotonic() + self._deadline
        method = "POST" if len(form.get("query", "")) > LONGEST_GET else "GET"
        backoff = FIRST_BACKOFF
        for left in range(self._retries, -1, -1):
            try:
                reply = self._send(method, f"/api/v1/{endpoint}", form, deadline)
                if reply.status == 200:
                    return self._success(reply)
                self._fail(reply)
            except UnreachableError as error:
                pause = error.retry_after or backoff
                if not left or time.monotonic() + pause >= deadline:
                    raise
            time.sleep(pause)
            backoff *= 2
        raise AssertionError("unreachable")

    def _send(self, method: str, path: str, form: Mapping[str, str], deadline: float) -> _Reply:
        seconds = min(self._timeout, deadline - time.monotonic())
        if seconds <= 0:
            raise UnreachableError(f"{self._name} gave no complete answer within {self._deadline:g} s")
        attempt = _Attempt(
            self._session,
            {
                "method": method,
                "url": self.url + path,
                "params" if method == "GET" else "data": dict(form),
                "headers": self._headers,
                "timeout": seconds,
            },
        )
        attempt.thread.join(seconds)
        if attempt.thread.is_alive():
            self._session = self._new_session()  # the old one is still in use by the thread that is left behind
            raise UnreachableError(f"{self._name} gave no complete answer within {seconds:.3g} s")
        if attempt.error is not None:
            self._explain(attempt.error, seconds)
        assert attempt.reply is not None  # noqa: S101 - a thread that has ended holds a reply or an error
        return attempt.reply

    def _explain(self, error: BaseException, seconds: float) -> NoReturn:
        """Raises what an error below HTTP means."""
        if isinstance(error, requests.exceptions.InvalidHeader | UnicodeError):
            raise PrometheusError("a header for Prometheus holds characters that no header may hold") from None
        if not isinstance(error, requests.RequestException | urllib3.exceptions.HTTPError | OSError):
            raise error
        reason = repr(error)
        if isinstance(error, requests.exceptions.SSLError):
            message = "cannot be trusted: its certificate is not valid for this name, or it speaks no TLS"
        elif "Timeout" in reason:
            message = f"gave no complete answer within {seconds:.3g} s"
        elif "Connection refused" in reason:
            message = "refused the connection; is it running?"
        elif "NameResolution" in reason:
            message = "cannot be found: its host name does not resolve"
        else:
            message = "broke off the connection"
        raise UnreachableError(f"{self._name} {message}") from None

    def _success(self, reply: _Reply) -> dict[str, Any]:
        if len(reply.body) > MAX_BYTES:
            raise AnswerError(f"{self._name} answered with more than {MAX_BYTES // 1024**2} MiB; ask for less")
        document = self._document(reply)
        if document.get("status") != "success":
            self._refuse(document)
        return document

    def _document(self, reply: _Reply) -> dict[str, Any]:
        if reply.body.lstrip()[:1] == b"<":
            raise AnswerError(f"{self._name} answered with a web page, not with JSON; does a login stand in between?")
        if encoding := reply.headers.get("Content-Encoding"):
            raise AnswerError(f"{self._name} answered in the encoding {encoding[:20]!r}, which was not asked for")
        return self._understood(read_json, reply.body)

    def _fail(self, reply: _Reply) -> NoReturn:
        """Raises what an answer other than 200 means."""
        status = reply.status
        if status == 503 and not reply.body.lstrip().startswith(b"{"):
            raise UnreachableError(
                f"{self._name} is not ready (503): it is starting and reads its write-ahead log", _retry_after(reply)
            )
        if status in RETRIED:
            raise UnreachableError(f"{self._name} cannot answer now ({status}{_own_words(reply)})", _retry_after(reply))
        if status in (401, 403):
            raise RefusedError(f"{self._name} refuses us ({status}); it wants credentials, or other ones")
        if status in (400, 422):
            self._refuse(self._document(reply))
        if status == 404:
            raise RefusedError(f"{self._name} has no API there (404); is the URL right, and its path?")
        if 300 <= status < 400:
            target = urlsplit(reply.headers.get("Location", ""))
            where = f"{target.scheme}://{target.hostname}{target.path}" if target.hostname else "elsewhere"
            raise RefusedError(f"{self._name} redirects to {where} ({status}); give the final URL")
        raise AnswerError(f"{self._name} answered with the status {status}, which Prometheus' API does not know")

    def _refuse(self, document: Mapping[str, Any]) -> NoReturn:
        words = str(document.get("error", "it does not say why")).replace("\n", " ")
        raise RefusedError(f"{self._name} refused the query: {document.get('errorType', 'error')}: {words}")

    def _understood(self, read: Callable[[Source], Read], source: Source) -> Read:
        try:
            return read(source)
        except AnswerError as error:
            raise AnswerError(f"{self._name} answered with {error}") from None

    @property
    def _name(self) -> str:
        return f"Prometheus at {self.url}"

    @staticmethod
    def _new_session() -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        return session


def _retry_after(reply: _Reply) -> float | None:
    """The seconds that the server asks us to wait, when it names them as a number."""
    seconds = reply.headers.get("Retry-After", "")
    return float(seconds) if re.fullmatch(r"\d{1,6}", seconds, re.ASCII) else None


def _own_words(reply: _Reply) -> str:
    """What the server says about its trouble, when it says it in Prometheus' own form."""
    try:
        words = read_json(reply.body).get("error")
    except AnswerError:
        return ""
    return ": " + str(words)[:300].replace("\n", " ") if words else ""


def _without_userinfo(url: str) -> str:
    return re.sub(r"//[^/@]*@", "//", url)
