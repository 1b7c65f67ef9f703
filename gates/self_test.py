"""What can go wrong with a Prometheus, played to the user's own gates."""

from __future__ import annotations

from collections.abc import Callable

from gates.checklist import Checklist


def rehearse(checklist: Checklist, say: Callable[[str], None]) -> int:
    """Says the verdict of every gate on every failure; 0 when none passes that should not, else 1."""
    raise NotImplementedError
