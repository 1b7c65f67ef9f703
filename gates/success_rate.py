"""The gate on the success rate: enough of the requests in its window succeeded."""

from __future__ import annotations

from gates.gate import GateResult, QualityGate
from gates.instant import Instant
from gates.judgement import judge_share
from gates.share import failed_requests


def check(gate: QualityGate, instant: Instant) -> GateResult:
    """The verdict at an instant; raises PrometheusError, UnusableAnswerError."""
    share, evidence = failed_requests(gate.sli, gate.window, instant)
    return judge_share(gate, share, evidence, "succeeded")
