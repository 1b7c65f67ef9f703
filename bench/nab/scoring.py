"""NAB's score, standard profile.

Lavin and Ahmad, "Evaluating Real-time Anomaly Detection Algorithms - the Numenta Anomaly Benchmark", 2015,
arXiv:1510.03336.

A window counts once, by its earliest detection, the more the earlier that is; each row that is detected outside of any
window costs, the less the closer it is behind one. Nothing counts in the first 15 % of a file.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from math import exp, inf

from bench.nab.corpus import Series
from stack.dataclass import dataclass

FALSE_POSITIVE = 0.11
"""What a false positive costs at most in the standard profile; a detected window is worth 1, a missed one costs 1."""
PROBATION, LONGEST_PROBATION = 0.15, 750


@dataclass(frozen=True)
class Row:
    """One row that counts: how anomalous, what its detection is worth, and the window that it is in, if any."""

    score: float
    weight: float
    window: tuple[str, int] | None


@dataclass(frozen=True)
class Outcome:
    """What a threshold makes of files; `points` before they are normalised: windows at best, -windows without any."""

    points: float
    detected: int
    missed: int
    false_positives: int

    @property
    def score(self) -> float:
        """100 x (points - null) / (perfect - null) (section 3 of the paper); null is a detector that never detects."""
        windows = self.detected + self.missed
        return 100 * (self.points + windows) / (2 * windows) if windows else 0.0


def sigmoid(position: float) -> float:
    """The paper's equation 1 for a true positive's weight 1 and a false positive's -1; -1 more than 3 windows behind.

    `position` in widths of the window, 0 at its right end, negative within.
    """
    return -1.0 if position > 3 else 2 / (1 + exp(5 * position)) - 1


def probation(length: int) -> int:
    """How many rows at the beginning of a file do not count."""
    return min(int(PROBATION * length), LONGEST_PROBATION)


def rows(series: Series, scores: Sequence[float]) -> list[Row]:
    """The rows of a file that count, with the score of each."""
    found = []
    ended: tuple[int, int] | None = None
    coming = list(enumerate(series.windows))
    for index, score in enumerate(scores):
        while coming and coming[0][1][1] < index:
            ended = coming.pop(0)[1]
        window = (series.name, coming[0][0]) if coming and coming[0][1][0] <= index else None
        if index >= probation(len(series.values)):
            weight = _inside(index, coming[0][1]) if window else _outside(index, ended)
            found.append(Row(score, weight, window))
    return found


def _inside(index: int, window: tuple[int, int]) -> float:
    """Scaled, as NAB does, so that a detection at the very first row is worth 1."""
    left, right = window
    return sigmoid(-(right - index + 1) / (right - left + 1)) / sigmoid(-1)


def _outside(index: int, ended: tuple[int, int] | None) -> float:
    if ended is None:
        return -FALSE_POSITIVE
    left, right = ended
    return FALSE_POSITIVE * sigmoid((index - right) / (right - left)) if right > left else -FALSE_POSITIVE


def outcome(counted: Iterable[Row], threshold: float) -> Outcome:
    """What is detected where the score reaches `threshold`."""
    windows: dict[tuple[str, int], float] = {}
    points, false_positives = 0.0, 0
    for row in counted:
        detected = row.score >= threshold
        if row.window:
            windows[row.window] = max(windows.get(row.window, -1.0), row.weight if detected else -1.0)
        elif detected:
            points += row.weight
            false_positives += 1
    detections = sum(weight > -1 for weight in windows.values())
    return Outcome(points + sum(windows.values()), detections, len(windows) - detections, false_positives)


def best_threshold(counted: Iterable[Row]) -> float:
    """The one threshold with the most points on these rows, the highest of several; infinity if none is best."""
    windows: dict[tuple[str, int], float] = {}
    points, most, best = 0.0, 0.0, inf
    for score, some in groupby(sorted(counted, key=lambda row: -row.score), key=lambda row: row.score):
        for row in some:
            before = windows.get(row.window, -1.0) if row.window else 0.0
            after = max(before, row.weight) if row.window else row.weight
            points += after - before
            if row.window:
                windows[row.window] = after
        if points > most:
            most, best = points, score
    return best
