"""A gates file: which gates there are, on what, and whom they ask."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from gates.checklist import Checklist


def load_gates(path: Path, variables: Mapping[str, str]) -> Checklist:
    """The checklist in the gates file `path`, with these values of its variables; raises HqError."""
    raise NotImplementedError
