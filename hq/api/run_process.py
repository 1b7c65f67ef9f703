"""The process of a run that was asked for over HTTP: it outlives whoever asked, and us."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from chaos.requested import is_held
from hq.api.run_request import Plan
from stack.model import Stack

LOGS_KEPT = 50

_LOG = re.compile(r"\d{8}T\d{6}Z-.*\.log", re.ASCII)


def start_process(stack: Stack, run: str, plan: Plan, output: int) -> subprocess.Popen[bytes] | None:
    """Starts it, with `output` for what it says; None when it cannot be, and then the output says why."""
    settings = [word for name, text in plan.changes.items() for word in ("--set", f"{name}={text}")]
    file = stack.file.resolve()
    try:
        return subprocess.Popen(
            [
                sys.executable, "-P", "-m", "hq.cli", "--stack", str(file),
                "chaos", "run", plan.scenario, "--target", plan.target, "--run-id", run, *settings,
            ],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=file.parent,
            start_new_session=True,
        )  # fmt: skip
    except OSError as error:
        os.write(output, f"dev-hq: the run cannot be started: {error.strerror}\n".encode())
        return None


def forget_old_logs(directory: Path) -> None:
    """Removes all but the newest logs of runs that were asked for; one that cannot be removed stays."""
    logs = sorted(path for path in directory.glob("*.log") if _LOG.fullmatch(path.name))
    for log in logs[:-LOGS_KEPT]:
        if not is_held(log):
            with suppress(OSError):
                log.unlink()
