"""When alerts fired, as episodes; and what differs between what fired and what fires in a replay."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from itertools import pairwise

from stack.dataclass import dataclass

IDENTITY = ("alertname", "anomaly_type", "severity", "service", "pool")

Identity = tuple[str, ...]


@dataclass(frozen=True)
class Episode:
    """One alert that fired without a break: which (the labels of IDENTITY that it has), and from when until when.

    In seconds since the beginning; `until` is the last evaluation at which it fired.
    """

    labels: Mapping[str, str]
    since: float
    until: float

    @property
    def identity(self) -> Identity:
        """What makes two alerts the same one."""
        return tuple(self.labels.get(label, "") for label in IDENTITY)


class Verdict(Enum):
    """What became of an episode in the replay."""

    SAME = "the same"
    SHIFTED = "shifted"
    NEW = "new"
    GONE = "gone"


@dataclass(frozen=True)
class Comparison:
    """An episode before and after, None where it was not; `verdict` says how they differ."""

    before: Episode | None
    after: Episode | None
    verdict: Verdict

    @property
    def differs(self) -> bool:
        """Whether it is not the same before and after."""
        return self.verdict is not Verdict.SAME

    @property
    def shown(self) -> Episode:
        """The one that there is, rather the later one."""
        shown = self.after or self.before
        assert shown is not None  # noqa: S101 - one of the two always is
        return shown


def episodes(
    firing: Iterable[tuple[Mapping[str, str], Iterable[float]]], gap: float, since: float, until: float
) -> list[Episode]:
    """The episodes of alerts by the times at which they fired, cut to what lies from `since` to `until`.

    Times at most `gap` seconds apart are one episode.
    """
    by_alert: dict[Identity, set[float]] = {}
    names: dict[Identity, dict[str, str]] = {}
    for labels, times in firing:
        kept = {label: labels[label] for label in IDENTITY if label in labels}
        identity = tuple(kept.get(label, "") for label in IDENTITY)
        names[identity] = kept
        by_alert.setdefault(identity, set()).update(at for at in times if since <= at <= until)
    return sorted(
        (Episode(names[identity], *run) for identity, times in by_alert.items() for run in runs(sorted(times), gap)),
        key=lambda one: (one.since, one.identity),
    )


def runs(times: Sequence[float], gap: float) -> Iterator[tuple[float, float]]:
    """The first and last of each run of ascending times that are at most `gap` seconds apart."""
    if not times:
        return
    first = times[0]
    for before, after in pairwise(times):
        if after - before > gap:
            yield first, before
            first = after
    yield first, times[-1]


def compared(
    before: Iterable[Episode], after: Iterable[Episode], tolerance: Mapping[str, float], default: float
) -> list[Comparison]:
    """Each episode with its counterpart: of the same alert, the first that overlaps it or is as near as tolerated.

    `tolerance` has, by the alert's name, how many seconds its beginning and end may differ in the same episode.
    """
    left = list(after)
    found = []
    for episode in before:
        within = tolerance.get(episode.labels.get("alertname", ""), default)
        other = next((one for one in left if one.identity == episode.identity and _meet(one, episode, within)), None)
        if other is None:
            found.append(Comparison(episode, None, Verdict.GONE))
            continue
        left.remove(other)
        apart = max(abs(other.since - episode.since), abs(other.until - episode.until))
        found.append(Comparison(episode, other, Verdict.SAME if apart <= within + 1e-6 else Verdict.SHIFTED))
    found += [Comparison(None, one, Verdict.NEW) for one in left]
    return sorted(found, key=lambda one: (one.shown.since, one.shown.identity))


def _meet(one: Episode, other: Episode, within: float) -> bool:
    return one.since <= other.until + within and other.since <= one.until + within
