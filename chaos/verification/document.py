"""A verification as JSON: every trial and episode, so that anyone can judge again, and what we made of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from decimal import Decimal

from chaos.verification.aim import Aim
from chaos.verification.answer import answer
from chaos.verification.quality import Quality, Share, Times
from chaos.verification.settled import Tried
from chaos.verification.verified import Verified

Document = Mapping[str, object]

VERSION = 1


def document(verified: Verified, *, seed: int, quick: bool, exit_code: int) -> Document:
    """Times are epoch seconds, lengths seconds, shares ratios; a share that nothing was tried for is null."""
    return {
        "version": VERSION,
        "seed": seed,
        "quick": quick,
        "exit_code": exit_code,
        "outcome": verified.outcome.value,
        "reason": verified.reason,
        "answer": answer(verified),
        "trials": [_trial(one) for one in verified.tried],
        "episodes": [asdict(one) for one in verified.episodes],
        "quality": quality_document(verified.quality),
        "bars": [asdict(one) for one in verified.findings],
        "left_out": list(verified.left_out),
    }


def quality_document(quality: Quality) -> Document:
    """What the judgements come to, by intensity and in all."""
    return {
        "by_intensity": [_of_intensity(quality, intensity) for intensity in quality.intensities],
        "precision": share_document(quality.precision),
        "right_type": share_document(quality.right_type),
        "confusion": [
            {"brought_about": kind, "seen": seen, "trials": trials}
            for (kind, seen), trials in quality.confusion.items()
        ],
        "detect_seconds": times_document(quality.detect()),
        "clear_seconds": times_document(quality.clear()),
        "false_alarms": [asdict(one) for one in quality.false_alarms],
        "steady_seconds": round(quality.steady_seconds, 1),
        "false_alarms_a_day": quality.false_alarms_a_day,
        "most_false_alarms_a_day": quality.most_false_alarms_a_day,
    }


def _of_intensity(quality: Quality, intensity: Decimal) -> Document:
    return {
        "intensity": float(intensity),
        "recall": share_document(quality.recall(intensity)),
        "untyped_recall": share_document(quality.untyped_recall(intensity)),
        "detect_seconds": times_document(quality.detect(intensity)),
        "clear_seconds": times_document(quality.clear(intensity)),
    }


def share_document(share: Share) -> Document:
    """A share with its bounds, each at 95 %."""
    low, high = share.interval
    return {"hits": share.hits, "of": share.of, "share": share.value, "at_least": low, "at_most": high}


def times_document(times: Times) -> Document:
    """Times with their quantiles."""
    values = [round(seconds, 3) for seconds in times.values]
    return {"values": values, "median": times.median, "p95": times.p95, "max": times.max}


def _trial(tried: Tried) -> Document:
    act, trial = tried.act, tried.trial
    meant = (
        {
            "scenario": act.scenario.name,
            "target": act.target,
            "intended_intensity": float(act.intensity),
            "threshold": act.threshold,
            "aimed_at": act.aimed,
            "measured": tried.level.value if tried.level else None,
            "measured_intensity": tried.size,
        }
        if isinstance(act, Aim)
        else {"decoy": act.name}
    )
    return {
        "kind": trial.kind,
        "intensity": None if trial.intensity is None else float(trial.intensity),
        "since": trial.since,
        "until": trial.until,
        "service": trial.service,
        "may": list(trial.may),
        "allowed_seconds": trial.allowed,
        "notified_seconds": tried.notified,
        "not_judged": tried.void,
        **meant,
    }
