"""What the parts of the dashboard ask alike: of the last run, at the end of the time range, of what was chosen."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from grafana.colours import BY_SEVERITY, CALM, FAULT, NEUTRAL, UNKNOWN, Word
from grafana.promql import first, labelled, number
from stack.model import Stack

SCENARIO, TARGET = 'scenario="$scenario"', 'chaos_target="$chaos_target"'
RUN = f"{SCENARIO}, {TARGET}"

NOT_MEASURED, NONE_RAN, BLIND = -1.0, -2.0, -3.0
"""In place of a value: the run did not tell; there was none; nobody knows, since the exporter does not tell."""

INSTEAD = (
    Word(NOT_MEASURED, "not measured", UNKNOWN),
    Word(NONE_RAN, "none ran", UNKNOWN),
    Word(BLIND, "BLIND", UNKNOWN),
)
TELLS = 'max(exporter_collector_success{collector="journal"} == 1)'
"""1 while the exporter is scraped and can read the journal."""

RAN = f"max(chaos_run_outcome{{{RUN}}})"
"""1 when there was a run."""

OUTCOMES: Mapping[str, float] = MappingProxyType(
    {"died": 0.0, "could_not_run": 1.0, "stopped": 2.0, "weakness": 3.0, "resilient": 4.0}
)
OUTCOME_WORDS = (
    Word(4, "RESILIENT", CALM),
    Word(3, "WEAKNESS", BY_SEVERITY["high"]),
    Word(2, "STOPPED", NEUTRAL),
    Word(1, "COULD NOT RUN", BY_SEVERITY["medium"]),
    Word(0, "DIED", BY_SEVERITY["medium"]),
)

PHASES: Mapping[str, float] = MappingProxyType({"baseline": 1.0, "faults": 2.0, "recovery": 3.0})
PHASE_WORDS = (
    Word(0, "no run", NEUTRAL),
    Word(1, "baseline", NEUTRAL),
    Word(2, "faults are in", FAULT),
    Word(3, "recovery", BY_SEVERITY["low"]),
)


def told(*values: str) -> str:
    """The first of some values of the run that there is, or why there is none."""
    return first(*values, *reasons())


def rows(expr: str, says: str = "", **missing: str) -> str:
    """The rows of `expr`, or one row with the labels `missing` whose value says why there are none.

    The label `says`, when there is to be one, says it in a word.
    """
    words = ({says: word.text} if says else {} for word in INSTEAD)
    return first(expr, *(labelled(reason, **missing, **word) for reason, word in zip(reasons(), words, strict=True)))


def reasons() -> tuple[str, ...]:
    """Why there is no value, as a number."""
    return f"0 * {RAN} + {NOT_MEASURED:g}", f"0 * {TELLS} + {NONE_RAN:g}", number(BLIND)


def outcomes(matchers: str = "") -> str:
    """How the last runs ended, as one of OUTCOMES."""
    return _coded("chaos_run_outcome", "outcome", OUTCOMES, matchers)


def phases(matchers: str = "") -> str:
    """Where the runs that are under way are, as one of PHASES, and 0 where there is none."""
    idle = f"max by (scenario, chaos_target) (0 * chaos_run_active{{{matchers}}})"
    return f"{_coded('chaos_run_phase', 'phase', PHASES, matchers)} or {idle}"


def _coded(metric: str, label: str, codes: Mapping[str, float], matchers: str) -> str:
    """The one of some states that is 1, as its code."""
    states = " or ".join(
        f'({code:g} * ({metric}{{{label}="{state}", {matchers}}} == 1))' for state, code in codes.items()
    )
    return f"max by (scenario, chaos_target) ({states})"


def of_target(stack: Stack, expr: str) -> str:
    """The series of `expr` whose `service` is the target, or the one that uses it."""
    service = labelled("vector(1)", service="$chaos_target")
    for name in stack.services:
        if pools := [pool.name for pool in stack.pools.values() if pool.used_by == name]:
            service = f'label_replace({service}, "service", "{name}", "service", "{"|".join(pools)}")'
    return f"{expr} and on (service) {service}"
