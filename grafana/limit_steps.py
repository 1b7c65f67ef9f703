"""The colours of a value by the limit of its type of anomaly: those of the severities that it would have."""

from __future__ import annotations

from decimal import Decimal

from grafana.colours import BY_SEVERITY, CALM, Step
from prometheus.catalogue import CATALOGUE, SEVERITIES
from stack.model import Stack


def limit_steps(stack: Stack, name: str) -> tuple[Step, ...]:
    """Of a value that is judged by how many times the limit it is."""
    limit = _limit(stack, name)
    return _steps({severity: limit * score for severity, score in SEVERITIES.items()})


def nearness_steps(stack: Stack, name: str) -> tuple[Step, ...]:
    """Of a ratio that is judged by how much nearer than the limit it is to 1."""
    left = 1 - _limit(stack, name)
    return _steps({severity: 1 - left / score for severity, score in SEVERITIES.items()})


def _limit(stack: Stack, name: str) -> Decimal:
    return CATALOGUE[name].adjusted(stack.anomalies).limit


def _steps(levels: dict[str, Decimal]) -> tuple[Step, ...]:
    above = (Step(round(float(level), 6), BY_SEVERITY[severity]) for severity, level in levels.items())
    return (Step(0, CALM), *above)
