"""The two pages that show the document: `GET /openapi.json` for programs, `GET /api` for people."""

from __future__ import annotations

from functools import lru_cache

from fastapi import APIRouter, FastAPI, Response
from fastapi.responses import HTMLResponse
from starlette.concurrency import run_in_threadpool

from hq.api.openapi.document import Json, document_of, rendered
from hq.api.reference.operations import reference_of
from hq.api.reference.page import POLICY, page
from hq.api.scraping import get_and_head


def documented(app: FastAPI, pages: APIRouter) -> APIRouter:
    """Adds the document to the application, and `GET /openapi.json` and `GET /api` to the pages."""

    def document() -> Json:
        if app.openapi_schema is None:
            app.openapi_schema = document_of(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign] # as FastAPI says it is to be done

    async def openapi() -> Response:
        return Response(await run_in_threadpool(lambda: rendered(document())), media_type="application/json")

    @lru_cache
    def readable() -> str:
        return page(reference_of(document()))

    async def api() -> Response:
        return HTMLResponse(await run_in_threadpool(readable), headers={"content-security-policy": POLICY})

    get_and_head(
        pages,
        "/api",
        api,
        response_class=HTMLResponse,
        summary="This API as a page",
        description="Made from the OpenAPI document. It needs no script and loads nothing.",
        response_description="The page.",
    )
    get_and_head(
        pages,
        "/openapi.json",
        openapi,
        summary="This API as an OpenAPI document",
        description="The same bytes for the same version of dev-hq.",
        response_description="The document, OpenAPI 3.1.",
        responses={200: {"content": {"application/json": {"schema": {"type": "object"}}}}},
    )
    return pages
