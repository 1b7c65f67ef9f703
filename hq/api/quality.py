"""The gates over HTTP: may this release go out?"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from gates.automated import AutomatedQualityGate
from gates.checklist import Checklist
from gates.configuration.reading import read_checklist
from gates.gate import GateReport
from hq.api.doors import Doors
from hq.api.errors import ApiError, logged
from hq.api.events import Streams
from hq.api.openapi.refusals import RETRY_AFTER, refuses
from hq.api.quality_answer import CheckFound, answer
from hq.api.threads import AtMost
from hq.api.tokens import Scope
from stack.errors import HqError
from stack.model import LONGEST_GATE_WINDOW, Stack
from stack.quantity import format_duration

MOST_CHECKS = 4
RETRY_SECONDS = 5
SHORTEST_WINDOW = 0.001
BUSY = f"{MOST_CHECKS} checks are going on already; ask again in {RETRY_SECONDS} s"
MOST_NAMES = 200
PATIENCE = 3.0
"""A check that is going on when the server stops has so many seconds left: fewer than the server itself."""

_RUN_ID = "[!-~]{1,200}"


def _run_id(words: str) -> str:
    if not re.fullmatch(_RUN_ID, words, re.ASCII):
        raise PydanticCustomError("run_id", "a run id has 1 to 200 visible ASCII characters and no spaces")
    return words


def _window(seconds: float) -> float:
    if not SHORTEST_WINDOW <= seconds <= LONGEST_GATE_WINDOW:
        bounds = f"from {format_duration(SHORTEST_WINDOW)} to {format_duration(LONGEST_GATE_WINDOW)}"
        raise PydanticCustomError("window", f"must be a duration {bounds}")
    return seconds


def _title(words: str) -> str:
    if not words.isprintable():
        raise PydanticCustomError("title", "must have 1 to 63 printable characters")
    return words


RunId = Annotated[str, AfterValidator(_run_id), Field(json_schema_extra={"pattern": f"^{_RUN_ID}$"})]
Window = Annotated[
    float,
    AfterValidator(_window),
    Field(json_schema_extra={"minimum": SHORTEST_WINDOW, "maximum": LONGEST_GATE_WINDOW}),
]
Titles = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=63), AfterValidator(_title)]],
    Field(min_length=1, max_length=MOST_NAMES),
]


class CheckRequest(BaseModel):
    """Which gates to judge, and how. An empty object judges all of them, over their own windows."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    gates: Titles | None = Field(None, description="Only the gates of these names.", examples=[["success_rate"]])
    services: Titles | None = Field(None, description="Only the gates of these services.")
    window_seconds: Window | None = Field(None, description="Judge so much of the past, where a gate allows it.")
    strict: bool = Field(default=False, description="A warning stops the release too: exit_code is 1.")
    remediate: bool = Field(default=False, description="Do what on_fail says, once for each run id.")
    run_id: RunId | None = Field(None, description="The name of this check; made up unless given.")


def quality(doors: Doors, stack: Stack, streams: Streams, gates: Path | None = None) -> APIRouter:
    """`POST /api/quality/check`, of the stack's own gates, or those of the file `gates`.

    The verdicts go to the journal of the stack, from which its metrics are made.
    """
    router = doors.to(Scope.QUALITY, "quality")
    checks = AtMost(MOST_CHECKS, BUSY, RETRY_SECONDS)

    @router.post(
        "/api/quality/check",
        response_model=CheckFound,
        summary="Judge a release",
        responses={
            **refuses(
                422, "No such gate or service, or a window in which nothing counts.",
                'there is no service "shp"; did you mean "shop"?',
            ),
            **refuses(503, "So many checks are going on that this one was not begun.", BUSY, RETRY_AFTER),
        },
    )  # fmt: skip
    async def check_quality(
        request: Request,
        asked: CheckRequest,
        idempotency_key: Annotated[
            RunId | None, Header(description="The run id, unless the body has one: one remediation for each.")
        ] = None,
    ) -> dict[str, Any]:
        """Every gate's verdict at one instant, as `dev-hq quality check --format json` says it.

        The status is 200 whatever the verdict: a Prometheus that cannot answer is the verdict `error`, and too little
        evidence `undecided`. The configuration is read anew for each check. Asked twice with one run id, gates are
        judged twice, and remedied once.
        """
        run_id = asked.run_id or idempotency_key
        if run_id:
            request.state.audit["run_id"] = run_id
        check = checks.run(lambda: _check(_configured(stack, gates), asked, run_id))
        report = await streams.before_the_end(check, PATIENCE)
        request.state.audit.update(run_id=report.run_id, verdict=report.verdict)
        return answer(report)

    return router


def _configured(stack: Stack, gates: Path | None) -> Checklist:
    try:
        return replace(read_checklist(stack.file, gates, {}, "--gates"), journal=stack.journal)
    except HqError as error:
        raise logged(500, "the gates cannot be read", error) from None


def _check(checklist: Checklist, asked: CheckRequest, run_id: str | None) -> GateReport:
    chosen = _chosen(checklist, asked)
    try:
        gate = AutomatedQualityGate(chosen)
        return gate.check_all_gates(strict=asked.strict, remediate=asked.remediate, run_id=run_id)
    except HqError as error:
        raise logged(500, "the gates cannot be judged", error) from None


def _chosen(checklist: Checklist, asked: CheckRequest) -> Checklist:
    """The gates that are asked for; raises ApiError, whose sentence names the file without its directory."""
    named = replace(checklist, file=Path(checklist.file.name))
    try:
        chosen = named.only(asked.services, asked.gates)
        return chosen.with_window(asked.window_seconds) if asked.window_seconds else chosen
    except HqError as error:
        raise ApiError(422, str(error)) from None
