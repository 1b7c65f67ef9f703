"""What a run's last record says of its dose, impact, alerts and score, so that a dashboard can show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from chaos.detection import Detection
from chaos.dose import Dose
from chaos.faults.fault import Fault
from chaos.findings import Findings
from chaos.impact import Impact

Json = dict[str, object]


def evidence(faults: Sequence[Fault], doses: Sequence[Dose], found: Findings | None) -> Json:
    """The dose of each fault and, when the run came that far, what was found; times in seconds, shares as ratios."""
    kinds = dict.fromkeys((fault.kind, fault.target) for fault in faults)
    return {
        "doses": [_dose(kind, target, faults, doses) for kind, target in kinds],
        "impacts": [_impact(impact) for impact in found.impacts] if found else [],
        "alerts": _alerts(found) if found else [],
        "parts": [{"part": part.name, "points": part.points, "of": part.of} for part in found.parts()] if found else [],
    }


def _dose(kind: str, target: str, faults: Sequence[Fault], doses: Sequence[Dose]) -> Json:
    """The dose of one kind over all members: asked is the mean, weighed by the requests that could be hit."""
    planned = [fault for fault in faults if (fault.kind, fault.target) == (kind, target)]
    taken = [dose for dose in doses if dose.fault in planned]
    requests, hit = sum(dose.requests for dose in taken), sum(dose.hit for dose in taken)
    weights = [(float(dose.fault.share), dose.requests) for dose in taken if dose.requests > 0]
    weights = weights or [(float(fault.share), 1) for fault in planned]
    problems = [dose.problem for dose in taken if dose.problem]
    return {
        "fault": kind,
        "chaos_target": target,
        "asked": sum(share * weight for share, weight in weights) / sum(weight for _, weight in weights),
        "measured": hit / requests if requests > 0 else None,
        "requests": requests,
        "hit": hit,
        "verified": not problems if len(taken) == len(planned) else None,
        "problem": problems[0] if problems else None,
    }


def _impact(impact: Impact) -> Json:
    return {
        "objective": impact.objective.name,
        "before": impact.before.ratio,
        "during": impact.during.ratio,
        "burn_rate": impact.burn_rate,
    }


def _alerts(found: Findings) -> list[Json]:
    alerts = [_awaited(seen) for seen in found.detections]
    alerts += [{"anomaly_type": name, "verdict": "allowed"} for name in found.also_fired]
    return alerts + [{"anomaly_type": name, "verdict": "false_alarm"} for name in found.false_alarms]


def _awaited(seen: Detection) -> Json:
    times = {f"{name}_seconds": asdict(seen)[name] for name in ("due", "fired", "notified")}
    return {"anomaly_type": seen.name, "verdict": verdict(seen), **times}


def verdict(seen: Detection) -> str:
    """What became of an expected alert, in a word."""
    if seen.late is None:
        return "not_due" if seen.due is None else "missed"
    return "late" if seen.due is not None and seen.late > 0 else "detected"
