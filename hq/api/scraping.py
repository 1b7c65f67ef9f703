"""What Prometheus scrapes, what tells that we are alive, and the page for whoever types the address."""

from __future__ import annotations

import html
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, PlainTextResponse
from starlette.concurrency import run_in_threadpool

from exporters.build import BuildCollector
from exporters.ejections import EjectionCollector
from exporters.exposition import choose_format, collection_seconds, pack, render, wants_gzip
from exporters.journal import Configured, JournalCollector
from exporters.pool import PoolCollector
from exporters.registry import SafeRegistry
from hq.api.errors import BROKEN, SEE_LOG, logged
from hq.api.openapi.refusals import Answers, refuses
from hq.credentials import read_token
from hq.serving.web import Web
from hq.serving.web_collector import WebCollector
from stack.errors import HqError
from stack.model import Stack
from stack.version import installed_version


def get_and_head(
    router: APIRouter,
    path: str,
    answer: Callable[..., Coroutine[Any, Any, Response]],
    **described: Any,  # noqa: ANN401 - whatever a route takes
) -> None:
    """Adds a path that answers HEAD too; the document describes GET."""
    router.add_api_route(path, answer, methods=["GET", "HEAD"], include_in_schema=False)
    router.add_api_route(path, answer, methods=["GET"], **described)  # never asked: it is what the document is made of


class Exporter:
    """The metrics of one stack."""

    def __init__(self, stack: Stack, configured: Configured, web: Web) -> None:
        self.records = JournalCollector(stack.journal, configured)
        pools = PoolCollector(stack.pools), EjectionCollector(stack.pools, stack.envoy.admin)
        self._registry = SafeRegistry([BuildCollector(), self.records, *pools, WebCollector(web)])

    def scrape(self, request: Request) -> Response:
        """One exposition, in the format that the request prefers."""
        content_type = choose_format(",".join(request.headers.getlist("accept")))
        families = self._registry.collect(
            collection_seconds(request.headers.get("x-prometheus-scrape-timeout-seconds"))
        )
        body = render(families, content_type)
        headers = {"content-type": content_type, "vary": "accept, accept-encoding"}
        if wants_gzip(",".join(request.headers.getlist("accept-encoding"))):
            body, headers["content-encoding"] = pack(body), "gzip"
        return Response(body, headers=headers)


def scraping(router: APIRouter, stack: Stack, exporter: Exporter) -> APIRouter:
    """Adds the pages that show something: the metrics and the landing page."""
    page = _landing_page(stack)

    async def landing_page() -> Response:
        return HTMLResponse(page, headers={"content-security-policy": "default-src 'none'"})

    async def metrics(request: Request) -> Response:
        return await run_in_threadpool(exporter.scrape, request)

    get_and_head(
        router,
        "/",
        landing_page,
        response_class=HTMLResponse,
        summary="Where everything is",
        description="A page for whoever types the address: services, pools and links.",
        response_description="The page.",
    )
    get_and_head(
        router,
        "/metrics",
        metrics,
        response_class=PlainTextResponse,
        summary="Metrics, as Prometheus scrapes them",
        description="In the text format, or as OpenMetrics 1.0 when `Accept` prefers it; packed by gzip when asked.",
        response_description="All metrics. A part that could not be collected is missing, and one of them says so.",
        responses=_EXPOSITIONS | refuses(500, "Nothing could be exposed.", BROKEN),
        openapi_extra={"parameters": [_SCRAPE_TIMEOUT]},
    )
    return router


def health(exporter: Exporter, credentials: Path) -> APIRouter:
    """The two paths that anybody may ask, and that say nothing else."""
    router = APIRouter(tags=["health"], default_response_class=PlainTextResponse)

    async def healthy() -> Response:
        return PlainTextResponse("healthy\n")

    async def ready() -> Response:
        checks: tuple[Callable[[], object], ...] = (exporter.records.check, lambda: read_token(credentials))
        try:
            for check in checks:
                await run_in_threadpool(check)
        except HqError as error:
            raise logged(503, _NOT_READY, error) from None
        return PlainTextResponse("ready\n")

    get_and_head(
        router,
        "/-/healthy",
        healthy,
        summary="Whether the server is alive",
        description="It answers as long as the process does, whatever else is wrong.",
        response_description="It is.",
        responses=_example("healthy\n"),
    )
    get_and_head(
        router,
        "/-/ready",
        ready,
        summary="Whether the server can do its work",
        description="It can when the journal and the token of the webhook can be read.",
        response_description="It can.",
        responses=_example("ready\n") | refuses(503, "One of the two cannot be read.", f"{_NOT_READY}; {SEE_LOG}"),
    )
    return router


_NOT_READY = "the journal or the credentials cannot be read"
_EXPOSITIONS: Answers = {
    200: {
        "content": {
            "text/plain": {"example": 'chaos_runs_total{scenario="network-latency"} 3.0\n'},
            "application/openmetrics-text": {"schema": {"type": "string"}},
        }
    }
}
_SCRAPE_TIMEOUT = {
    "name": "X-Prometheus-Scrape-Timeout-Seconds",
    "in": "header",
    "description": "How long the scraper waits, as Prometheus sends it. What takes longer is left out.",
    "schema": {"type": "string"},
    "example": "10",
}


def _example(text: str) -> Answers:
    return {200: {"content": {"text/plain": {"example": text}}}}


def _landing_page(stack: Stack) -> str:
    services = "".join(f"<li>{html.escape(name)}</li>" for name in stack.services)
    pools = "".join(f"<li>{html.escape(pool.name)}: {len(pool.members)} members</li>" for pool in stack.pools.values())
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><title>dev-hq</title>"
        f"<h1>dev-hq {html.escape(installed_version())}</h1>"
        "<p><a href=/metrics>Metrics</a>, <a href=/-/healthy>health</a>, <a href=/-/ready>readiness</a>, "
        "<a href=/api>the API</a></p>"
        f"<h2>Services</h2><ul>{services}</ul><h2>Pools</h2><ul>{pools}</ul></html>\n"
    )
