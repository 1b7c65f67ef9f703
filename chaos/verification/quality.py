"""How good the alerts are, from what was done and what fired; pure functions, explained in docs/verification.md.

The bars that the result is held to are in chaos/verification/bars.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import ceil, exp, lgamma, log
from statistics import median

from chaos.verification.episodes import Episode, Trial, merged
from gates.statistics import CONFIDENCE, clopper_pearson

GRACE = 30.0  # seconds after a trial in which an alert still belongs to it
NOTHING = "nothing"
DAY = 86_400.0


@dataclass(frozen=True)
class Share:
    """So many of so many."""

    hits: int
    of: int

    @property
    def value(self) -> float | None:
        """The share, or None of none."""
        return self.hits / self.of if self.of else None

    @property
    def interval(self) -> tuple[float, float]:
        """Bounds of the true share (Clopper-Pearson, each at 95 %)."""
        return clopper_pearson(self.hits, self.of) if self.of else (0.0, 1.0)


@dataclass(frozen=True)
class Times:
    """Seconds that something took, each time; quantiles are None without any."""

    values: tuple[float, ...]

    @property
    def median(self) -> float | None:
        """The middle one."""
        return median(self.values) if self.values else None

    @property
    def p95(self) -> float | None:
        """The smallest that at least 95 % do not exceed (nearest rank)."""
        return sorted(self.values)[ceil(0.95 * len(self.values)) - 1] if self.values else None

    @property
    def max(self) -> float | None:
        """The longest."""
        return max(self.values, default=None)


@dataclass(frozen=True)
class Judgement:
    """A trial with the episodes that began in it, and how long they took.

    `detected` and `cleared` are seconds from the beginning to the first alert of the right type, and from the end of
    the trial to the end of its last one; None without such an alert.
    """

    trial: Trial
    episodes: tuple[Episode, ...]

    @property
    def right(self) -> tuple[Episode, ...]:
        """The episodes of the type that was brought about."""
        return tuple(one for one in self.episodes if one.anomaly_type == self.trial.kind and self.trial.is_fault)

    @property
    def wrong(self) -> tuple[Episode, ...]:
        """The episodes that should not have been: all of a decoy, and those of the right type below its threshold."""
        allowed = (*self.trial.may, self.trial.kind) if self.trial.must_alert else self.trial.may
        return tuple(one for one in self.episodes if one.anomaly_type not in allowed)

    @property
    def detected(self) -> float | None:
        """Seconds from the beginning of the trial to the first alert of the right type."""
        return min((one.since - self.trial.since for one in self.right), default=None)

    @property
    def cleared(self) -> float | None:
        """Seconds from the end of the trial to that of the last alert of the right type."""
        return max((max(0.0, one.until - self.trial.until) for one in self.right), default=None)


@dataclass(frozen=True)
class Quality:
    """What the judgements and the episodes outside of every trial come to.

    `false_alarms` began while nothing was wrong: in decoys and in the `steady_seconds` beside the faults, decoys
    included.
    """

    judgements: tuple[Judgement, ...]
    strays: tuple[Episode, ...]
    steady_seconds: float

    @property
    def intensities(self) -> tuple[Decimal, ...]:
        """The intensities that there were trials of, ascending."""
        return tuple(sorted({one.trial.intensity for one in self.judgements if one.trial.intensity is not None}))

    def of(self, intensity: Decimal | None = None, kind: str | None = None) -> tuple[Judgement, ...]:
        """The judgements of faults, those of one intensity or one kind where that is asked for."""
        return tuple(
            one
            for one in self.judgements
            if one.trial.is_fault and intensity in (None, one.trial.intensity) and kind in (None, one.trial.kind)
        )

    def recall(self, intensity: Decimal, kind: str | None = None) -> Share:
        """The trials of an intensity in which the right type fired."""
        asked = self.of(intensity, kind)
        return Share(sum(bool(one.right) for one in asked), len(asked))

    def untyped_recall(self, intensity: Decimal, kind: str | None = None) -> Share:
        """The trials of an intensity in which anything fired, consequences too: someone was told."""
        asked = self.of(intensity, kind)
        return Share(sum(bool(one.episodes) for one in asked), len(asked))

    @property
    def precision(self) -> Share:
        """The episodes that were right, of all but the consequences that may be."""
        right = sum(len(one.right) for one in self.judgements if one.trial.must_alert)
        wrong = sum(len(one.wrong) for one in self.judgements) + len(self.strays)
        return Share(right, right + wrong)

    @property
    def right_type(self) -> Share:
        """The trials above the threshold in which the right type fired, of those in which anything did."""
        seen = [one for one in self.of() if one.trial.must_alert and one.episodes]
        return Share(sum(bool(one.right) for one in seen), len(seen))

    @property
    def confusion(self) -> Mapping[tuple[str, str], int]:
        """How many trials of a kind above its threshold showed a type; consequences that may be are left out."""
        found: Counter[tuple[str, str]] = Counter()
        for one in self.of():
            if one.trial.must_alert:
                seen = {episode.anomaly_type for episode in (*one.right, *one.wrong)} or {NOTHING}
                found.update((one.trial.kind, name) for name in seen)
        return dict(sorted(found.items()))

    def detect(self, intensity: Decimal | None = None, kind: str | None = None) -> Times:
        """How long the right type took to fire, in the trials above its threshold."""
        asked = (one.detected for one in self.of(intensity, kind) if one.trial.must_alert)
        return Times(tuple(seconds for seconds in asked if seconds is not None))

    def clear(self, intensity: Decimal | None = None, kind: str | None = None) -> Times:
        """How long the right type fired on after the end of the trials above its threshold."""
        asked = (one.cleared for one in self.of(intensity, kind) if one.trial.must_alert)
        return Times(tuple(seconds for seconds in asked if seconds is not None))

    @property
    def false_alarms(self) -> tuple[Episode, ...]:
        """The episodes that began while nothing was wrong."""
        decoyed = (episode for one in self.judgements if not one.trial.is_fault for episode in one.episodes)
        return tuple(sorted((*self.strays, *decoyed), key=lambda one: one.since))

    @property
    def false_alarms_a_day(self) -> float | None:
        """As many in a day as there were in the steady time; None without any."""
        return len(self.false_alarms) * DAY / self.steady_seconds if self.steady_seconds > 0 else None

    @property
    def most_false_alarms_a_day(self) -> float | None:
        """The upper limit of their true rate, at 95 %; None without any steady time."""
        if self.steady_seconds <= 0:
            return None
        return most_alarms(len(self.false_alarms)) * DAY / self.steady_seconds


def judged(
    trials: Iterable[Trial], episodes: Iterable[Episode], steady_seconds: float, grace: float = GRACE
) -> Quality:
    """Gives each episode to the trial in which it began, up to `grace` seconds after its end.

    One that began before a trial is nobody's detection. `steady_seconds` are those without any fault, decoys included.
    """
    trials = tuple(sorted(trials, key=lambda trial: trial.since))
    found: dict[int, list[Episode]] = {number: [] for number in range(len(trials))}
    strays: list[Episode] = []
    for episode in merged(episodes, [trial.since for trial in trials]):
        number = _trial_of(episode, trials, grace)
        (strays if number is None else found[number]).append(episode)
    judgements = tuple(Judgement(trial, tuple(found[number])) for number, trial in enumerate(trials))
    return Quality(judgements, tuple(strays), steady_seconds)


def _trial_of(episode: Episode, trials: Sequence[Trial], grace: float) -> int | None:
    """The trial that an episode belongs to: of several that do, one that explains it, and of these the last."""
    covering = [
        number
        for number, trial in enumerate(trials)
        if trial.service == episode.service and trial.since <= episode.since <= trial.until + grace
    ]

    def explains(number: int) -> tuple[bool, bool, int]:
        trial = trials[number]
        return trial.kind == episode.anomaly_type, episode.anomaly_type in trial.may, number

    return max(covering, key=explains, default=None)


def steady_seconds(trials: Iterable[Trial], since: float, until: float, grace: float = GRACE) -> float:
    """The seconds between two moments in which there was no fault, nor the `grace` after one."""
    steady, reached = 0.0, since
    for trial in sorted(trials, key=lambda trial: trial.since):
        if trial.is_fault:
            steady += max(0.0, min(trial.since, until) - reached)
            reached = max(reached, trial.until + grace)
    return steady + max(0.0, until - reached)


def most_alarms(seen: int, confidence: float = CONFIDENCE) -> float:
    """The upper limit of how many were to be expected when `seen` came (exact Poisson; F. Garwood, 1936).

    With none it is 3.0, the rule of three.
    """
    low, high = float(seen), 10.0 + 3 * seen
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if _poisson_at_most(seen, middle) > 1 - confidence else (low, middle)
    return high


def _poisson_at_most(seen: int, mean: float) -> float:
    """The probability of `seen` or fewer; its terms by logarithms, since exp(-mean) alone may be too small to hold."""
    return sum(exp(k * log(mean) - mean - lgamma(k + 1)) for k in range(seen + 1))
