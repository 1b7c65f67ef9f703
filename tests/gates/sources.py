"""Sources that answer without a server."""

from __future__ import annotations

from dataclasses import dataclass, field

from prometheus.answer import Answer, RangeAnswer, Series


@dataclass
class Nothing:
    """A Prometheus that has no data, and remembers the range queries."""

    warnings: tuple[str, ...] = ()
    asked: list[tuple[str, float, float, float]] = field(default_factory=list)

    def instant(self, query: str, at: float | None = None) -> Answer:
        return Answer((), self.warnings, (), "vector")

    def range(self, query: str, start: float, end: float, step: float) -> RangeAnswer:
        self.asked.append((query, start, end, step))
        return RangeAnswer(self.series(start, step), self.warnings, ())

    def series(self, start: float, step: float) -> tuple[Series, ...]:
        return ()


@dataclass
class InSlices(Nothing):
    """A Prometheus that counted so much in each slice, by question; None where it has no sample."""

    requests: tuple[float | None, ...] = ()
    counted: tuple[float | None, ...] = ()

    def series(self, start: float, step: float) -> tuple[Series, ...]:
        by_question = {"requests in a slice": self.requests, "counted requests in a slice": self.counted}
        return tuple(
            Series(
                {"dev_hq_question": name},
                tuple((start + i * step, count) for i, count in enumerate(counts) if count is not None),
            )
            for name, counts in by_question.items()
            if counts
        )
