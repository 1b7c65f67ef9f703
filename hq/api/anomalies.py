"""What is anomalous now, and a stream of what changes."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from hq.api.anomalies_answer import AnomaliesFound
from hq.api.anomaly_watch import AnomalyWatch, Observer
from hq.api.doors import Doors
from hq.api.events import STOPPING, TOO_MANY, EventStream, LastEventId, Streams
from hq.api.openapi.refusals import RETRY_AFTER, refuses
from hq.api.openapi.streams import OF_ANOMALIES
from hq.api.tokens import Scope
from stack.model import Stack

EVERY = 2.0
"""Seconds from one look to the next while somebody listens."""


def anomalies(doors: Doors, stack: Stack, streams: Streams) -> APIRouter:
    """`GET /api/anomalies` and `GET /api/anomalies/stream`."""
    router = doors.to(Scope.READ, "anomalies")
    watch = AnomalyWatch(Observer(stack.prometheus), EVERY)

    @router.get(
        "/api/anomalies",
        response_model=AnomaliesFound,
        summary="See what is anomalous now",
        responses=refuses(503, "The server was stopped meanwhile.", STOPPING, RETRY_AFTER),
    )
    async def see_anomalies() -> dict[str, Any]:
        """As a line of `dev-hq anomalies --watch --json`.

        The status is 200 too when nobody can say what is anomalous: the state is `blind` then, and the reason why.
        """
        return await streams.before_the_end(watch.now())

    @router.get(
        "/api/anomalies/stream",
        response_class=EventStream,
        summary="Follow what is anomalous",
        responses={
            **OF_ANOMALIES,
            **refuses(503, "So many streams are open that this one was not.", TOO_MANY, RETRY_AFTER),
        },
    )
    async def follow_anomalies(last_event_id: LastEventId = None) -> EventStream:
        """Server-sent events, each with an id and one JSON object as its data.

        After an event that is known comes exactly what was missed; after more than 1000 events, a restart, or an id
        that is none of ours, a snapshot. While nothing changes there is a comment every 15 s. The stream ends when
        the server does, or when the reader has taken nothing for a minute.
        """
        return EventStream(watch.events(last_event_id), streams)

    return router
