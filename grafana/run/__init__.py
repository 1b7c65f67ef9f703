"""The chaos run dashboard: what was broken, what it did, who was told, how fast it was over, what that scores."""

from grafana.run.board import run as run
