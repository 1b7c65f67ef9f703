"""A run that breaks nothing: it announces itself as a real one does, and ends when it is told."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from chaos.record import RunRecord
from chaos.scenario_file import load_scenario
from chaos.score import Outcome, ResilienceScore
from chaos.stopping import StoppedError, Stopping
from stack.journal import Journal

LONGEST = 60.0


def live(journal: Path, scenario: str, target: str, run: str) -> None:
    """Goes on until it is stopped, or there is a file `finish` beside the journal."""
    chosen = load_scenario(scenario)
    record = RunRecord(Journal(journal), run, chosen, target)
    stopping = Stopping()
    with stopping.by_signals():
        record.announce("shop", (), time.time() + LONGEST)
        record.progress("announced", f"{chosen.title}: run {run} on {target}")
        outcome, reason = Outcome.RESILIENT, "no weakness was found"
        ends = time.monotonic() + LONGEST
        try:
            while not (journal.parent / "finish").exists() and time.monotonic() < ends:
                stopping.pause(0.02)
        except StoppedError as error:
            outcome, reason = Outcome.STOPPED, str(error)
        record.progress("score", f"{outcome.value}: {reason}")
        record.finished(ResilienceScore(run, scenario, target, outcome, reason, score=99.5), 1.0)


if __name__ == "__main__":
    live(Path(sys.argv[1]), *sys.argv[2:5])
