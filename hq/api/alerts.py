"""The webhook to which Alertmanager delivers."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Body, Response
from starlette.concurrency import run_in_threadpool

from hq.api.errors import logged
from hq.api.notifications import notification_records
from stack.errors import JournalError
from stack.journal import Journal

MAX_ALERTS_BYTES = 1024 * 1024  # some 500 alerts with all their annotations


def alerts(router: APIRouter, journal: Journal) -> APIRouter:
    """Adds `POST /api/alerts`."""

    @router.post("/api/alerts", status_code=204, summary="Deliver notifications, as Alertmanager's webhook does")
    async def deliver(message: Annotated[dict[str, Any], Body()]) -> Response:
        """Each alert becomes a record of the journal. The body is Alertmanager's webhook of version 4."""
        records = notification_records(message)
        try:
            await run_in_threadpool(partial(journal.append_all, "notification", records))
        except JournalError as error:
            raise logged(500, "the journal cannot be written", error) from None
        return Response(status_code=204)

    return router
