"""What a run measured, and what it amounts to: the parts of the score and the outcome."""

from __future__ import annotations

from dataclasses import dataclass

from chaos.detection import Detection
from chaos.impact import Impact
from chaos.score import (
    DETECTION,
    IMPACT,
    PASS_SCORE,
    RECOVERY,
    Outcome,
    Part,
    detection_points,
    impact_points,
    recovery_points,
    total,
)
from gates.wording import count, percent


@dataclass(frozen=True)
class Findings:
    """What was measured of one run, times in seconds.

    `also_fired` are the types that may fire and did; `false_alarms` those that should have stayed silent and did not.
    `recovery` is the longest of the objectives, None when one did not recover within `recovery_deadline`; it is
    measured to the `resolution` of a scrape. `measured` says where the requests were counted. Faults that stood
    `in_front` of the service reached its users unsoftened, whatever it did: their impact is told, and not scored.
    """

    measured: str
    impacts: tuple[Impact, ...]
    detections: tuple[Detection, ...]
    also_fired: tuple[str, ...]
    false_alarms: tuple[str, ...]
    recovery: float | None
    recovery_deadline: float
    resolution: float
    in_front: bool = False

    @property
    def worst(self) -> Impact:
        """The impact that costs most of the score."""
        return min(self.impacts, key=lambda impact: impact_points(impact.burn_rate, impact.objective.budget))

    @property
    def due(self) -> tuple[Detection, ...]:
        """The expected alerts that the impact made due."""
        return tuple(detection for detection in self.detections if detection.due is not None)

    @property
    def detection_time(self) -> float | None:
        """Seconds from the first fault to the first expected alert."""
        return min((found.fired for found in self.detections if found.fired is not None), default=None)

    def parts(self) -> tuple[Part, ...]:
        """The parts of the score, each with its evidence."""
        return (
            self._impact_part(),
            Part(
                "detection",
                detection_points([found.late for found in self.due], false_alarm=bool(self.false_alarms)),
                DETECTION,
                self._detection_evidence(),
            ),
            Part("recovery", recovery_points(self.recovery, self.resolution), RECOVERY, self._recovery_evidence()),
        )

    @property
    def score(self) -> float:
        """0 to 100."""
        return total(self.parts())

    @property
    def weaknesses(self) -> tuple[str, ...]:
        """Why the system is not resilient; none when it is."""
        found = [f"{detection.name} was due and never fired" for detection in self.due if detection.late is None]
        found += [f"{name} fired and should have stayed silent" for name in self.false_alarms]
        if self.recovery is None:
            found.append(f"no recovery within {self.recovery_deadline:g} s")
        if self.score < PASS_SCORE:
            found.append(f"the score {self.score:.1f} is below {PASS_SCORE:g}")
        return tuple(found)

    @property
    def outcome(self) -> Outcome:
        """Resilient, or a weakness."""
        return Outcome.WEAKNESS if self.weaknesses else Outcome.RESILIENT

    def _impact_part(self) -> Part:
        evidence = (*map(describe_impact, self.impacts), f"counted {self.measured}")
        if self.in_front:
            return Part("impact", 0.0, 0.0, (*evidence, "not scored: nothing behind the faults could soften them"))
        worst = self.worst
        return Part("impact", impact_points(worst.burn_rate, worst.objective.budget), IMPACT, evidence)

    def _detection_evidence(self) -> tuple[str, ...]:
        return (
            *map(describe_detection, self.detections),
            *(f"{name} fired too, as it may" for name in self.also_fired),
            *(f"{name} fired and should have stayed silent" for name in self.false_alarms),
        )

    def _recovery_evidence(self) -> tuple[str, ...]:
        scrapes = f"a scrape every {self.resolution:g} s"
        if self.recovery is None:
            return (f"not good again within {self.recovery_deadline:g} s of the withdrawal ({scrapes})",)
        if self.recovery == 0:
            return (f"good from the first scrape after the withdrawal on ({scrapes})",)
        return (f"the last bad scrape came {self.recovery:.1f} s after the withdrawal ({scrapes})",)


def describe_impact(impact: Impact) -> str:
    """The counts of one objective in words, with what they prove."""
    during, before = impact.during, impact.before
    low, high = during.interval
    what = "slow" if impact.objective.under else "bad"
    return (
        f"{impact.objective.name}: {count(during.bad)} of {count(during.requests)} requests {what} during the faults, "
        f"{percent(during.ratio)} (by the numbers {percent(low)} to {percent(high)}), and {count(before.bad)} of "
        f"{count(before.requests)} before: {impact.burn_rate:.1f} times the budget of "
        f"{percent(impact.objective.budget)}; the worst minute had {percent(impact.worst.ratio)}"
    )


def describe_detection(detection: Detection) -> str:
    """What became of one expected alert, in words."""
    name = detection.name
    if detection.fired is None:
        return f"{name} was due and never fired" if detection.due is not None else f"{name} was not due, and silent"
    said = f"{name} fired after {detection.fired:.1f} s"
    if detection.due is not None:
        said += f" (due after {detection.due:.1f} s and an allowance of {detection.allowance:g} s)"
    if detection.notified is not None:
        said += f", notified after {detection.notified:.1f} s"
    return said
