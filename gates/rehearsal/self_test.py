"""What can go wrong with a Prometheus, played to the user's own gates."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from gates.checklist import Checklist
from gates.gate import GateReport, GateResult, Kind, Verdict
from gates.instant import Moment, Source
from gates.looking import SCRAPES_BACK, look, unmeasured
from gates.rehearsal.failures import FAILURES, Failure
from gates.rehearsal.server import Server
from prometheus.access import connect
from stack.access import Access
from stack.address import free_address
from stack.dataclass import dataclass
from stack.errors import HqError
from stack.model import PrometheusSettings
from stack.quantity import format_count

PATIENCE = 0.1  # seconds until a Prometheus that hangs is given up
_COLUMNS = 6  # gates beside each other in a table


@dataclass(frozen=True)
class Scene:
    """What the gates said to one failure; None is a gate to which it says nothing."""

    failure: Failure
    results: tuple[GateResult | None, ...]

    def guesses(self) -> Iterator[GateResult]:
        """The results that should never have been."""
        return (result for result in self.results if result and self.failure.is_a_guess(result.verdict))


def rehearse(checklist: Checklist, say: Callable[[str], None]) -> int:
    """Says the verdict of every gate on every failure; 0 when none passes that should not, else 1.

    The checklist's Prometheus, journal and remediation are left alone. Raises HqError for windows that are too short.
    """
    checklist.refuse_short_windows()
    with Server() as server:
        played = [Scene(failure, tuple(_play(failure, checklist, server))) for failure in FAILURES]
    scenes = [scene for scene in played if any(scene.results)]
    guesses = [(scene, result) for scene in scenes for result in scene.guesses()]
    titles = [gate.title for gate in checklist.gates]
    say("\n".join([*_tables(scenes, titles), *_limits(scenes), *_conclusion(scenes, guesses)]))
    return 1 if guesses else 0


def _play(failure: Failure, checklist: Checklist, server: Server) -> Iterator[GateResult | None]:
    """What each gate says while one thing goes wrong."""
    interval = checklist.prometheus.scrape_interval
    url = f"http://{free_address('127.0.0.1')}" if failure.is_deaf else server.url
    access = Access(timeout=PATIENCE if failure.hangs else 30.0, retries=0)
    settings = PrometheusSettings(url, interval, access=access)
    at = round(time.time() - SCRAPES_BACK * interval, 3)
    client = connect(settings)
    try:
        for gate in checklist.gates:
            if gate.condition.kind in failure.kinds:
                server.play = partial(failure.answer, gate, at)
                alone = replace(checklist, gates=(gate,), prometheus=settings)
                yield _result(alone, client, Moment(at, at - gate.window))
            else:
                yield None
    finally:
        client.close()


def _result(checklist: Checklist, source: Source, moment: Moment) -> GateResult:
    """What the only gate of a checklist says."""
    try:
        return look(checklist, source, moment, GateReport((), None)).results[0]
    except HqError as error:  # where a check ends with exit code 2
        return unmeasured(checklist.gates[0], error)


def _tables(scenes: Sequence[Scene], titles: Sequence[str]) -> Iterator[str]:
    """The verdicts of a few gates beside each other, then of the next few; a guess is marked with an exclamation."""
    names = max(len(scene.failure.name) for scene in scenes)
    for first in range(0, len(titles), _COLUMNS):
        some = range(first, min(first + _COLUMNS, len(titles)))
        yield from (f"{number + 1} is {titles[number]}" for number in some)
        yield ""
        yield _row("what happens", "expected", [str(number + 1) for number in some], names)
        for scene in scenes:
            verdicts = [_cell(scene, scene.results[number]) for number in some]
            yield _row(scene.failure.name, scene.failure.expected, verdicts, names)
        yield ""


def _row(name: str, expected: str, cells: Sequence[str], width: int) -> str:
    return f"{name:<{width}}  {expected:<10}  {''.join(f'{cell:<12}' for cell in cells)}".rstrip()


def _cell(scene: Scene, result: GateResult | None) -> str:
    if result is None:
        return "-"
    return f"{result.verdict}{' !' if scene.failure.is_a_guess(result.verdict) else ''}"


def _limits(scenes: Sequence[Scene]) -> Iterator[str]:
    """The gates that do not pass when all is well, and why; there may be a reason for them."""
    for result in scenes[-1].results:
        if result and result.verdict not in (Verdict.PASS, Verdict.WARN):
            yield f"{result.title} never passes here, even when all is well: {result.reason}"


def _conclusion(scenes: Sequence[Scene], guesses: Sequence[tuple[Scene, GateResult]]) -> Iterator[str]:
    for title, verdict in dict.fromkeys((result.title, result.verdict) for _, result in guesses):
        wrong = [scene for scene, result in guesses if (result.title, result.verdict) == (title, verdict)]
        yield f"{title} guesses: it says {verdict} to {', '.join(scene.failure.name for scene in wrong)}"
    if any(result.kind is Kind.PROMQL for _, result in guesses):
        yield "What to do: name the series behind a query in `alive`, so that it is known whether they live."
    played = f"{len(scenes)} things happened to {format_count(len(scenes[0].results), 'gate')}"
    if guesses:
        verdicts = "1 verdict is a guess" if len(guesses) == 1 else f"{len(guesses)} verdicts are guesses"
        yield f"GUESSED: {played}, and {verdicts} (exit code 1)"
    else:
        yield f"SOUND: {played}, and no verdict is a guess (exit code 0)"
