"""What the gates found, as OpenMetrics: for GitLab's metrics report and node_exporter's textfile collector.

The names are those of the exporter, in docs/metrics.md.
"""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite

from gates.formats.plain import plain
from gates.gate import GateReport, GateResult
from stack.verdicts import ACTUAL, THRESHOLD, VERDICT, VERDICTS

_FAMILIES: tuple[tuple[str, str, Callable[[GateResult], float | None]], ...] = (
    (*VERDICT, lambda result: VERDICTS[result.verdict]),
    (*ACTUAL, lambda result: result.actual),
    (*THRESHOLD, lambda result: result.threshold),
)


def render(report: GateReport) -> str:
    """The last verdict of each gate; what could not be measured has no sample."""
    lines: list[str] = []
    for name, documentation, number in _FAMILIES:
        lines += [f"# HELP {name} {documentation}", f"# TYPE {name} gauge"]
        lines += [f"{name}{labels} {value!r}" for labels, value in _samples(report, number).items()]
    return "\n".join([*lines, "# EOF"])


def _samples(report: GateReport, number: Callable[[GateResult], float | None]) -> dict[str, float]:
    """Values by labels; names that differ only in what cannot be printed are one series, for two would spoil all."""
    samples: dict[str, float] = {}
    for result in report.results:
        value = number(result)
        if value is not None and isfinite(value):
            samples.setdefault(f"{{gate={_quoted(result.gate)},service={_quoted(result.service)}}}", float(value))
    return samples


def _quoted(text: str) -> str:
    escaped = plain(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
