"""What a trial came to, and so as what it is judged: by what was measured, not by what was meant."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from math import log

from chaos.detection import allowance
from chaos.verification.aim import SPARE, Aim, duration_of
from chaos.verification.bars import INTENSITIES, allowed_seconds
from chaos.verification.decoys import Decoy
from chaos.verification.episodes import Trial
from chaos.verification.level import Level
from gates.wording import count
from prometheus.catalogue import CATALOGUE
from stack.model import Stack

TOO_NEAR = 0.05  # of the threshold: on which side of it such a size lies is chance


@dataclass(frozen=True)
class Tried:
    """One act as it was: `trial` as it is judged, unless it is `void` for the reason there.

    `level` is what was measured of what was aimed at; `notified` is the journal's first notification, in seconds after
    the beginning.
    """

    act: Aim | Decoy
    trial: Trial
    level: Level | None = None
    notified: float | None = None
    void: str | None = None

    @property
    def size(self) -> float | None:
        """Times the threshold, as measured."""
        return self.level.value / self.act.threshold if self.level and isinstance(self.act, Aim) else None


def settled(stack: Stack, aim: Aim, since: float, until: float, level: Level) -> Tried:
    """The trial of an aim whose faults lasted from `since` to `until` (epoch seconds) and came to `level`."""
    size = level.value / aim.threshold
    needs = allowance(stack, aim.anomaly_type)
    intensity = intensity_of(size)
    trial = Trial(
        kind=aim.anomaly_type,
        intensity=intensity,
        since=since,
        until=until,
        service=aim.service,
        may=aim.scenario.may,
        allowed=allowed_seconds(min(size, float(intensity)), needs) if size >= 1 else None,
    )
    needed = duration_of(aim.anomaly_type, float(intensity), needs) - SPARE
    return Tried(aim, trial, level, void=_void(aim, level, intensity, needed, until - since))


def intensity_of(size: float) -> Decimal:
    """The nearest of the intensities that are judged, on the same side of the threshold."""
    same_side = [one for one in INTENSITIES if (one >= 1) == (size >= 1)]
    return min(same_side, key=lambda one: abs(log(max(size, 1e-9) / float(one))))


def _void(aim: Aim, level: Level, intensity: Decimal, needed: float, lasted: float) -> str | None:
    """Why nothing can be learnt from it."""
    kind, size = CATALOGUE[aim.anomaly_type], level.value / aim.threshold
    if abs(size - 1) < TOO_NEAR:
        return f"it came to {size:.2f}x, where chance decides"
    if size < 1 <= level.minute / aim.threshold + TOO_NEAR:
        return f"it came to {size:.2f}x, but by chance to {level.minute / aim.threshold:.2f}x in one minute"
    if size >= 1 and (level.requests < kind.least_requests or level.bad < kind.least_bad):
        return f"{count(level.bad)} of {count(level.requests)} requests in a minute are fewer than the rule judges from"
    if intensity != aim.intensity and lasted < needed:
        return f"it came to {size:.2f}x instead of {aim.intensity}x, and was too short for that"
    return None
