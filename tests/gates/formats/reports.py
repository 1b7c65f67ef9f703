"""A report with every verdict, every kind and characters that formats stumble over."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gates.gate import GateReport, GateResult, Kind, Place, Verdict

NASTY = 'a|b <c> & "d" \\ `e` *f* 100% #1, x: y'


def result(verdict: Verdict = Verdict.PASS, **changes: Any) -> GateResult:
    """A gate on the success rate, but for the changes."""
    plain = GateResult(
        gate="success rate",
        service="shop",
        kind=Kind.SUCCESS_RATE,
        verdict=verdict,
        required=True,
        window=600.0,
        threshold=0.995,
        reason="because",
        place=Place("gates.yaml", 12),
    )
    return replace(plain, **changes)


EVERY_VERDICT = (
    result(
        reason="99.9% of 6,021 requests succeeded in 10m; at least 99.5% is due",
        actual=0.999,
        interval=(0.9978, 0.9996),
        requests=6021.3,
        bad=(6.0, 6.0),
        dispersion=1.0,
        coverage=1.0,
        notes=("a counter was reset",),
    ),
    result(
        Verdict.WARN,
        gate="p99 under 300ms",
        kind=Kind.LATENCY,
        threshold=0.99,
        actual=0.9912,
        interval=(0.9903, 0.9921),
        reason="99.12% of 60,000 requests took at most 300ms in 10m; below 99.5% is worth a warning",
        advice="Look before you release.",
        place=Place("gates.yaml", 13),
    ),
    result(
        Verdict.FAIL,
        gate=NASTY,
        service='sh"op\n::error::',
        actual=0.95,
        interval=(0.944, 0.956),
        dispersion=3.21,
        reason=f"it is {NASTY}\nand\x1b[31m red\x00",
        advice="Do not release.",
        place=Place("deploy/a, b: 100%.yaml", 14),
    ),
    result(
        Verdict.UNDECIDED,
        gate="budget",
        kind=Kind.ERROR_BUDGET,
        threshold=0.1,
        actual=0.2,
        interval=(0.2, 0.35),
        reason="the history covers about 2h (0.28%) of the 30d window",
        advice="Wait until the window has filled.",
        place=None,
    ),
    result(
        Verdict.ERROR,
        gate="queue",
        service="",
        kind=Kind.PROMQL,
        threshold=100.0,
        reason="Prometheus at http://127.0.0.1:9090 refused the connection; is it running?",
        advice="Mend it.",
    ),
    result(
        Verdict.FAIL,
        gate="burn",
        kind=Kind.BURN_RATE,
        required=False,
        threshold=6.0,
        actual=6.00000004,
        interval=(6.00000001, 7.25),
        reason="the budget burns faster than 6x",
    ),
    result(
        gate="not worse",
        kind=Kind.COMPARISON,
        required=False,
        threshold=0.0012,
        actual=0.0011,
        interval=(0.0, 0.00119),
        reason="no worse than stable",
        place=None,
    ),
)
REPORT = GateReport(EVERY_VERDICT, 1_795_341_600.0, run_id="build-7")


def of(*results: GateResult, **changes: Any) -> GateReport:
    """A report of these results, but for the changes."""
    return replace(REPORT, results=results, **changes)
