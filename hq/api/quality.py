"""The gates over HTTP: may this release go out?"""

from __future__ import annotations

from fastapi import APIRouter

from gates.checklist import Checklist
from hq.api.doors import Doors
from hq.api.tokens import Scope


def quality(doors: Doors, checklist: Checklist) -> APIRouter:
    """`POST /api/quality/check`."""
    return doors.to(Scope.QUALITY, "quality")
