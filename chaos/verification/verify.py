"""The way in: what can be verified on a stack, and the verification of it."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chaos.record import RunRecord
from chaos.run import Progress
from chaos.scenario import ChaosScenario
from chaos.scenario_file import load_scenario, shipped_scenarios
from chaos.stopping import Stopping
from chaos.verification.aim import Aim, aims
from chaos.verification.bars import INTENSITIES
from chaos.verification.decoys import decoys
from chaos.verification.schedule import Planned, sample, schedule
from chaos.verification.verification import Verification
from chaos.verification.verified import Verified
from prometheus.client import PrometheusClient
from prometheus.errors import PrometheusError
from stack.errors import HqError
from stack.journal import Journal
from stack.model import Stack

NAME = "verify"  # of the run in the journal, where others have the name of their scenario
DECOY_SECONDS, QUICK_DECOY_SECONDS = 120.0, 30.0
QUICK_SECONDS = 285.0
MOST_REPEATS = 100


@dataclass(frozen=True)
class Asked:
    """What is to be verified: some scenarios, or all shipped ones that this stack can have."""

    scenarios: tuple[str, ...]
    target: str | None
    repeats: int
    seed: int
    quick: bool
    restarts: bool


@dataclass(frozen=True)
class Possible:
    """What is tried, in order, and a sentence for everything that cannot be."""

    plan: tuple[Planned, ...]
    left_out: tuple[str, ...]


def possible(stack: Stack, client: PrometheusClient, asked: Asked) -> Possible:
    """The plan of a verification; raises HqError when a scenario that was named cannot be tried, or none can."""
    found: list[tuple[Aim, ...]] = []
    left_out: list[str] = []
    for scenario in _scenarios(asked):
        try:
            target = scenario.target(stack, asked.target)
            found.append(aims(stack, client, scenario, target, INTENSITIES))
        except PrometheusError:
            raise
        except HqError as error:
            if asked.scenarios or len(shipped_scenarios()) == len(left_out) + 1:
                raise
            left_out.append(f"{scenario.name} was left out: {error}")
    seconds = QUICK_DECOY_SECONDS if asked.quick else DECOY_SECONDS
    distractions, sentences = decoys(stack, client, found[0][0].target, seconds, restarts=asked.restarts)
    plan = (
        sample(found, distractions, asked.seed)
        if asked.quick
        else schedule(found, distractions, asked.repeats, asked.seed)
    )
    return Possible(plan, (*left_out, *sentences))


def verify(
    stack: Stack,
    client: PrometheusClient,
    asked: Asked,
    progress: Callable[[Progress], None],
    stopping: Stopping | None = None,
) -> Verified:
    """Tries what is asked for and judges the alerts by it.

    Raises HqError before anything is touched, for what cannot be tried, and JournalError when what happens cannot be
    written down. Whatever goes wrong later is an outcome. In the main thread, SIGINT and SIGTERM stop it.
    """
    stopping = stopping or Stopping()
    with stopping.by_signals():
        planned = possible(stack, client, asked)
        run = f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{NAME}-{secrets.token_hex(2)}"
        tried = [one.act for one in planned.plan if isinstance(one.act, Aim)]
        target = "+".join(sorted({aim.target for aim in tried}))
        record = RunRecord(Journal(stack.journal), run, _as_scenario(tried, asked), target)
        verification = Verification(stack, client, planned.plan, stopping, record, progress)
        verification.left_out += planned.left_out
        if asked.quick:
            verification.limit, verification.sample = QUICK_SECONDS, True
        return verification.execute()


def _scenarios(asked: Asked) -> Sequence[ChaosScenario]:
    if asked.scenarios:
        return [load_scenario(name) for name in dict.fromkeys(asked.scenarios)]
    return list(shipped_scenarios().values())


def _as_scenario(tried: Sequence[Aim], asked: Asked) -> ChaosScenario:
    """All of them as one, for the journal."""
    expect = tuple(dict.fromkeys(aim.anomaly_type for aim in tried))
    may = tuple(dict.fromkeys(name for aim in tried for name in aim.scenario.may if name not in expect))
    return ChaosScenario(
        name=NAME,
        title="Would anyone have been told?",
        hypothesis="Whoever should know is told of what is wrong, and of nothing else.",
        target_kinds=("pool", "service"),
        parameters={"seed": str(asked.seed), "repeats": str(asked.repeats), "quick": str(asked.quick).lower()},
        faults=(),
        expect=expect,
        may=may,
        silent=(),
    )
