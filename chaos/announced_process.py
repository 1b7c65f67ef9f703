"""Which process a run is, as its announcement says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stack.process import ProcessIdentity


def this_process() -> dict[str, object]:
    """What tells this process from every other, before and after it."""
    ours = ProcessIdentity.ours()
    return {"pid": ours.pid, "process_started": ours.started, "boot": ours.boot, "pid_namespace": ours.namespace}


def announced_process(data: Mapping[str, Any]) -> ProcessIdentity:
    """The process that announced itself; one that cannot be read is no process that runs."""
    pid, started = data.get("pid"), data.get("process_started")
    return ProcessIdentity(
        pid if isinstance(pid, int) else -1,
        started if isinstance(started, int) else -1,
        str(data.get("boot", "")),
        str(data.get("pid_namespace", "")),
    )
