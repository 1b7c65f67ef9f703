"""The HTTP side of dev-hq: metrics to be scraped, and the webhook to which Alertmanager delivers."""

from __future__ import annotations

import html
import logging
from collections.abc import Collection
from functools import partial
from pathlib import Path

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from exporters.build import BuildCollector
from exporters.ejections import EjectionCollector
from exporters.exposition import choose_format, collection_seconds, pack, render, wants_gzip
from exporters.journal import Configured, JournalCollector
from exporters.pool import PoolCollector
from exporters.registry import SafeRegistry
from hq.api_error import ApiError, error_response
from hq.credentials import CredentialsError, is_allowed, read_token
from hq.guard import LOOPBACK_HOSTS, Guard
from hq.notifications import notification_records
from hq.strict_json import read_json
from stack.errors import HqError, JournalError
from stack.journal import Journal
from stack.model import Stack
from stack.version import installed_version

MAX_ALERTS_BYTES = 1024 * 1024  # some 500 alerts with all their annotations

_log = logging.getLogger("dev-hq.api")


def create_app(stack: Stack, configured: Configured, credentials: Path, hosts: Collection[str] = ()) -> Starlette:
    """The application for one stack; `hosts` are the names besides loopback's under which it may be called."""
    api = _Api(stack, configured, credentials)
    return Starlette(
        routes=[
            Route("/", api.landing_page),
            Route("/metrics", api.metrics),
            Route("/-/healthy", api.healthy),
            Route("/-/ready", api.ready),
            Route("/api/alerts", api.alerts, methods=["POST"]),
        ],
        middleware=[Middleware(Guard, hosts=LOOPBACK_HOSTS | set(hosts))],
        exception_handlers={
            ApiError: _refused,
            HTTPException: _not_served,
            ClientDisconnect: _gone,
            Exception: _broken,
        },
    )


class _Api:
    def __init__(self, stack: Stack, configured: Configured, credentials: Path) -> None:
        self._journal = Journal(stack.journal)
        self._credentials = credentials
        self._records = JournalCollector(stack.journal, configured)
        pools = PoolCollector(stack.pools), EjectionCollector(stack.pools, stack.envoy.admin)
        self._registry = SafeRegistry([BuildCollector(), self._records, *pools])
        self._page = _landing_page(stack)

    async def landing_page(self, request: Request) -> Response:
        return HTMLResponse(self._page, headers={"content-security-policy": "default-src 'none'"})

    async def metrics(self, request: Request) -> Response:
        return await run_in_threadpool(self._scrape, request)

    def _scrape(self, request: Request) -> Response:
        content_type = choose_format(",".join(request.headers.getlist("accept")))
        families = self._registry.collect(
            collection_seconds(request.headers.get("x-prometheus-scrape-timeout-seconds"))
        )
        body = render(families, content_type)
        headers = {"content-type": content_type, "vary": "accept, accept-encoding"}
        if wants_gzip(",".join(request.headers.getlist("accept-encoding"))):
            body, headers["content-encoding"] = pack(body), "gzip"
        return Response(body, headers=headers)

    async def healthy(self, request: Request) -> Response:
        return PlainTextResponse("healthy\n")

    async def ready(self, request: Request) -> Response:
        try:
            await run_in_threadpool(self._records.check)
            await run_in_threadpool(read_token, self._credentials)
        except HqError as error:
            raise _logged(503, "the journal or the credentials cannot be read", error) from None
        return PlainTextResponse("ready\n")

    async def alerts(self, request: Request) -> Response:
        await self._authenticate(request)
        records = notification_records(await read_json(request, MAX_ALERTS_BYTES))
        try:
            await run_in_threadpool(partial(self._journal.append_all, "notification", records))
        except JournalError as error:
            raise _logged(500, "the journal cannot be written", error) from None
        return Response(status_code=204)

    async def _authenticate(self, request: Request) -> None:
        try:
            allowed = await run_in_threadpool(is_allowed, request.headers.getlist("authorization"), self._credentials)
        except CredentialsError as error:
            raise _logged(500, "the credentials cannot be read", error) from None
        if not allowed:
            raise ApiError(401, "a bearer token is needed")


def _logged(status: int, message: str, error: HqError) -> ApiError:
    """The refusal for the client, who learns no paths; they are in the log."""
    _log.warning("%s", error)
    return ApiError(status, f"{message}; the log of dev-hq serve says why")


async def _refused(request: Request, error: Exception) -> Response:
    if not isinstance(error, ApiError):
        raise error
    challenge = {"www-authenticate": "Bearer"} if error.status == 401 else None
    return error_response(error.status, str(error), challenge)


async def _not_served(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    return error_response(error.status_code, error.detail.lower(), error.headers)


async def _gone(request: Request, error: Exception) -> Response:
    return error_response(400, "the client left before its request was complete")


async def _broken(request: Request, error: Exception) -> Response:
    return error_response(500, "something went wrong here; the log says what")


def _landing_page(stack: Stack) -> str:
    services = "".join(f"<li>{html.escape(name)}</li>" for name in stack.services)
    pools = "".join(f"<li>{html.escape(pool.name)}: {len(pool.members)} members</li>" for pool in stack.pools.values())
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><title>dev-hq</title>"
        f"<h1>dev-hq {html.escape(installed_version())}</h1>"
        "<p><a href=/metrics>Metrics</a>, <a href=/-/healthy>health</a>, <a href=/-/ready>readiness</a></p>"
        f"<h2>Services</h2><ul>{services}</ul><h2>Pools</h2><ul>{pools}</ul></html>\n"
    )
