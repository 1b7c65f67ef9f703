"""Who changed something through the HTTP API, and what came of it: a line for each call that may, refused or not."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from hq.api.errors import ApiError
from stack.errors import JournalError
from stack.journal import Journal

READING = frozenset({"GET", "HEAD"})
STRANGERS_A_MINUTE = 60
"""Lines for callers whom nobody knows; more would let them fill the disk. The next line says how many are missing."""

_log = logging.getLogger("dev-hq.audit")


@dataclass
class AuditLine:
    """What is known of one call; `about` is what the handler adds, such as the run that was asked for."""

    status: int = 500
    about: dict[str, object] = field(default_factory=dict)


class Audit:
    """The file of these lines, a journal of its own."""

    def __init__(self, path: Path) -> None:
        self._journal = Journal(path)
        self._minute = 0
        self._strangers = 0

    @asynccontextmanager
    async def of(self, request: Request) -> AsyncIterator[AuditLine]:
        """Writes the line of a call once its outcome is known, before the caller learns it."""
        line = AuditLine()
        request.state.audit = line.about
        try:
            yield line
        except Exception as error:
            line.status = _status_of(error)
            raise
        finally:
            await self.write(request, line)

    async def write(self, request: Request, line: AuditLine) -> None:
        """Writes the line of a call.

        One that cannot be written goes to the log: the call has had its effect, and saying otherwise would be wrong.
        """
        who = getattr(request.state, "caller", None)
        missing = self._missing(known=who is not None)
        if missing is None:
            return
        record = {
            "who": who,
            "from": request.client.host if request.client else None,
            "method": request.method,
            "path": request.url.path[:200],
            "status": line.status,
            **({"certificate": request.state.certificate[0]} if getattr(request.state, "certificate", ()) else {}),
            **({"missing": missing} if missing else {}),
            **line.about,
        }
        try:
            await run_in_threadpool(self._journal.append, "api_call", record)
        except JournalError as error:
            _log.warning("%s; the line was %s", error, record)

    def _missing(self, *, known: bool) -> int | None:
        """How many lines were left out before this one, or None when it is to be left out too."""
        minute = int(time.monotonic() // 60)
        if minute != self._minute:
            missing, self._minute, self._strangers = max(0, self._strangers - STRANGERS_A_MINUTE), minute, 0
        else:
            missing = 0
        if known:
            return missing
        self._strangers += 1
        return missing if self._strangers <= STRANGERS_A_MINUTE else None


def _status_of(error: Exception) -> int:
    """What the caller is answered who caused it."""
    if isinstance(error, ApiError):
        return error.status
    if isinstance(error, RequestValidationError):
        return 422
    if isinstance(error, ClientDisconnect):
        return 400
    return error.status_code if isinstance(error, HTTPException) else 500
