"""What the gates found, for people and for programs: a module for each format."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gates.gate import GateReport

FORMATS = ("text", "json", "junit", "markdown", "github", "openmetrics")


def render(report: GateReport, name: str) -> str:
    """The report in the format of that name, without a last line break."""
    rendered: str = import_module(f"gates.formats.{name}").render(report)
    return rendered
