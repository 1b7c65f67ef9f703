"""Every dashboard of a stack, by the name of its file."""

from __future__ import annotations

from grafana.dashboard import dashboard_text
from grafana.overview import overview
from grafana.pool import pool
from grafana.run import run
from grafana.service import service
from stack.model import Stack


def dashboard_texts(stack: Stack) -> dict[str, str]:
    """The JSON of every dashboard; raises HqError for what the stack has no sense in."""
    boards = {
        "anomaly-overview.json": overview(stack),
        "chaos-run.json": run(stack),
        "pool.json": pool(stack),
        "service.json": service(stack),
    }
    return {name: dashboard_text(board) for name, board in boards.items()}
