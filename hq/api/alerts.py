"""The webhook to which Alertmanager delivers."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Body, Response
from starlette.concurrency import run_in_threadpool

from hq.api.errors import SEE_LOG, logged
from hq.api.notifications import notification_records
from hq.api.openapi.refusals import refuses
from hq.api.webhook_message import Described, WebhookMessage
from stack.errors import JournalError
from stack.journal import Journal

MAX_ALERTS_BYTES = 1024 * 1024  # some 500 alerts with all their annotations
_NOT_WRITTEN = "the journal cannot be written"


def alerts(router: APIRouter, journal: Journal) -> APIRouter:
    """Adds `POST /api/alerts`."""

    @router.post(
        "/api/alerts",
        status_code=204,
        summary="Deliver notifications, as Alertmanager's webhook does",
        response_description="The records are on disk.",
        responses=refuses(
            400, "The message is not of version 4, or lacks something.", "alerts[0] needs the text status"
        )
        | refuses(500, "The journal cannot be written.", f"{_NOT_WRITTEN}; {SEE_LOG}"),
    )
    async def deliver_notifications(
        message: Annotated[dict[str, Any], Body(title="WebhookMessage"), Described(WebhookMessage)],
    ) -> Response:
        """Each alert becomes a record of the journal, and a delivery that comes twice is counted once."""
        records = notification_records(message)
        try:
            await run_in_threadpool(partial(journal.append_all, "notification", records))
        except JournalError as error:
            raise logged(500, _NOT_WRITTEN, error) from None
        return Response(status_code=204)

    return router
