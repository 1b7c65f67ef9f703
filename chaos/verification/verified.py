"""What a verification came to, from what was tried and what fired."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from chaos.detection import notified_at
from chaos.score import Outcome
from chaos.verification.bars import Finding
from chaos.verification.episodes import Episode
from chaos.verification.quality import Quality, judged, steady_seconds
from chaos.verification.settled import Tried
from stack.journal import Record

SLOW = ("budget_exhaustion",)  # looks back over hours, so it tells of all trials together and is judged by none


@dataclass(frozen=True)
class Verified:
    """What was tried, what fired, and what that says; `quality` and `findings` only of trials that are not void."""

    outcome: Outcome
    reason: str
    tried: tuple[Tried, ...]
    episodes: tuple[Episode, ...]
    quality: Quality
    findings: tuple[Finding, ...]
    left_out: tuple[str, ...]


def quality_of(tried: Sequence[Tried], episodes: Sequence[Episode], since: float, until: float) -> Quality:
    """The judgement of what was tried between two moments (epoch seconds).

    What fired in a trial that is void belongs to it, and says nothing either way.
    """
    trials = [one.trial for one in tried]
    quick = [one for one in episodes if one.anomaly_type not in SLOW]
    everything = judged(trials, quick, steady_seconds(trials, since, until))
    valid = {one.trial for one in tried if not one.void}
    return replace(everything, judgements=tuple(one for one in everything.judgements if one.trial in valid))


def notified(tried: Sequence[Tried], records: Sequence[Record]) -> tuple[Tried, ...]:
    """Each trial with the first notification of its type that the journal has, up to the next trial of that type."""
    found = []
    for number, one in enumerate(tried):
        trial = one.trial
        following = (other.trial.since for other in tried[number + 1 :] if other.trial.kind == trial.kind)
        at = notified_at(records, (trial.kind,), trial.service, trial.since)
        if at is not None and at < min(following, default=float("inf")):
            one = replace(one, notified=at - trial.since)  # noqa: PLW2901
        found.append(one)
    return tuple(found)
