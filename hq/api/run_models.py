"""What is asked and answered about runs, as types: names and numbers only."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from chaos.known_run import KnownRun, State
from chaos.parameters import LONGEST, LONGEST_DELAY, SHORTEST
from chaos.run_id import RUN_ID
from chaos.score import Outcome
from stack.quantity import QuantityError, parse_duration, parse_percent

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
RunId = Annotated[str, Field(pattern=f"^{RUN_ID}$")]


class Asked(BaseModel):
    """What somebody sends: of exactly these types, and nothing else."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


class RunParameters(Asked):
    """What of a scenario is changed; the rest is as the scenario has it."""

    share: float | None = Field(
        default=None, gt=0, le=1, description="Of a pool's members, or a service's requests: a ratio."
    )
    intensity: float | None = Field(
        default=None, gt=0, le=LONGEST_DELAY,
        description="Of the requests of what is hit, a ratio; of a scenario that delays, by how many seconds.",
    )  # fmt: skip
    duration_seconds: float | None = Field(default=None, ge=SHORTEST, le=LONGEST)
    step_seconds: float | None = Field(
        default=None, ge=0, le=LONGEST, description="Between the beginnings of two members of a pool."
    )


class RunRequest(Asked):
    """A run that is asked for."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"scenario": "proxy-failure-wave", "parameters": {"share": 0.5, "duration_seconds": 30}}]
        }
    )

    scenario: Name = Field(description="One of `GET /api/chaos/scenarios`.")
    target: Name | None = Field(default=None, description="A pool or service; needed where the scenario has several.")
    parameters: RunParameters = RunParameters()


class StopRequest(Asked):
    """What is to be stopped."""

    run: RunId | None = Field(default=None, description="Only this one; left out, whichever is active.")


class Stopped(BaseModel):
    """The run that was told to stop; null when none was active, or not the one that was named."""

    run: str | None


class Settings(BaseModel):
    """Parameters; null is what the run or scenario has none of."""

    share: float | None = None
    intensity: float | None = Field(default=None, description="A ratio, or seconds for a scenario that delays.")
    duration_seconds: float | None = None
    step_seconds: float | None = None


class Scenario(BaseModel):
    """A scenario, and where on this stack it can be run."""

    name: str
    title: str
    hypothesis: str
    faults: list[str]
    targets: list[str] = Field(description="The pools and services of this stack that it can be run on.")
    parameters: Settings = Field(description="As they are unless a request changes them.")
    intensity_unit: Literal["ratio", "seconds"]
    expect: list[str] = Field(description="Anomaly types that must be detected.")
    may: list[str] = Field(description="Anomaly types that can be a consequence.")
    silent: list[str] = Field(description="Anomaly types that must not fire.")


class Scenarios(BaseModel):
    """What can be run."""

    scenarios: list[Scenario]


class Run(BaseModel):
    """A run; null is what has not happened yet or is not known."""

    run: str
    state: State = Field(description="`died`: its process ended without a word; its faults end by themselves.")
    scenario: str
    target: str
    service: str | None = Field(description="The service that suffers.")
    parameters: Settings
    requested_at: datetime | None = Field(description="When it was asked for over HTTP.")
    announced_at: datetime | None = Field(description="When it began.")
    deadline_at: datetime | None = Field(description="When every fault is over, whatever happens.")
    finished_at: datetime | None
    outcome: Outcome | None
    reason: str | None
    score: float | None = Field(description="0 to 100; null too when there was too little to tell.")
    time_to_detect_seconds: float | None
    time_to_recover_seconds: float | None
    duration_seconds: float | None


class Runs(BaseModel):
    """Runs, the newest first."""

    runs: list[Run]


class Part(BaseModel):
    """A part of the score, with its evidence."""

    name: str
    points: float
    of: float
    evidence: list[str]


class RunDetails(Run):
    """A run, and what its report says once it has one."""

    parts: list[Part]
    recommendations: list[str]
    report: dict[str, JsonValue] | None = Field(description="The whole report; docs/score.md explains it.")


def described(known: KnownRun, state: State, reason: str | None) -> dict[str, Any]:
    """A run as the fields of `Run`."""
    outcomes: tuple[str, ...] = tuple(Outcome)
    ended = known.outcome if known.outcome in outcomes else None
    return {
        "run": known.run,
        "state": state,
        "scenario": known.scenario,
        "target": known.target,
        "service": known.service,
        "parameters": settings(known.parameters),
        "requested_at": moment(known.requested),
        "announced_at": moment(known.announced),
        "deadline_at": moment(known.deadline),
        "finished_at": moment(known.finished),
        "outcome": ended,
        "reason": reason,
        "score": known.score,
        "time_to_detect_seconds": known.time_to_detect,
        "time_to_recover_seconds": known.time_to_recover,
        "duration_seconds": known.duration,
    }


def settings(texts: Mapping[str, str]) -> Settings:
    """Parameters as numbers, which people write as texts."""
    return Settings(
        share=_number(texts.get("share")),
        intensity=_number(texts.get("intensity")),
        duration_seconds=_number(texts.get("duration")),
        step_seconds=_number(texts.get("step")),
    )


def moment(at: float | None) -> datetime | None:
    """A time of the journal; None too for one that no calendar has."""
    try:
        return None if at is None else datetime.fromtimestamp(at, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _number(text: str | None) -> float | None:
    if text is None:
        return None
    for parse in (parse_duration, parse_percent):
        try:
            return float(parse(text))
        except QuantityError:
            continue
    return None
