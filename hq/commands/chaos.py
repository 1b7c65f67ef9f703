"""`dev-hq chaos`: the scenarios, and runs of them."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from hq.chaos_output import Teller, print_scenario, print_score
from hq.commands import chaos_runs, chaos_verify
from hq.elsewhere import refuse_somebody_elses
from hq.remote.options import add_server_options, remote
from stack.arguments import duration
from stack.errors import HqError, NotReadyError
from stack.placement import open_stack
from stack.quantity import format_duration, format_percent
from stack.waiting import wait_for

if TYPE_CHECKING:
    from chaos.faults.fault import Fault
    from chaos.scenario import ChaosScenario
    from chaos.score import ResilienceScore

STOP_SECONDS = 30.0


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `chaos` with `list`, `show`, `run`, `runs`, `verify` and `stop`."""
    chaos = commands.add_parser("chaos", help="break things on purpose, and score how the system takes it")
    verbs = chaos.add_subparsers(title="commands", metavar="COMMAND", required=True)
    listing = verbs.add_parser("list", help="the scenarios that there are")
    add_server_options(listing)
    listing.set_defaults(handler=_list)
    show = verbs.add_parser("show", help="what a scenario does and expects")
    _add_scenario(show)
    add_server_options(show)
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
    add_server_options(run).add_argument(
        "--patience", type=duration(0, 86400), metavar="D",
        help="how long to look for a server that was lost during the run (default: 1m)",
    )  # fmt: skip
    run.set_defaults(handler=_run)
    chaos_runs.register(verbs)
    chaos_verify.register(verbs)
    stop = verbs.add_parser("stop", help="stop the run that is going on")
    add_server_options(stop)
    stop.set_defaults(handler=_stop)


def _add_scenario(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("scenario", metavar="NAME", help="a scenario's name, or the path of its YAML file")


def _list(arguments: argparse.Namespace) -> int:
    if client := remote(arguments):
        from hq.remote.scenarios import list_scenarios

        return list_scenarios(client)
    from chaos.scenario_file import shipped_scenarios

    for scenario in shipped_scenarios().values():
        print(f"{scenario.name:<22}{scenario.title}")
    return 0


def _show(arguments: argparse.Namespace) -> int:
    if client := remote(arguments):
        from hq.remote.scenarios import show_scenario

        return show_scenario(client, arguments.scenario)
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
    print_scenario(rows)
    return 0


def _settings(parameters: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in parameters.items())


def _run(arguments: argparse.Namespace) -> int:
    if client := remote(arguments):
        from hq.remote.run import run as run_there

        return run_there(client, arguments, _changes(arguments))
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
        print_score(score, score.report)
    if score.score is None:
        print(f"dev-hq: {score.outcome.value.replace('_', ' ')}: {score.reason}", file=sys.stderr)
    return score.exit_code


def _changes(arguments: argparse.Namespace) -> dict[str, str]:
    """The parameters that --set and --duration change, as they are written; raises HqError."""
    changed: dict[str, str] = {}
    for setting in arguments.settings:
        name, equals, value = setting.partition("=")
        if not equals:
            raise HqError(f'--set wants key=value, such as --set intensity=30%, not "{setting}"')
        changed[name.strip()] = value.strip()
    if arguments.duration is not None:
        changed["duration"] = arguments.duration
    return changed


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


def _document(score: ResilienceScore) -> object:
    """What the report's JSON says, or the score alone where no report could be written."""
    if score.report is None:
        return {"run": score.run, "outcome": score.outcome.value, "reason": score.reason, "score": score.score}
    return {**json.loads(score.report.with_suffix(".json").read_text()), "report": str(score.report)}


def _stop(arguments: argparse.Namespace) -> int:
    if client := remote(arguments):
        from hq.remote.runs import stop

        return stop(client)
    from chaos.lease import TTL
    from chaos.stop import tell_to_stop

    run = tell_to_stop(open_stack(arguments.stack).journal)
    if run is None or run.process is None:
        print("no run is active")
        return 0
    process = run.process
    try:
        wait_for(lambda: not process.is_alive, STOP_SECONDS, f"run {run.run} (pid {process.pid}) did not end")
    except NotReadyError as error:
        raise HqError(f"{error}; kill it, and its faults end by themselves within {TTL:g} s") from None
    print(f"stopped: {run.scenario} on {run.target}")
    return 0
