"""What `dev-hq generate` writes for Grafana: dashboards, and what provisions them."""

from __future__ import annotations

import argparse
from pathlib import Path

from stack.errors import MissingToolError
from stack.generated import Generated
from stack.model import Stack


def grafana_files(stack: Stack, arguments: argparse.Namespace) -> tuple[Generated, ...]:
    """The files below --output, or below grafana/ beside the stack's own file; raises HqError."""
    return grafana_below(arguments.output or arguments.stack.parent / "grafana", stack)


def grafana_below(directory: Path, stack: Stack) -> tuple[Generated, ...]:
    """The files below a directory; raises MissingToolError without grafanalib."""
    try:
        from grafana.directory import grafana_in
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "grafanalib":
            raise
        raise MissingToolError(
            "dashboards need grafanalib: pip install 'dev-hq[grafana]', or write the rules alone: "
            "dev-hq generate --only rules"
        ) from None
    return grafana_in(directory, stack)
