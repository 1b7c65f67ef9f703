"""`dev-hq chaos`: the scenarios, and runs of them."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TextIO

from hq.commands import chaos_runs, chaos_verify
from stack.errors import HqError, NotReadyError, StackNotRunningError
from stack.journal import Journal
from stack.model import Stack
from stack.placement import open_stack, read_placement
from stack.quantity import format_duration, format_percent
from stack.waiting import wait_for

if TYPE_CHECKING:
    from chaos.faults.fault import Fault
    from chaos.run import Progress
    from chaos.scenario import ChaosScenario
    from chaos.score import ResilienceScore

STOP_SECONDS = 30.0


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `chaos` with `list`, `show`, `run`, `runs`, `verify` and `stop`."""
    chaos = commands.add_parser("chaos", help="break things on purpose, and score how the system takes it")
    verbs = chaos.add_subparsers(title="commands", metavar="COMMAND", required=True)
    verbs.add_parser("list", help="the scenarios that there are").set_defaults(handler=_list)
    show = verbs.add_parser("show", help="what a scenario does and expects")
    _add_scenario(show)
    show.set_defaults(handler=_show)
    run = verbs.add_parser(
        "run",
        help="run a scenario",
        epilog="Exit codes: 0 resilient, 1 a weakness was found, 2 could not run, 3 stopped.",
    )
    _add_scenario(run)
    run.add_argument("--target", help="the pool or service to break, where there are several")
    run.add_argument("--duration", metavar="D", help="how long, such as 40s; short for --set duration=D")
    run.add_argument(
        "--set",
        dest="settings",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="change share, intensity, duration or step; can be repeated",
    )
    run.add_argument("--dry-run", action="store_true", help="print what would be broken when, and touch nothing")
    run.add_argument("--json", action="store_true", help="print the result as JSON, the progress to stderr")
    run.add_argument("--run-id", metavar="ID", help="what the run is called (default: the time, the scenario, chance)")
    run.set_defaults(handler=_run)
    chaos_runs.register(verbs)
    chaos_verify.register(verbs)
    verbs.add_parser("stop", help="stop the run that is going on").set_defaults(handler=_stop)


def _add_scenario(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("scenario", metavar="NAME", help="a scenario's name, or the path of its YAML file")


def _list(_arguments: argparse.Namespace) -> int:
    from chaos.scenario_file import shipped_scenarios

    for scenario in shipped_scenarios().values():
        print(f"{scenario.name:<22}{scenario.title}")
    return 0


def _show(arguments: argparse.Namespace) -> int:
    from chaos.scenario_file import load_scenario

    scenario = load_scenario(arguments.scenario)
    rows = {
        "scenario": scenario.name,
        "title": scenario.title,
        "hypothesis": scenario.hypothesis,
        "targets": ", ".join(scenario.target_kinds),
        "parameters": _settings(scenario.parameters),
        "faults": "; ".join(f"{fault.kind} {_settings(fault.parameters)}".strip() for fault in scenario.faults),
        "expect": ", ".join(scenario.expect),
        "may": ", ".join(scenario.may) or "nothing",
        "silent": ", ".join(scenario.silent) or "nothing",
    }
    for name, value in rows.items():
        print(f"{name:<12}{value}")
    return 0


def _settings(parameters: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in parameters.items())


def _run(arguments: argparse.Namespace) -> int:
    from chaos.engineering import ChaosEngineering
    from chaos.run_id import checked_run_id
    from chaos.scenario_file import load_scenario

    run = None if arguments.run_id is None else checked_run_id(arguments.run_id)
    stack = open_stack(arguments.stack)
    scenario = load_scenario(arguments.scenario).with_parameters(_changes(arguments))
    target = scenario.target(stack, arguments.target)
    plan = scenario.plan(stack, target)
    if arguments.dry_run:
        _print_plan(scenario, target, plan, as_json=arguments.json)
        return 0
    refuse_somebody_elses(stack)
    teller = Teller(sys.stderr if arguments.json else sys.stdout)
    score = ChaosEngineering(stack).run_chaos_test(scenario, target, run=run, progress=teller.tell)
    if arguments.json:
        print(json.dumps(_document(score), indent=2))
    else:
        _print_score(score)
    if score.score is None:
        print(f"dev-hq: {score.outcome.value.replace('_', ' ')}: {score.reason}", file=sys.stderr)
    return score.exit_code


def refuse_somebody_elses(stack: Stack) -> None:
    """An Envoy on this machine must be the one of this stack: at the same address another stack's may listen."""
    if not stack.envoy.admin.is_loopback or read_placement(stack.directory):
        return
    from hq.elsewhere import runs_elsewhere

    if not runs_elsewhere(stack):
        raise StackNotRunningError(f"the stack of {stack.file} does not run; `dev-hq up` starts it")


def _changes(arguments: argparse.Namespace) -> dict[str, str]:
    changes: dict[str, str] = {}
    for setting in arguments.settings:
        name, equals, value = setting.partition("=")
        if not equals:
            raise HqError(f'--set wants key=value, such as --set intensity=30%, not "{setting}"')
        changes[name.strip()] = value.strip()
    if arguments.duration is not None:
        changes["duration"] = arguments.duration
    return changes


class Teller:
    """Prints progress, each line with the seconds since the beginning."""

    def __init__(self, output: TextIO) -> None:
        self._output = output
        self._began = time.monotonic()

    def tell(self, progress: Progress) -> None:
        print(f"{time.monotonic() - self._began:6.1f}s  {progress.sentence}", file=self._output, flush=True)


def _print_plan(scenario: ChaosScenario, target: str, faults: Sequence[Fault], *, as_json: bool) -> None:
    from chaos.record import plan_of

    if as_json:
        print(json.dumps({"scenario": scenario.name, "target": target, "faults": list(map(plan_of, faults))}, indent=2))
        return
    print(f"{scenario.name} on {target} would break:")
    print(f"{'fault':<12}{'member':<9}{'from':>9}{'to':>9}{'share':>9}{'delay':>9}")
    for fault in faults:
        member = "-" if fault.member is None else str(fault.member)
        delay = format_duration(fault.delay) if fault.delay else "-"
        end = format_duration(fault.after + fault.seconds)
        span = f"{format_duration(fault.after):>9}{end:>9}"
        print(f"{fault.kind:<12}{member:<9}{span}{format_percent(fault.share):>9}{delay:>9}")
    print("This is a dry run: nothing was touched.")


def _print_score(score: ResilienceScore) -> None:
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
    if score.report:
        print(f"report: {score.report}")


def _document(score: ResilienceScore) -> object:
    """What the report's JSON says, or the score alone where no report could be written."""
    if score.report is None:
        return {"run": score.run, "outcome": score.outcome.value, "reason": score.reason, "score": score.score}
    return {**json.loads(score.report.with_suffix(".json").read_text()), "report": str(score.report)}


def _stop(arguments: argparse.Namespace) -> int:
    from chaos.history import active_run
    from chaos.lease import TTL

    run = active_run(Journal(open_stack(arguments.stack).journal).read())
    if run is None:
        print("no run is active")
        return 0
    run.process.signal(signal.SIGTERM, signal.SIGCONT)  # one that was suspended hears nothing until it goes on
    try:
        wait_for(lambda: not run.process.is_alive, STOP_SECONDS, f"run {run.run} (pid {run.process.pid}) did not end")
    except NotReadyError as error:
        raise HqError(f"{error}; kill it, and its faults end by themselves within {TTL:g} s") from None
    print(f"stopped: {run.scenario} on {run.target}")
    return 0
