"""What is anomalous now, and a stream of what changes."""

from __future__ import annotations

from fastapi import APIRouter

from hq.api.doors import Doors
from hq.api.tokens import Scope
from stack.model import Stack


def anomalies(doors: Doors, stack: Stack) -> APIRouter:
    """`GET /api/anomalies` and `GET /api/anomalies/stream`."""
    return doors.to(Scope.READ, "anomalies")
