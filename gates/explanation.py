"""What each gate demands and asks, without asking it."""

from __future__ import annotations

from gates.checklist import Checklist


def explain(checklist: Checklist) -> str:
    """Each gate in words, with the requests that its proof takes and the PromQL that it asks."""
    raise NotImplementedError
