"""The bars that the shipped alerts are held to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from chaos.verification.quality import Quality, Share
from prometheus.recording.recordings import MINUTE

BELOW, JUST_ABOVE, FAR_ABOVE = INTENSITIES = (Decimal("0.75"), Decimal("1.25"), Decimal(3))
RECALL_JUST_ABOVE = 0.8
PRECISION = 0.95
RIGHT_TYPE = 0.9


@dataclass(frozen=True)
class Finding:
    """A bar and whether it was met; None when nothing was tried that could tell.

    `disproved` when chance does not explain a miss: the bar lies above the upper bound of the true share.
    """

    bar: str
    met: bool | None
    disproved: bool
    evidence: str


def allowed_seconds(size: float, allowance: float) -> float:
    """What detecting an anomaly of `size` (times its threshold) may take, `allowance` beyond what its window needs.

    The window of a minute fills evenly, so it reaches the threshold after 60 s / size; chaos.detection.allowance is
    what the rule needs from then on.
    """
    return MINUTE / size + allowance


def bars(quality: Quality) -> list[Finding]:
    """Every bar, with what was found."""
    return [*_recalls(quality), *_shares(quality), _in_time(quality)]


def _recalls(quality: Quality) -> Iterator[Finding]:
    far = quality.recall(FAR_ABOVE)
    yield _finding(f"recall 1.0 at {FAR_ABOVE}x", far, far.hits == far.of, disproved=far.hits < far.of)
    near = quality.recall(JUST_ABOVE)
    yield _at_least(f"recall at least {RECALL_JUST_ABOVE} at {JUST_ABOVE}x", near, RECALL_JUST_ABOVE)
    below = quality.recall(BELOW)
    yield _finding(f"no alert at {BELOW}x", below, below.hits == 0, disproved=below.hits > 0)


def _shares(quality: Quality) -> Iterator[Finding]:
    yield _at_least(f"precision at least {PRECISION}", quality.precision, PRECISION)
    yield _at_least(f"right type at least {RIGHT_TYPE}", quality.right_type, RIGHT_TYPE)


def _at_least(bar: str, share: Share, least: float) -> Finding:
    met = share.value is not None and share.value >= least
    return _finding(bar, share, met, disproved=share.interval[1] < least)


def _finding(bar: str, share: Share, met: bool, *, disproved: bool) -> Finding:
    if not share.of:
        return Finding(bar, None, disproved=False, evidence="nothing was tried")
    return Finding(bar, met, disproved, worded(share))


def _in_time(quality: Quality) -> Finding:
    bar = f"detected at {FAR_ABOVE}x within 60 s / size + scrape + 2 evaluations + hold"
    timed = [
        (one.detected - one.trial.allowed, one.detected, one.trial.allowed)
        for one in quality.of(FAR_ABOVE)
        if one.detected is not None and one.trial.allowed is not None
    ]
    if not timed:
        return Finding(bar, None, disproved=False, evidence="nothing was detected that has a limit")
    late = sum(excess > 0 for excess, _, _ in timed)
    _, seconds, allowed = max(timed)
    evidence = f"{late} of {len(timed)} were late; the last came after {seconds:.1f} s of {allowed:.1f} s"
    return Finding(bar, not late, bool(late), evidence)


def worded(share: Share) -> str:
    """A share with its bounds, such as `9 of 9 (at least 71.7%)`."""
    low, high = share.interval
    if not share.of:
        return "none of none"
    if share.hits == share.of:
        bounds = f"at least {low:.1%}"
    elif share.hits == 0:
        bounds = f"at most {high:.1%}"
    else:
        bounds = f"{low:.1%} to {high:.1%}"
    return f"{share.hits} of {share.of} ({bounds})"
