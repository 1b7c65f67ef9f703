"""Where the gates of a check are written: in a gates file, or else in the stack."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from gates.checklist import Checklist


def read_checklist(
    stack: Path, gates: Path | None, variables: Mapping[str, str], option: str = "--config"
) -> Checklist:
    """The gates in the file `gates`, which `option` names, with these variables, or the stack's; raises HqError."""
    if gates:
        from gates.configuration.gates_file import load_gates

        return load_gates(gates, variables, option)
    from gates.objectives import checklist_of
    from stack.placement import open_stack

    return checklist_of(open_stack(stack))
