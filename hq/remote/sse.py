"""Server-sent events, read from bytes as they come: https://html.spec.whatwg.org/multipage/server-sent-events.html.

Lines end with LF or CRLF; a CR alone, which the standard allows too, ends none here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from hq.remote.answer import AnswerError
from stack.dataclass import dataclass

MAX_EVENT_BYTES = 1024 * 1024
_ID = re.compile(r"[!-~]{1,200}")  # what can be shown again in the header Last-Event-ID


@dataclass(frozen=True)
class Event:
    """One event: its name, its data, and the id from which the stream can go on, empty when it has none."""

    name: str
    data: str
    id: str


HEARTBEAT = Event("", "", "")
"""A comment: nothing happened, and the server is there."""


def read_events(parts: Iterable[bytes]) -> Iterator[Event]:
    """The events in these bytes, and HEARTBEAT for each comment; raises AnswerError for one that is too large."""
    data: list[str] = []
    name, last, size = "", "", 0
    for line in _lines(parts):
        size += len(line)
        if size > MAX_EVENT_BYTES:
            raise AnswerError(f"an event of more than {MAX_EVENT_BYTES // 1024} KiB")
        if not line:
            if data:
                yield Event(name or "message", "\n".join(data), last)
            name, data, size = "", [], 0
        elif line.startswith(":"):
            yield HEARTBEAT
        else:
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if field == "data":
                data.append(value)
            elif field == "event":
                name = value
            elif field == "id" and _ID.fullmatch(value):
                last = value


def _lines(parts: Iterable[bytes]) -> Iterator[str]:
    pending = bytearray()  # grows without being copied: a server may send single bytes
    for part in parts:
        *ends, rest = part.split(b"\n")
        for end in ends:
            line = bytes(pending + end)
            pending.clear()
            yield line.removesuffix(b"\r").decode("utf-8", "replace")
        pending += rest
        if len(pending) > MAX_EVENT_BYTES:
            raise AnswerError(f"a line of more than {MAX_EVENT_BYTES // 1024} KiB")
