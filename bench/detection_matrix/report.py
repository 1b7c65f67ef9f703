"""The result of the matrix, as JSON and as the tables of docs/detection.md."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

from bench.detection_matrix.matrix import Result
from chaos.verification.bars import FAR_ABOVE, bars, worded
from chaos.verification.quality import NOTHING, Quality, Share


def document(result: Result) -> dict[str, Any]:
    """Everything that was tried and fired, and what it comes to, for JSON."""
    return {
        "seed": result.seed,
        "rate": result.rate,
        "repeats": result.repeats,
        "days": result.days,
        "trials": [{**asdict(one), "intensity": _text(one.intensity)} for one in result.trials],
        "episodes": [asdict(one) for one in result.episodes],
        "quality": _numbers(result.quality),
        "bars": [asdict(one) for one in bars(result.quality)],
    }


def tables(result: Result) -> str:
    """The tables, as Markdown."""
    quality = result.quality
    sections = (
        ("| bar | met | found |", "|---|---|---|", (_bar(one.bar, one.met, one.evidence) for one in bars(quality))),
        (
            "| type | " + " | ".join(f"fired at {size}x" for size in quality.intensities) + " | to detect at "
            f"{FAR_ABOVE}x: median, longest (allowed) | to clear: median, longest |",
            "|---" * (len(quality.intensities) + 3) + "|",
            _kinds(result),
        ),
        ("| brought about | fired, trials |", "|---|---|", _confusion(quality)),
        ("| decoy | times | alarms |", "|---|---|---|", _decoys(quality)),
    )
    return "\n\n".join("\n".join([head, rule, *rows]) for head, rule, rows in sections) + "\n\n" + _alarms(quality)


def _kinds(result: Result) -> Iterator[str]:
    quality = result.quality
    for kind in dict.fromkeys(sorted(one.kind for one in result.trials if one.is_fault)):
        recalls = " | ".join(worded(quality.recall(size, kind)) for size in quality.intensities)
        detect, clear = quality.detect(FAR_ABOVE, kind), quality.clear(None, kind)
        allowed = [one.trial.allowed for one in quality.of(FAR_ABOVE, kind) if one.trial.allowed]
        yield (
            f"| `{kind}` | {recalls} | {_seconds(detect.median)}, {_seconds(detect.max)} "
            f"({_seconds(max(allowed, default=None))}) | {_seconds(clear.median)}, {_seconds(clear.max)} |"
        )


def _confusion(quality: Quality) -> Iterable[str]:
    kinds = dict.fromkeys(kind for kind, _ in quality.confusion)
    for kind in kinds:
        seen = {name: count for (brought, name), count in quality.confusion.items() if brought == kind}
        told = ", ".join(f"{name if name == NOTHING else f'`{name}`'} {count}" for name, count in seen.items())
        yield f"| `{kind}` | {told} |"


def _decoys(quality: Quality) -> Iterator[str]:
    decoys = [one for one in quality.judgements if not one.trial.is_fault]
    for name in dict.fromkeys(sorted(one.trial.kind for one in decoys)):
        those = [one for one in decoys if one.trial.kind == name]
        alarms = [f"`{episode.anomaly_type}` ({episode.severity})" for one in those for episode in one.episodes]
        told = ", ".join(f"{alarms.count(one)} {one}" for one in sorted({*alarms})) or "none"
        yield f"| {name} | {len(those)} | {told} |"


def _alarms(quality: Quality) -> str:
    hours = quality.steady_seconds / 3600
    return (
        f"False alarms: {len(quality.false_alarms)} in {hours:.0f} hours without a fault (decoys included), that is "
        f"{_number(quality.false_alarms_a_day)} a day, at most {_number(quality.most_false_alarms_a_day)} (95 %).\n"
    )


def _bar(bar: str, met: bool | None, evidence: str) -> str:
    return f"| {bar} | {'unknown' if met is None else 'yes' if met else '**no**'} | {evidence} |"


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f} s"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2g}"


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _numbers(quality: Quality) -> dict[str, Any]:
    def share(one: Share) -> dict[str, Any]:
        return {"hits": one.hits, "of": one.of, "interval": one.interval}

    return {
        "recall": {str(size): share(quality.recall(size)) for size in quality.intensities},
        "untyped_recall": {str(size): share(quality.untyped_recall(size)) for size in quality.intensities},
        "precision": share(quality.precision),
        "right_type": share(quality.right_type),
        "confusion": {f"{kind} as {seen}": count for (kind, seen), count in quality.confusion.items()},
        "time_to_detect": quality.detect().values,
        "time_to_clear": quality.clear().values,
        "false_alarms_a_day": quality.false_alarms_a_day,
        "most_false_alarms_a_day": quality.most_false_alarms_a_day,
        "steady_seconds": quality.steady_seconds,
    }
