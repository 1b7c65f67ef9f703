"""Who changed something through the HTTP API, and what came of it: one line for each call that may."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from hq.api.errors import ApiError
from stack.errors import JournalError
from stack.journal import Journal

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

    @asynccontextmanager
    async def of(self, request: Request) -> AsyncIterator[AuditLine]:
        """Writes the line of a call once its outcome is known, before the caller learns it.

        A line that cannot be written goes to the log: the call has had its effect, and saying otherwise would be wrong.
        """
        line = AuditLine()
        request.state.audit = line.about
        try:
            yield line
        except ApiError as error:
            line.status = error.status
            raise
        finally:
            record = {
                "who": getattr(request.state, "caller", None),
                "from": request.client.host if request.client else None,
                "method": request.method,
                "path": request.url.path,
                "status": line.status,
                **line.about,
            }
            try:
                await run_in_threadpool(self._journal.append, "api_call", record)
            except JournalError as error:
                _log.warning("%s; the line was %s", error, record)
