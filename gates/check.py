"""`python -m gates.check`: may this release go out? The answer is its exit code."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import traceback
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import isfinite
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from gates import error_budget, latency, report, success_rate
from gates.arguments import EPILOG, add_arguments
from gates.gate import GateReport, GateResult, Kind, QualityGate, Verdict
from gates.instant import Instant, UnusableAnswerError
from gates.objectives import gates_of
from prometheus.errors import PrometheusError, UnreachableError
from stack.errors import HqError, JournalError
from stack.journal import Journal
from stack.model import Stack
from stack.placement import open_stack

if TYPE_CHECKING:
    from prometheus.client import PrometheusClient

CHECKS: Mapping[Kind, Callable[[QualityGate, Instant], GateResult]] = {
    Kind.SUCCESS_RATE: success_rate.check,
    Kind.LATENCY: latency.check,
    Kind.ERROR_BUDGET: error_budget.check,
}
SCRAPES_BACK = 2  # how far before now is judged, in scrape intervals: by then every target's last sample has arrived
USAGE = 2
INTERNAL = 4


class AutomatedQualityGate:
    """All gates of a stack, asked of its Prometheus; the verdicts go to its journal."""

    def __init__(self, stack: Stack, client: PrometheusClient | None = None, journal: Journal | None = None) -> None:
        self._stack = stack
        self._client = client
        self._journal = journal or Journal(stack.journal)

    def check_all_gates(
        self,
        *,
        services: Collection[str] | None = None,
        names: Collection[str] | None = None,
        window: float | None = None,
        at: float | None = None,
        strict: bool = False,
        record: bool = True,
    ) -> GateReport:
        """Every gate's verdict at one instant, `at` (epoch seconds) or just before now; raises HqError for bad input.

        A Prometheus that cannot answer is no exception but the verdict error.
        """
        gates = gates_of(self._stack, services, names, window)
        with self._asking() as client:
            try:
                instant = self._instant(client, at)
            except (PrometheusError, UnusableAnswerError) as error:
                results, judged = [_error(gate, error) for gate in gates], None
            else:
                results, judged = _check(gates, instant), instant.at
        problem = self._record(results) if record else None
        return GateReport(tuple(results), judged, strict, problem)

    @contextmanager
    def _asking(self) -> Iterator[PrometheusClient]:
        if self._client:
            yield self._client
            return
        from prometheus.client import PrometheusClient

        client = PrometheusClient(self._stack.prometheus.url)
        try:
            yield client
        finally:
            client.close()

    def _instant(self, client: PrometheusClient, at: float | None) -> Instant:
        """The moment to judge, by the clock of Prometheus: ours may be wrong, and then we would judge another past."""
        interval = self._stack.prometheus.scrape_interval
        clock = client.instant("time()").samples
        if len(clock) != 1 or not isfinite(clock[0].value):
            raise UnusableAnswerError("Prometheus does not say what time it is")
        now = clock[0].value
        if at is not None and at > now:
            raise HqError("the time to judge lies in the future of Prometheus; give one that has passed")
        return Instant(client, round(now - SCRAPES_BACK * interval, 3) if at is None else at, interval)

    def _record(self, results: Sequence[GateResult]) -> str | None:
        """Writes the verdicts down; what keeps it from that is returned, for a verdict stands without its record."""
        try:
            self._journal.append_all(
                "gate_verdict",
                [
                    {
                        "gate": result.gate,
                        "service": result.service,
                        "verdict": result.verdict,
                        "actual": result.actual,
                        "threshold": result.threshold,
                        "required": result.required,
                        "reason": result.reason,
                    }
                    for result in results
                ],
            )
        except JournalError as error:
            return str(error)
        return None


def _check(gates: Sequence[QualityGate], instant: Instant) -> list[GateResult]:
    results: list[GateResult] = []
    lost: UnreachableError | None = None
    for gate in gates:
        try:
            results.append(_error(gate, lost) if lost else CHECKS[gate.kind](gate, instant))
        except UnreachableError as error:  # the next one would wait just as long
            lost = error
            results.append(_error(gate, error))
        except (PrometheusError, UnusableAnswerError) as error:
            results.append(_error(gate, error))
    return results


def _error(gate: QualityGate, error: HqError) -> GateResult:
    return GateResult(
        gate=gate.name,
        service=gate.service,
        verdict=Verdict.ERROR,
        required=gate.required,
        window=gate.window,
        threshold=gate.threshold,
        reason=str(error),
        advice="Mend what is measured or where it is asked, then check again; nothing is known of the release.",
    )


def run(arguments: argparse.Namespace) -> int:
    """What `python -m gates.check` and `dev-hq quality check` do; raises HqError for bad input."""
    with _ending_on_sigterm():
        try:
            return _run(arguments)
        except HqError:
            raise
        except Exception:
            traceback.print_exc()  # exit code 1 would say that a gate failed
            return INTERNAL


def _run(arguments: argparse.Namespace) -> int:
    found = AutomatedQualityGate(open_stack(arguments.stack)).check_all_gates(
        services=arguments.service,
        names=arguments.gate,
        window=arguments.window,
        at=arguments.at,
        strict=arguments.strict,
        record=arguments.record,
    )
    if found.journal_problem:
        print(f"warning: the verdicts are not recorded: {found.journal_problem}", file=sys.stderr)
    _print(report.as_json(found) if arguments.format == "json" else report.text(found))
    return found.exit_code


def _print(words: str) -> None:
    try:
        print(words, flush=True)
    except BrokenPipeError:  # nobody reads on; the exit code still counts
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def _ending_on_sigterm() -> Iterator[None]:
    def end(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the check that `argv` describes; its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m gates.check",
        description="Judges a release by the objectives in stack.yaml.",
        epilog=EPILOG,
    )
    parser.add_argument("--stack", type=Path, default=Path("stack.yaml"), help="default: %(default)s")
    add_arguments(parser)
    try:
        return run(parser.parse_args(argv))
    except HqError as error:
        print(f"gates.check: {error}", file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


if __name__ == "__main__":
    sys.exit(main())
