"""The application: who may call at all, the doors, and what is behind each."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from fastapi import FastAPI

from exporters.journal import Configured
from hq.api.alerts import MAX_ALERTS_BYTES, alerts
from hq.api.anomalies import anomalies
from hq.api.audit import Audit
from hq.api.chaos import chaos
from hq.api.doors import Doors, WebhookKey, door
from hq.api.errors import HANDLERS
from hq.api.events import Streams
from hq.api.guard import LOOPBACK_HOSTS, Guard
from hq.api.openapi.pages import documented
from hq.api.quality import quality
from hq.api.scraping import Exporter, health, scraping
from hq.serving.web import Web
from stack.journal import Journal
from stack.model import Stack
from stack.version import installed_version


@dataclass(frozen=True)
class Serving:
    """What is served of one stack, and to whom.

    `webhook` holds the token that Alertmanager shows, `tokens` the digests of everybody else's. `hosts` are the names
    besides loopback's under which we may be called. `gates` is the file of the gates, the stack's own unless given.
    `chaos` is whether a run may be started; `open` whether metrics and pages are shown without a token, as on
    loopback, and `web` who may read without one.
    """

    stack: Stack
    configured: Configured
    webhook: Path
    tokens: Path
    hosts: Collection[str] = ()
    gates: Path | None = None
    chaos: bool = False
    open: bool = True
    web: Web = field(default_factory=Web)


def create_app(serving: Serving) -> FastAPI:
    """The application; `state.streams` are its streams, which the server ends when it stops."""
    stack = serving.stack
    audit = Audit(stack.directory / "audit.jsonl")
    exporter = Exporter(stack, serving.configured, serving.web)
    app = FastAPI(
        title="dev-hq",
        version=installed_version(),
        openapi_url=None,  # it has a door of its own
        docs_url=None,  # it would be loaded from somebody else's servers
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
        exception_handlers=HANDLERS,
    )
    app.state.streams = streams = Streams()
    app.add_middleware(Guard, hosts=LOOPBACK_HOSTS | set(serving.hosts), audit=audit)
    doors = Doors(serving.tokens, audit, serving.web)
    pages = doors.to_pages("pages", serving.webhook, open=serving.open)
    app.include_router(documented(app, scraping(pages, stack, exporter)))
    app.include_router(health(exporter, serving.webhook))
    webhook = door(WebhookKey(serving.webhook), audit, max_body=MAX_ALERTS_BYTES, tag="notifications")
    app.include_router(alerts(webhook, Journal(stack.journal)))
    for router in chaos(doors, stack, streams, enabled=serving.chaos):
        app.include_router(router)
    app.include_router(quality(doors, stack, streams, serving.gates))
    app.include_router(anomalies(doors, stack, streams))
    return app
