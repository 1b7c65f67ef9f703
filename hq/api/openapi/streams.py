"""What the two streams send, as the OpenAPI document describes it."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from hq.api.anomalies_answer import AnomaliesFound, AnomalyChange, Blindness
from hq.api.openapi.events import EventKind, sends
from hq.api.openapi.examples import EXAMPLE_RUN
from hq.api.run_models import Run


class RunRecord(BaseModel):
    """A record of the journal; what else is in it depends on its kind."""

    model_config = ConfigDict(extra="allow")

    at: datetime | None = Field(description="When it was written.")
    run: str


class RunProgress(RunRecord):
    """What a run says of itself, as `dev-hq chaos run` prints it."""

    step: str
    sentence: str


OF_A_RUN = sends(
    "The records of the run as they are written. The id of an event is its number within the run.",
    EventKind("run_requested", "It was asked for over HTTP.", RunRecord),
    EventKind("run_announced", "It begins; nothing is injected yet.", RunRecord),
    EventKind("run_progress", "It says what it does.", RunProgress),
    EventKind("fault_injected", "A fault is in.", RunRecord),
    EventKind("fault_withdrawn", "A fault is out again.", RunRecord),
    EventKind("run_withdrawn", "All faults are out.", RunRecord),
    EventKind("run_finished", "It has ended, with outcome and score; or died, as whoever noticed wrote.", RunRecord),
    EventKind("end", "Nothing comes after this. It has no id.", Run),
    example="retry: 2000\n\n"
    "event: run_progress\n"
    f'data: {{"at": "2026-01-31T12:00:03Z", "run": "{EXAMPLE_RUN}", '
    '"step": "baseline", "sentence": "the system is steady"}\n'
    "id: 2\n\n",
)

OF_ANOMALIES = sends(
    "Events as they happen, and a comment every 15 s while none does.",
    EventKind("snapshot", "First, unless Last-Event-ID is the id of an event that is still known.", AnomaliesFound),
    EventKind("started", "An anomaly began.", AnomalyChange),
    EventKind("changed", "Something of an anomaly changed; `fields` says what.", AnomalyChange),
    EventKind("ended", "An anomaly is over.", AnomalyChange),
    EventKind("blind", "Nobody can say what is anomalous.", Blindness),
    EventKind("seeing", "Somebody can again; what changed in between comes next.", AnomaliesFound),
    example="retry: 2000\n\n"
    "event: blind\n"
    'data: {"at": "2026-01-31T12:00:03Z", "state": "blind", "reason": "Prometheus does not answer"}\n'
    "id: 5f0c-7\n\n",
)
