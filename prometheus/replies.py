"""What a server's replies mean, in words of ours, and its own words where they help."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NoReturn, TypeVar
from urllib.parse import urlsplit

from prometheus.answer import read_json
from prometheus.errors import AnswerError, RefusedError, UnreachableError
from prometheus.redaction import Redaction
from prometheus.transport import MAX_BYTES, Reply
from stack.dataclass import dataclass

RETRIED = frozenset({408, 429, 500, 502, 503, 504})
ERROR_TYPES = frozenset({"bad_data", "canceled", "execution", "internal", "not_found", "timeout", "unavailable"})
MAX_WORDS = 1000
MAX_REMARK = 300
_WANTS_HTTPS = b"Client sent an HTTP request to an HTTPS server"

Read = TypeVar("Read")


@dataclass(frozen=True)
class Replies:
    """Understands the replies of the server called `name`; no error repeats what `redaction` hides."""

    name: str
    redaction: Redaction

    def understood(self, reply: Reply, read: Callable[[dict[str, Any]], Read]) -> Read:
        """What `read` makes of the JSON of a reply with the status 200; raises AnswerError, RefusedError."""
        if len(reply.body) > MAX_BYTES:
            raise AnswerError(f"{self.name} answered with more than {MAX_BYTES // 1024**2} MiB; ask for less")
        document = self._document(reply)
        if document.get("status") != "success":
            raise self._refused_query(document)
        try:
            return read(document)
        except AnswerError as error:
            raise AnswerError(f"{self.name} answered with {self.quoted(error)}") from None

    def refuse(self, reply: Reply, credentials: str, found_at: Callable[[], str | None]) -> NoReturn:
        """Raises what any other status means.

        `credentials` names what was to let us in, if anything; `found_at` says where the API is, if it is not there.
        """
        status = reply.status
        if status == 503 and not reply.body.lstrip().startswith(b"{"):
            message = f"{self.name} is not ready (503): it is starting and reads its write-ahead log"
            raise UnreachableError(message, retry_after(reply.headers))
        if status in RETRIED:
            message = f"{self.name} cannot answer now ({status}{self._remark(reply)})"
            raise UnreachableError(message, retry_after(reply.headers))
        if status in (401, 403):
            wish = "" if credentials else "; it wants credentials, or other ones"
            raise RefusedError(f"{self.name} refuses {credentials or 'us'} ({status}){wish}")
        if status == 400 and reply.body.startswith(_WANTS_HTTPS):
            raise RefusedError(f"{self.name} speaks TLS (400); write https:// in its URL")
        if status in (400, 422):
            raise self._refused_query(self._document(reply))
        if status == 404:
            place = found_at()
            hint = f"there is one at {place}" if place else "is the URL right, and its path?"
            raise RefusedError(f"{self.name} has no API there (404); {hint}")
        if 300 <= status < 400:
            raise RefusedError(f"{self.name} redirects to {self._target(reply)} ({status}); give the final URL")
        raise AnswerError(f"{self.name} answered with the status {status}, which Prometheus' API does not know")

    def quoted(self, words: object) -> str:
        """A server's own words in one line, without secrets, cut off when they are many."""
        line = "".join(letter if letter.isprintable() else " " for letter in self.redaction.hide(str(words)))
        return line if len(line) <= MAX_WORDS else f"{line[:MAX_WORDS]} …"

    def _document(self, reply: Reply) -> dict[str, Any]:
        if reply.body.lstrip()[:1] == b"<":
            raise AnswerError(f"{self.name} answered with a web page, not with JSON; does a login stand in between?")
        if encoding := reply.headers.get("Content-Encoding"):
            words = self.quoted(encoding)[:20]
            raise AnswerError(f"{self.name} answered in the encoding {words!r}, which was not asked for")
        try:
            return read_json(reply.body)
        except AnswerError as error:
            raise AnswerError(f"{self.name} answered with {error}") from None

    def _refused_query(self, document: Mapping[str, Any]) -> RefusedError:
        words = self.quoted(document.get("error", "it does not say why"))
        error_type = str(document.get("errorType", "error"))
        if error_type not in ERROR_TYPES:
            error_type = self.quoted(error_type)
        return RefusedError(f"{self.name} refused the query: {error_type}: {words}", error_type, words)

    def _remark(self, reply: Reply) -> str:
        """What the server says about its trouble, when it says it in Prometheus' own form."""
        try:
            words = read_json(reply.body).get("error")
        except AnswerError:
            return ""
        return ": " + self.quoted(words)[:MAX_REMARK] if words else ""

    def _target(self, reply: Reply) -> str:
        """Where a redirect points at, without what may be a secret in it."""
        try:
            target = urlsplit(self.redaction.hide(reply.headers.get("Location", "")))
            host = target.hostname
        except ValueError:
            return "elsewhere"
        return self.quoted(f"{target.scheme}://{host}{target.path}")[:MAX_REMARK] if host else "elsewhere"


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds that a server asks us to wait, when it names them as a number."""
    seconds = headers.get("Retry-After", "")
    return float(seconds) if re.fullmatch(r"\d{1,6}", seconds, re.ASCII) else None
