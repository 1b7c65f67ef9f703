"""What is wrong with a dashboard, and where."""

from __future__ import annotations

from stack.dataclass import dataclass
from tests.grafana.linter.dashboard import Dashboard, Panel, Target


@dataclass(frozen=True)
class Problem:
    """One sentence about one place; `panel` and `target` are empty where all of the dashboard is meant."""

    rule: str
    dashboard: str
    message: str
    panel: str = ""
    target: int | None = None

    def __str__(self) -> str:
        panel = f', panel "{self.panel}"' if self.panel else ""
        query = f", query {'ABCDEFGHIJKLMNOPQRSTUVWXYZ'[self.target]}" if self.target is not None else ""
        return f"{self.dashboard}{panel}{query}: {self.message} [{self.rule}]"


def problem(
    rule: str, dashboard: Dashboard, message: str, panel: Panel | None = None, target: Target | None = None
) -> Problem:
    """The problem in that place."""
    return Problem(rule, dashboard.title, message, panel.title if panel else "", target.place if target else None)
