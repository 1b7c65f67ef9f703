"""What `dev-hq chaos` prints of scenarios, runs and scores, whether they are on this machine or on another."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from chaos.run import Progress
    from chaos.score import ResilienceScore


class Teller:
    """Prints progress, each line with the seconds since the beginning."""

    def __init__(self, output: TextIO) -> None:
        self._output = output
        self._began = time.monotonic()

    def tell(self, progress: Progress) -> None:
        print(f"{time.monotonic() - self._began:6.1f}s  {progress.sentence}", file=self._output, flush=True)


def print_scenario(rows: Mapping[str, str]) -> None:
    """What a scenario does and expects, a line for each title."""
    for title, words in rows.items():
        print(f"{title:<12}{words}")


def print_runs(runs: Sequence[Mapping[str, object]]) -> None:
    """A table of runs, as `dev-hq chaos runs --json` describes each; a sentence when there is none."""
    if not runs:
        print("there was no run yet")
        return
    rows = [("run", "when", "scenario", "target", "outcome", "score"), *map(_row, runs)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())


def print_score(score: ResilienceScore, report: object) -> None:
    """The score for people, and where its report is."""
    if score.score is not None:
        print(f"\nresilience score {score.score:.1f} of 100: {score.outcome.value}")
        for part in score.parts:
            print(f"  {part.name:<11}{part.tally}")
            for sentence in part.evidence:
                print(f"             {sentence}")
        if score.recommendations:
            print("  what to change")
            for line in score.recommendations:
                print(f"  - {line}")
    if report:
        print(f"report: {report}")


def _row(run: Mapping[str, object]) -> tuple[str, ...]:
    at, score = run["at"], run["score"]
    when = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%SZ") if isinstance(at, float) and at else "-"
    ended = str(run["outcome"] or run["state"]).replace("_", " ")
    points = f"{score:.1f}" if isinstance(score, float) else "-"
    return str(run["run"]), when, str(run["scenario"]) or "-", str(run["target"]) or "-", ended, points
