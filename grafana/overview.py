"""The home: what is anomalous, since when, how bad, what to do, which fault explains it, and may I release."""

from __future__ import annotations

from grafana.annotations import faults
from grafana.colours import SCORE_STEPS, UNKNOWN, Word
from grafana.dashboard import Board
from grafana.layout import Section
from grafana.panels import stat
from grafana.promql import BLIND, SERVICES, guarded
from grafana.query import Query
from grafana.variables import data_source, label_values
from stack.model import Stack

UID = "dev-hq-anomaly-overview"


def overview(stack: Stack) -> Board:
    """The anomaly overview."""
    return Board(
        UID,
        "Anomaly overview",
        "What is anomalous now, and what to do about it.",
        [
            Section(
                "",
                [
                    stat(
                        "Worst",
                        "The highest score: 1 at the threshold, critical from 3.",
                        [Query(guarded(f"max(anomaly:score{{{SERVICES}}})"))],
                        unit="short",
                        steps=SCORE_STEPS,
                        words=[Word(BLIND, "BLIND", UNKNOWN)],
                        decimals=1,
                    )
                ],
            )
        ],
        [data_source(), label_values("service", "Service", "anomaly:score", "service")],
        [faults('chaos_target=~".+"')],
    )
