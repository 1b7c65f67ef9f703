"""The way in: run a scenario against a stack and get its resilience score."""

from __future__ import annotations

from collections.abc import Callable

from chaos.record import RunRecord
from chaos.run import Progress, Run
from chaos.run_id import checked_run_id, new_run_id
from chaos.scenario import ChaosScenario
from chaos.scenario_file import load_scenario
from chaos.score import ResilienceScore
from chaos.stopping import Stopping
from prometheus.access import connect
from prometheus.client import PrometheusClient
from stack.journal import Journal
from stack.model import Stack


class ChaosEngineering:
    """Runs scenarios against one stack, one at a time.

    `stop` may be called from any thread; in the main thread, SIGINT and SIGTERM do the same.
    """

    def __init__(self, stack: Stack, client: PrometheusClient | None = None) -> None:
        self.stack = stack
        self._client = client or connect(stack.prometheus)
        self._stopping = Stopping()

    def run_chaos_test(
        self,
        scenario: ChaosScenario | str,
        target: str | None = None,
        *,
        run: str | None = None,
        progress: Callable[[Progress], None] | None = None,
    ) -> ResilienceScore:
        """Runs a scenario (or the shipped one of that name) on a target, and scores the outcome.

        `run` is what it is called; left out, it gets a name that no other has.

        Raises HqError before anything is touched, for a scenario, target or plan that makes no sense, and
        JournalError when what happens cannot be written down. Whatever goes wrong later is an outcome.
        """
        chosen = load_scenario(scenario) if isinstance(scenario, str) else scenario
        aim = chosen.target(self.stack, target)
        faults = chosen.plan(self.stack, aim)
        name = new_run_id(chosen.name) if run is None else checked_run_id(run)
        record = RunRecord(Journal(self.stack.journal), name, chosen, aim)
        life = Run(self.stack, chosen, aim, faults, self._client, self._stopping, record, progress or _say_nothing)
        with self._stopping.by_signals():
            return life.execute()

    def stop(self) -> None:
        """Ends the run that is going on: its faults are withdrawn at once."""
        self._stopping.ask("its caller")


def _say_nothing(_progress: Progress) -> None:
    return
