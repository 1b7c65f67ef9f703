"""Probes: requests of which each is a sample of a gauge, 1 when it succeeded and 0 when it failed.

What such a gauge grew by means nothing, so its samples are counted and summed instead, and none of them is lost before
the first scrape or by a restart.
"""

from __future__ import annotations

from stack.quantity import format_duration


def probes(series: str, seconds: float) -> str:
    """PromQL: how many probes there were in the last `seconds`."""
    return f"sum(count_over_time({series}[{format_duration(seconds)}]))"


def succeeded(series: str, seconds: float) -> str:
    """PromQL: how many of the probes in the last `seconds` succeeded."""
    return f"sum(sum_over_time({series}[{format_duration(seconds)}]))"
