"""The one HTTP client of Prometheus: bounded in time and size, and clear about what went wrong."""

from __future__ import annotations

import copy
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from prometheus.answer import (
    Alert,
    Answer,
    RangeAnswer,
    Rule,
    read_alerts,
    read_instant,
    read_metadata,
    read_range,
    read_rules,
    read_words,
)
from prometheus.errors import PrometheusError, UnreachableError
from prometheus.redaction import Redaction
from prometheus.replies import Replies
from prometheus.transport import Reply, Transport
from stack.access import Tls
from stack.errors import HqError

if TYPE_CHECKING:
    from prometheus.credentials import Credentials

OPEN_HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity"}
LONGEST_GET = 2000
FIRST_BACKOFF = 0.2
ELSEWHERE = ("", "/prometheus")  # where an API lies whose URL lacks its path, or has one too many
ELSEWHERE_SECONDS = 2.0

Read = TypeVar("Read")


@dataclass
class Look:
    """Questions that belong together; `lost` is what kept the last of them from an answer, if anything did."""

    ends: float
    seconds: float
    lost: UnreachableError | None = None


class PrometheusClient:
    """Asks the Prometheus at `url`; every method raises PrometheusError, and HqError for unusable credentials.

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
        credentials: Credentials | None = None,
        tls: Tls | None = None,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise PrometheusError(
                f'"{_without_userinfo(url)}" is not the URL of a Prometheus; write it like http://127.0.0.1:9090'
            )
        if "@" in parts.netloc:
            raise PrometheusError("the URL of Prometheus must not hold credentials; give them as a header")
        self.url = url.rstrip("/")
        self.clock_apart: float | None = None  # how many seconds its clock is ahead of ours, as far as that is known
        self._timeout = timeout
        self._retries = retries
        self._deadline = deadline
        self._headers = {**OPEN_HEADERS, **(headers or {})}
        self._credentials = credentials
        self._redaction = Redaction()
        self._redaction.learn(headers or {})
        name = f"Prometheus at {self.url}"
        self._replies = Replies(name, self._redaction)
        self._transport = Transport(name, tls)
        self._look: Look | None = None

    def hurried(self, timeout: float) -> PrometheusClient:
        """A client of the same server that takes no answer later than `timeout` seconds, and asks only once."""
        client = copy.copy(self)
        client._timeout, client._retries, client._look = timeout, 0, None
        client._transport = self._transport.again()
        return client

    @contextmanager
    def within(self, seconds: float) -> Iterator[Look]:
        """All questions that are asked inside may take `seconds` together."""
        self._look = Look(time.monotonic() + seconds, seconds)
        try:
            yield self._look
        finally:
            self._look = None

    def instant(self, query: str, at: float | None = None) -> Answer:
        """What `query` gives at the time `at` (epoch seconds; the server's now unless given)."""
        form = {"query": query, "timeout": f"{self._timeout:g}s"}
        if at is not None:
            form["time"] = f"{at:.3f}"
        answer = self._ask("query", form, read_instant)
        return replace(answer, warnings=self._quoted(answer.warnings), infos=self._quoted(answer.infos))

    def range(self, query: str, start: float, end: float, step: float) -> RangeAnswer:
        """What `query` gives from `start` to `end` (epoch seconds), every `step` seconds."""
        form = {"start": f"{start:.3f}", "end": f"{end:.3f}", "step": f"{step:.3f}", "timeout": f"{self._timeout:g}s"}
        answer = self._ask("query_range", {"query": query, **form}, read_range)
        return replace(answer, warnings=self._quoted(answer.warnings), infos=self._quoted(answer.infos))

    def alerts(self) -> tuple[Alert, ...]:
        """The alerts that are pending or firing."""
        return self._ask("alerts", {}, read_alerts)

    def rules(self) -> tuple[Rule, ...]:
        """The rules that Prometheus has loaded, and their health."""
        return self._ask("rules", {}, read_rules)

    def metadata(self) -> dict[str, str]:
        """The type of each family of metrics that is scraped; empty where targets disagree."""
        return self._ask("metadata", {}, read_metadata)

    def metric_names(self) -> frozenset[str]:
        """The names of all metrics that are stored, recorded ones included."""
        return self._ask("label/__name__/values", {}, read_words)

    def label_names(self) -> frozenset[str]:
        """The names of all labels that a series has."""
        return self._ask("labels", {}, read_words)

    def ready(self) -> bool:
        """Whether Prometheus says that it can answer; never raises, never retries."""
        try:
            return self._reply("GET", "/-/ready", {}, time.monotonic() + self._timeout).status == 200
        except HqError:
            return False

    def close(self) -> None:
        """Closes the connections that are kept open between questions."""
        self._transport.close()

    def _ask(self, endpoint: str, form: Mapping[str, str], read: Callable[[dict[str, Any]], Read]) -> Read:
        """What `read` finds in the answer of an endpoint, asked again while it is worth it and the deadline allows."""
        deadline = time.monotonic() + self._deadline
        if self._look:
            deadline = min(deadline, self._look.ends)
        method = "POST" if len(form.get("query", "")) > LONGEST_GET else "GET"
        backoff = FIRST_BACKOFF
        for left in range(self._retries, -1, -1):
            try:
                reply = self._reply(method, f"/api/v1/{endpoint}", form, deadline)
                if reply.status == 200:
                    return self._replies.understood(reply, read)
                self._replies.refuse(reply, self._identity, partial(self._found_at, deadline))
            except UnreachableError as error:
                pause = error.retry_after or backoff
                if not left or time.monotonic() + pause >= deadline:
                    if self._look:
                        self._look.lost = error
                    raise
            time.sleep(pause)
            backoff *= 2
        raise AssertionError("unreachable")

    def _reply(self, method: str, path: str, form: Mapping[str, str], deadline: float) -> Reply:
        """The reply to a request; credentials that the server refuses are renewed once, if they can be."""
        reply = self._send(method, path, form, deadline)
        if reply.status == 401 and self._credentials and self._credentials.renew():
            reply = self._send(method, path, form, deadline)
        if reply.clock_apart is not None:
            self.clock_apart = reply.clock_apart
        return reply

    def _send(self, method: str, path: str, form: Mapping[str, str], deadline: float) -> Reply:
        headers = self._headers
        if self._credentials:
            headers = {**headers, "Authorization": self._credentials.header(self._left(deadline))}
            self._redaction.learn(headers)
        seconds = min(self._timeout, self._left(deadline))
        return self._transport.send(method, self.url + path, headers, form, seconds)

    def _left(self, deadline: float) -> float:
        """The seconds until the deadline; raises UnreachableError when it has passed."""
        seconds = deadline - time.monotonic()
        if seconds <= 0:
            limit = self._look.seconds if self._look else self._deadline
            raise UnreachableError(f"{self._replies.name} gave no complete answer within {limit:.3g} s")
        return seconds

    def _found_at(self, deadline: float) -> str | None:
        """The URL of an API on the same host that answers whoever asks: nothing that lets us in is shown there."""
        parts = urlsplit(self.url)
        for path in ELSEWHERE:
            url = f"{parts.scheme}://{parts.netloc}{path}"
            seconds = min(ELSEWHERE_SECONDS, self._timeout, deadline - time.monotonic())
            if url == self.url or seconds <= 0:
                continue
            with suppress(PrometheusError):
                reply = self._transport.send("GET", f"{url}/api/v1/query", OPEN_HEADERS, {"query": "1"}, seconds)
                if reply.status == 200 and self._replies.understood(reply, read_instant).samples:
                    return url
        return None

    @property
    def _identity(self) -> str:
        """What was to let us in, for who has to mend it."""
        if self._credentials:
            return self._credentials.name
        return "the header Authorization" if "authorization" in map(str.lower, self._headers) else ""

    def _quoted(self, notes: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(self._replies.quoted, notes))


def _without_userinfo(url: str) -> str:
    return re.sub(r"//[^/@]*@", "//", url)
