"""What a detector's scores are worth: at its threshold, at the best one, and at one chosen on the other categories."""

from __future__ import annotations

from math import isfinite
from typing import Any

from bench.nab.corpus import Series
from bench.nab.scoring import Outcome, Row, best_threshold, outcome, rows
from stack.dataclass import dataclass


@dataclass(frozen=True)
class Report:
    """The outcomes of all files; `left_out` is the score of categories at thresholds chosen without them."""

    threshold: float
    total: Outcome
    categories: dict[str, Outcome]
    best_threshold: float
    best: Outcome
    left_out: Outcome
    left_out_categories: dict[str, tuple[float, Outcome]]

    def as_text(self) -> str:
        """A line for each category and each way of choosing the threshold."""
        lines = [f"{'':<28}{'score':>7}{'detected':>10}{'missed':>8}{'false positives':>17}"]
        lines += [_line(name, one) for name, one in self.categories.items()]
        lines += [
            _line(f"all, threshold {self.threshold:g}", self.total),
            _line(f"best threshold {self.best_threshold:.4g}", self.best),
            _line("threshold of the others", self.left_out),
        ]
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        """The same as an object."""
        return {
            "threshold": self.threshold,
            **_as_json(self.total),
            "categories": {name: _as_json(one) for name, one in self.categories.items()},
            "best": {"threshold": _finite(self.best_threshold), **_as_json(self.best)},
            "leave_one_category_out": {
                **_as_json(self.left_out),
                "categories": {
                    name: {"threshold": _finite(threshold), **_as_json(one)}
                    for name, (threshold, one) in self.left_out_categories.items()
                },
            },
        }


def report(corpus: list[Series], scores: list[list[float]], threshold: float) -> Report:
    """The report on the `scores` of the rows of each series."""
    by_category: dict[str, list[Row]] = {}
    for series, some in zip(corpus, scores, strict=True):
        by_category.setdefault(series.category, []).extend(rows(series, some))
    everything = [row for some in by_category.values() for row in some]
    best = best_threshold(everything)
    left_out = {name: _left_out(name, by_category) for name in by_category}
    return Report(
        threshold=threshold,
        total=outcome(everything, threshold),
        categories={name: outcome(some, threshold) for name, some in by_category.items()},
        best_threshold=best,
        best=outcome(everything, best),
        left_out=_sum([one for _, one in left_out.values()]),
        left_out_categories=left_out,
    )


def _left_out(name: str, by_category: dict[str, list[Row]]) -> tuple[float, Outcome]:
    threshold = best_threshold([row for other, some in by_category.items() if other != name for row in some])
    return threshold, outcome(by_category[name], threshold)


def _sum(outcomes: list[Outcome]) -> Outcome:
    return Outcome(
        sum(one.points for one in outcomes),
        sum(one.detected for one in outcomes),
        sum(one.missed for one in outcomes),
        sum(one.false_positives for one in outcomes),
    )


def _finite(threshold: float) -> float | None:
    """None for infinity, the threshold of a detector that is best never heard; JSON has no number for it."""
    return threshold if isfinite(threshold) else None


def _line(name: str, one: Outcome) -> str:
    score = f"{one.score:7.1f}" if one.detected + one.missed else f"{'-':>7}"
    return f"{name:<28}{score}{one.detected:>10}{one.missed:>8}{one.false_positives:>17}"


def _as_json(one: Outcome) -> dict[str, Any]:
    return {
        "score": one.score if one.detected + one.missed else None,
        "detected": one.detected,
        "missed": one.missed,
        "false_positives": one.false_positives,
    }
