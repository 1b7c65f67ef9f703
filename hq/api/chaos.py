"""Runs over HTTP: start one, see it, follow it, stop it."""

from __future__ import annotations

from fastapi import APIRouter

from hq.api.doors import Doors
from hq.api.tokens import Scope
from stack.model import Stack


def chaos(doors: Doors, stack: Stack, *, enabled: bool) -> tuple[APIRouter, ...]:
    """The paths under `/api/chaos`; `enabled` is whether a run may be started."""
    return doors.to(Scope.READ, "chaos"), doors.to(Scope.CHAOS, "chaos")
