"""What became of a remediation."""

from __future__ import annotations

from stack.dataclass import dataclass


@dataclass(frozen=True)
class Remedy:
    """The `action` and its `outcome`, which are a sentence together; `problem` is that sentence when it failed."""

    action: str
    outcome: str
    problem: str | None = None

    @classmethod
    def failed(cls, action: str, outcome: str) -> Remedy:
        """One that did not do what it should."""
        return cls(action, outcome, f"{action} {outcome}")
