"""What Prometheus scrapes, what tells that we are alive, and the page for whoever types the address."""

from __future__ import annotations

import html
from collections.abc import Callable
from pathlib import Path

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, PlainTextResponse
from starlette.concurrency import run_in_threadpool

from exporters.build import BuildCollector
from exporters.ejections import EjectionCollector
from exporters.exposition import choose_format, collection_seconds, pack, render, wants_gzip
from exporters.journal import Configured, JournalCollector
from exporters.pool import PoolCollector
from exporters.registry import SafeRegistry
from hq.api.errors import logged
from hq.credentials import read_token
from stack.errors import HqError
from stack.model import Stack
from stack.version import installed_version


class Exporter:
    """The metrics of one stack."""

    def __init__(self, stack: Stack, configured: Configured) -> None:
        self.records = JournalCollector(stack.journal, configured)
        pools = PoolCollector(stack.pools), EjectionCollector(stack.pools, stack.envoy.admin)
        self._registry = SafeRegistry([BuildCollector(), self.records, *pools])

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

    @router.api_route("/", methods=["GET", "HEAD"], include_in_schema=False)
    async def landing_page() -> Response:
        return HTMLResponse(page, headers={"content-security-policy": "default-src 'none'"})

    @router.api_route("/metrics", methods=["GET", "HEAD"], include_in_schema=False)
    async def metrics(request: Request) -> Response:
        return await run_in_threadpool(exporter.scrape, request)

    return router


def health(exporter: Exporter, credentials: Path) -> APIRouter:
    """The two paths that anybody may ask, and that say nothing else."""
    router = APIRouter()

    @router.api_route("/-/healthy", methods=["GET", "HEAD"], include_in_schema=False)
    async def healthy() -> Response:
        return PlainTextResponse("healthy\n")

    @router.api_route("/-/ready", methods=["GET", "HEAD"], include_in_schema=False)
    async def ready() -> Response:
        checks: tuple[Callable[[], object], ...] = (exporter.records.check, lambda: read_token(credentials))
        try:
            for check in checks:
                await run_in_threadpool(check)
        except HqError as error:
            raise logged(503, "the journal or the credentials cannot be read", error) from None
        return PlainTextResponse("ready\n")

    return router


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
