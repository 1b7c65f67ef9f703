"""What the API says of anomalies, as hq/terminal/json_lines.py writes it; docs/terminal.md describes each field."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

Severity = Literal["low", "medium", "high", "critical"]
State = Literal["calm", "anomalous", "blind"]


class InjectedFault(BaseModel):
    """A fault that is injected now."""

    kind: str
    target: str
    scenario: str


class ExplainingFault(InjectedFault):
    """A fault of ours that explains an anomaly; `injected` is whether it still is."""

    injected: bool


class AnomalyFound(BaseModel):
    """One thing that is not as it should be, and what to do about it."""

    type: str
    severity: Severity
    service: str
    pool: str = Field(description="Empty for an anomaly of the service itself.")
    metric: str
    threshold: str = Field(description="For people, with its unit; so is `actual`.")
    actual: str
    recommendation: str
    summary: str
    since: float = Field(description="When the metric passed the threshold, in epoch seconds.")
    runbook_url: str
    dashboard_url: str
    explained_by: ExplainingFault | None


class ServiceFound(BaseModel):
    """The last minute of a service: requests a second, failed ones as a ratio, seconds; null is not known."""

    name: str
    rate: float | None
    errors: float | None
    p95: float | None


class BudgetFound(BaseModel):
    """What is left of an error budget, as a ratio; `burning` is the severity of its alert."""

    service: str
    objective: str
    left: float | None
    burning: Severity | None


class GateVerdict(BaseModel):
    """The last verdict of a gate, and when it was checked (epoch seconds)."""

    name: str
    service: str
    verdict: Literal["PASS", "WARN", "FAIL", "UNDECIDED", "ERROR"]
    checked: float | None


class TroubleFound(BaseModel):
    """Something that watches is itself in trouble."""

    alert: str
    severity: Severity
    summary: str


class AnomaliesFound(BaseModel):
    """What was seen at one time. What nobody can say is null, never an empty list; when blind, that is all of it."""

    at: str = Field(description="By the clock of Prometheus, in UTC.", examples=["2026-11-22T18:42:56Z"])
    state: State
    reason: str | None = Field(description="Why nobody can say what is anomalous: set while the state is `blind`.")
    anomalies: tuple[AnomalyFound, ...] | None = Field(description="The worst first.")
    faults: tuple[InjectedFault, ...] | None
    services: tuple[ServiceFound, ...] | None
    budgets: tuple[BudgetFound, ...] | None
    gates: tuple[GateVerdict, ...] | None
    troubles: tuple[TroubleFound, ...] | None


class AnomalyChange(BaseModel):
    """The data of the events `started`, `changed` and `ended`; `fields` names what changed."""

    at: str
    state: State
    anomaly: AnomalyFound
    fields: tuple[str, ...]


class Blindness(BaseModel):
    """The data of the event `blind`."""

    at: str
    state: Literal["blind"]
    reason: str
