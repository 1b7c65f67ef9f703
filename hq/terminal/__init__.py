"""What is anomalous now, on a terminal: a full screen, plain text, or JSON lines."""

from hq.terminal.dashboard import AnomalyDashboard
from hq.terminal.observation import BlindError
from hq.terminal.plain import report

__all__ = ["AnomalyDashboard", "BlindError", "report"]
