"""`python -m gates.check`: may this release go out? The answer is its exit code."""

from __future__ import annotations

import argparse
import gc
import os
import signal
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from pathlib import Path
from types import FrameType

from gates.arguments import DESCRIPTION, EPILOG, STACK, SYNOPSIS, Help, Output, add_arguments
from gates.automated import AutomatedQualityGate
from gates.checklist import Checklist
from gates.configuration.reading import read_checklist
from gates.contradiction import contradiction
from gates.formats import render
from gates.gate import GateReport
from gates.waiting import Waiting
from stack.errors import HqError

USAGE = 2
INTERNAL = 4


def run(arguments: argparse.Namespace) -> int:
    """What `python -m gates.check` and `dev-hq quality check` do; raises HqError for bad input."""
    with _ending_on_signals():
        try:
            return _run(arguments)
        except HqError:
            raise
        except Exception:
            say(traceback.format_exc())  # exit code 1 would say that a gate failed
            return INTERNAL


def _run(arguments: argparse.Namespace) -> int:
    if problem := contradiction(arguments):
        raise HqError(problem)
    if arguments.replay:
        from gates.replaying.evidence_file import replay

        return tell(replay(arguments.replay, strict=arguments.strict, dry_run=arguments.dry_run), arguments)
    checklist = _checklist(arguments)
    if arguments.validate:
        checklist.refuse_short_windows()
        _print(f"{checklist.file} is valid: {checklist.summary}")
        return 0
    if arguments.explain:
        from gates.explaining.explanation import explain

        _print(explain(checklist))
        return 0
    if arguments.self_test:
        from gates.rehearsal.self_test import rehearse

        return rehearse(checklist, _print)
    return tell(_judge(checklist, arguments), arguments)


def _checklist(arguments: argparse.Namespace) -> Checklist:
    """The gates of the gates file, or of the stack, that are asked for."""
    checklist = read_checklist(arguments.stack, arguments.config, dict(arguments.var))
    checklist = checklist.only(arguments.service, arguments.gate)
    return checklist.with_window(arguments.window) if arguments.window else checklist


def _judge(checklist: Checklist, arguments: argparse.Namespace) -> GateReport:
    gate = AutomatedQualityGate(checklist)
    return gate.check_all_gates(
        at=arguments.at,
        since=arguments.since,
        waiting=Waiting(arguments.wait, arguments.every or 15.0, say) if arguments.wait else None,
        strict=arguments.strict,
        dry_run=arguments.dry_run,
        record=arguments.record,
        remediate=arguments.remediate,
        run_id=arguments.run_id,
        evidence=arguments.evidence,
    )


def say(line: str) -> None:
    """Says a line beside the report, where anybody can hear it: no verdict is lost with it."""
    if sys.stderr:  # print() would take the standard output instead
        with suppress(OSError):
            print(line, file=sys.stderr, flush=True)


def tell(report: GateReport, arguments: argparse.Namespace) -> int:
    """Prints and writes the report where it is wanted; its exit code, but no 0 when one of these is not there."""
    if report.journal_problem:
        say(f"warning: the verdicts are not recorded: {report.journal_problem}")
    problems = [report.evidence_problem] if report.evidence_problem else []
    problems += _write(report, arguments.output) if arguments.output else []
    try:
        _print(render(report, arguments.format))
    except HqError as error:
        problems.append(str(error))
    for problem in problems:
        say(f"error: {problem}")
    return report.exit_code or (USAGE if problems else 0)


def _write(report: GateReport, outputs: Sequence[Output]) -> list[str]:
    from gates.output import write_reports

    return write_reports(report, outputs)


def _print(words: str) -> None:
    if not sys.stdout:
        raise HqError("the report cannot be printed: the standard output is closed")
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # not everything prints Unicode
    try:
        print(words, flush=True)
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python would try again at its end
        if not isinstance(error, BrokenPipeError):  # there nobody reads on
            raise HqError(f"the report cannot be printed: {error.strerror}") from None


@contextmanager
def _ending_on_signals() -> Iterator[None]:
    def end(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    numbers = [number for number in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(number) is not signal.SIG_IGN]
    before = [(number, signal.signal(number, end)) for number in numbers]  # nohup has SIGHUP ignored
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the check that `argv` describes; its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m gates.check", usage=SYNOPSIS, description=DESCRIPTION, epilog=EPILOG, formatter_class=Help
    )
    parser.add_argument(
        "--stack", type=Path, default=STACK, metavar="FILE", help="whose objectives are judged (default: %(default)s)"
    )
    add_arguments(parser)
    try:
        return run(parser.parse_args(argv))
    except HqError as error:
        say(f"gates.check: {error}")
        return USAGE
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


if __name__ == "__main__":
    gc.set_threshold(100_000)  # so short a process leaves no garbage that is worth a search,
    os._exit(main())  # and nothing to tidy up at its end: each of these took a tenth of its time
