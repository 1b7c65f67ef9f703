"""Runs over HTTP: start one, see it, follow it, stop it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from chaos.run_id import RUN_ID
from chaos.scenario_file import shipped_scenarios
from chaos.stop import tell_to_stop
from hq.api.doors import Doors
from hq.api.errors import ApiError, logged
from hq.api.events import TOO_MANY, EventStream, LastEventId, Streams
from hq.api.openapi.examples import EXAMPLE_RUN
from hq.api.openapi.refusals import RETRY_AFTER, refuses
from hq.api.openapi.streams import OF_A_RUN
from hq.api.run_events import RunFeed, place_of
from hq.api.run_models import Run, RunDetails, RunRequest, Scenarios, Stopped, StopRequest
from hq.api.run_models import Runs as Listed
from hq.api.run_request import digest_of_body, digest_of_key, planned
from hq.api.runs import ACTIVE, UNKNOWN, Runs
from hq.api.scenarios import described_scenarios
from hq.api.threads import in_thread
from hq.api.tokens import Scope
from hq.elsewhere import is_up
from stack.errors import HqError, JournalError, NotReadyError
from stack.model import Stack

OFF = "chaos over HTTP is off; `dev-hq up` and `dev-hq serve` let runs be started with --enable-chaos-api"
DOWN = "the stack does not run; `dev-hq up` starts it"
NOT_BEGUN = "the run has not begun yet; ask again"
LIMIT, MOST = 20, 1000

Key = Annotated[
    str,
    Header(
        alias="Idempotency-Key", pattern=r"^[!-~]{1,200}$",
        description="Chosen by the caller, new for each run: the same again gives the same run, never a second one.",
    ),
]  # fmt: skip
RunName = Annotated[str, Path(pattern=f"^{RUN_ID}$", description="What the run is called.")]
T = TypeVar("T")
_THIS_RUN = {"run": "$response.body#/run"}
_SHOWN: dict[str, Any] = {
    "headers": {"Location": {"description": "The path of the run.", "required": True, "schema": {"type": "string"}}},
    "links": {
        "run": {"operationId": "get_chaos_run", "parameters": _THIS_RUN},
        "events": {"operationId": "follow_chaos_run", "parameters": _THIS_RUN},
    },
}


def chaos(doors: Doors, stack: Stack, streams: Streams, *, enabled: bool) -> tuple[APIRouter, ...]:
    """The paths under `/api/chaos`; `enabled` is whether a run may be started."""
    runs = Runs(stack)
    return (
        _reading(doors.to(Scope.READ, "chaos"), stack, runs, streams),
        _starting(doors.to(Scope.CHAOS, "chaos"), stack, runs, enabled=enabled),
        _stopping(doors.to(Scope.CHAOS, "chaos"), stack, runs),
    )


def _reading(router: APIRouter, stack: Stack, runs: Runs, streams: Streams) -> APIRouter:
    feed = RunFeed(runs)

    @router.get("/api/chaos/scenarios", summary="What can be run")
    async def list_chaos_scenarios() -> Scenarios:
        """The scenarios that are shipped, with their targets on this stack."""
        return Scenarios(scenarios=await run_in_threadpool(described_scenarios, stack))

    @router.get("/api/chaos/runs", summary="The last runs")
    async def list_chaos_runs(limit: Annotated[int, Query(ge=1, le=MOST)] = LIMIT) -> Listed:
        """The newest first, however they were started."""
        return Listed(runs=await _asked(runs.newest, limit))

    @router.get("/api/chaos/runs/{run}", summary="One run", responses=refuses(404, "There is no such run.", UNKNOWN))
    async def get_chaos_run(run: RunName) -> RunDetails:
        """Where it is, and what came of it."""
        return await _asked(runs.details, run)

    @router.get(
        "/api/chaos/runs/{run}/events",
        summary="Follow a run",
        response_class=EventStream,
        responses={
            **OF_A_RUN,
            204: {"description": "It has ended, and whoever asks has all of it."},
            **refuses(404, "There is no such run.", UNKNOWN),
            **refuses(503, "Too many streams are open already.", TOO_MANY, RETRY_AFTER),
        },
    )
    async def follow_chaos_run(run: RunName, last_event_id: LastEventId = None) -> Response:
        """Each record of the run is an event: named by its kind, numbered from 1. At its end, `end` has the run.

        Whoever comes back with Last-Event-ID gets what was missed. To leave changes nothing for the run.
        """
        await _asked(runs.one, run)
        _, count, ended = await _asked(runs.news, run, 0)
        after = place_of(last_event_id, count)
        if ended and after == count:
            return Response(status_code=204)
        return EventStream(feed.events(run, after), streams)

    return router


def _starting(router: APIRouter, stack: Stack, runs: Runs, *, enabled: bool) -> APIRouter:
    scenarios = shipped_scenarios()

    async def refuse_if_off() -> None:
        if not enabled:
            raise ApiError(403, OFF)

    @router.post(
        "/api/chaos/run",
        status_code=202,
        summary="Start a run",
        response_description="The run, which begins now.",
        dependencies=[Depends(refuse_if_off)],
        responses={
            200: {"model": Run, "description": "The run that was started before with this key.", **_SHOWN},
            202: _SHOWN,
            **refuses(403, "Runs may not be started over HTTP.", OFF),
            **refuses(404, "There is no such scenario or target.", 'there is no target "shp"; did you mean "shop"?'),
            **refuses(
                409, "A run is active, or the key was used for another body.", ACTIVE.format(EXAMPLE_RUN),
                {"Retry-After": RETRY_AFTER["Retry-After"] | {"required": False}},
            ),
            **refuses(503, "The stack does not run.", DOWN),
        },
    )  # fmt: skip
    async def start_chaos_run(asked: RunRequest, key: Key, request: Request, response: Response) -> Run:
        """It is a process of its own and goes on whatever becomes of whoever asked. One at a time."""
        if len(request.headers.getlist("idempotency-key")) > 1:
            raise ApiError(422, "Idempotency-Key: must be given once")
        who = request.state.caller
        key_of_caller, body = digest_of_key(key, who), digest_of_body(asked)
        if before := await _asked(runs.requested, key_of_caller, body):
            run, is_new = before, False
        else:
            plan = await run_in_threadpool(planned, asked, stack, scenarios)
            if not await run_in_threadpool(is_up, stack):
                raise ApiError(503, DOWN)
            run, is_new = await _asked(runs.request, plan, key_of_caller, body, who)
        response.status_code = 202 if is_new else 200
        request.state.audit["run"] = run.run
        response.headers["location"] = f"/api/chaos/runs/{run.run}"
        return run

    return router


def _stopping(router: APIRouter, stack: Stack, runs: Runs) -> APIRouter:
    @router.post(
        "/api/chaos/stop",
        status_code=202,
        summary="Stop the run that is active",
        response_description="It was told to stop.",
        responses={
            200: {"model": Stopped, "description": "None is active, or not this one."},
            **refuses(404, "There is no such run.", UNKNOWN),
            **refuses(503, "It was asked for and has not begun.", NOT_BEGUN),
        },
    )
    async def stop_chaos_run(asked: StopRequest, request: Request, response: Response) -> Stopped:
        """Its faults are withdrawn at once; it ends a moment later. Works while runs may not be started, too."""
        if asked.run is not None:
            await _asked(runs.one, asked.run)
        told = await _asked(tell_to_stop, stack.journal, asked.run)
        response.status_code = 202 if told else 200
        request.state.audit["run"] = told.run if told else None
        return Stopped(run=told.run if told else None)

    return router


async def _asked(question: Callable[..., T], *about: object) -> T:
    """The answer, found in a thread; raises ApiError."""
    try:
        return await in_thread(partial(question, *about))
    except JournalError as error:
        raise logged(500, "the journal cannot be read or written", error) from None
    except NotReadyError:
        raise ApiError(503, NOT_BEGUN) from None
    except HqError as error:
        raise logged(500, "the run cannot be reached", error) from None
