"""`dev-hq chaos verify`: would anyone have been told?"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from stack.errors import HqError
from stack.model import Stack
from stack.placement import open_stack

if TYPE_CHECKING:
    from chaos.verification.verified import Verified
    from chaos.verification.verify import Asked

REPEATS = 3
LARGEST_SEED = 2**31 - 1


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `verify`."""
    verify = verbs.add_parser(
        "verify",
        help="would anyone have been told? faults of known size against the alerts",
        epilog="Exit codes: 0 the bars are met, 1 one is missed, 2 could not run, 3 stopped.",
    )
    verify.add_argument(
        "--scenario",
        dest="scenarios",
        action="append",
        default=[],
        metavar="NAME",
        help="a scenario's name, or the path of its YAML file; can be repeated (default: all that the stack can have)",
    )
    verify.add_argument("--target", help="the pool or service to break, where there are several")
    verify.add_argument("--repeats", metavar="N", help=f"how often each is tried (default: {REPEATS})")
    verify.add_argument("--seed", metavar="S", help="what decides the order and the gaps (default: drawn, and told)")
    verify.add_argument("--quick", action="store_true", help="a sample that takes less than five minutes")
    verify.add_argument(
        "--decoys", action="store_true", help="also restart the service's process, if `dev-hq up` manages it"
    )
    verify.add_argument("--json", action="store_true", help="print the result as JSON, the progress to stderr")
    verify.add_argument("--output", type=Path, metavar="FILE", help="write the result as JSON into a file too")
    verify.set_defaults(handler=_verify)


def _verify(arguments: argparse.Namespace) -> int:
    from chaos.score import EXIT_CODES
    from chaos.verification.document import document
    from chaos.verification.verify import verify
    from hq.chaos_output import Teller
    from hq.elsewhere import refuse_somebody_elses
    from prometheus.access import connect
    from stack.replacement import replace_file

    asked = _asked(arguments)
    _refuse_unwritable(arguments.output)
    stack = open_stack(arguments.stack)
    _refuse_mistakes(stack, asked)
    refuse_somebody_elses(stack)
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")  # a decoy starts a program, and gRPC would remark upon it
    teller = Teller(sys.stderr if arguments.json else sys.stdout)
    verified = verify(stack, connect(stack.prometheus), asked, teller.tell)
    exit_code = EXIT_CODES[verified.outcome]
    found = json.dumps(document(verified, seed=asked.seed, quick=asked.quick, exit_code=exit_code), indent=2)
    if arguments.json:
        print(found, flush=True)
    else:
        _print(verified, asked)
    if arguments.output:  # when it is printed, so that a full disk takes nothing away
        replace_file(arguments.output, f"{found}\n".encode())
    if exit_code >= 2:
        print(f"dev-hq: {verified.outcome.value.replace('_', ' ')}: {verified.reason}", file=sys.stderr)
    return exit_code


def _asked(arguments: argparse.Namespace) -> Asked:
    from chaos.verification.verify import MOST_REPEATS, Asked

    if arguments.quick and arguments.repeats is not None:
        raise HqError("--quick tries each scenario once; leave out --repeats, or --quick")
    return Asked(
        scenarios=tuple(arguments.scenarios),
        target=arguments.target,
        repeats=REPEATS if arguments.repeats is None else _whole("--repeats", arguments.repeats, 1, MOST_REPEATS),
        seed=random.SystemRandom().randrange(1_000_000)
        if arguments.seed is None
        else _whole("--seed", arguments.seed, 0, LARGEST_SEED),
        quick=arguments.quick,
        restarts=arguments.decoys,
    )


def _whole(flag: str, text: str, low: int, high: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(high)) and low <= int(text) <= high):
        raise HqError(f'{flag} wants a whole number from {low} to {high}, not "{text}"')
    return int(text)


def _refuse_unwritable(output: Path | None) -> None:
    """Before anything is broken, not after an hour of it."""
    if output is None:
        return
    if output.is_dir():
        raise HqError(f"--output {output} is a directory; name a file in it")
    if not output.absolute().parent.is_dir():
        raise HqError(f"--output {output}: there is no directory {output.parent}")
    if not os.access(output if output.exists() else output.absolute().parent, os.W_OK):
        raise HqError(f"--output {output} may not be written by this user; name another file")


def _refuse_mistakes(stack: Stack, asked: Asked) -> None:
    """What is wrong with the names on the command line can be told without a stack that runs."""
    from chaos.scenario_file import load_scenario, shipped_scenarios
    from stack.suggestion import suggestion

    for name in asked.scenarios:
        load_scenario(name).target(stack, asked.target)
    known = dict.fromkeys(one for scenario in shipped_scenarios().values() for one in scenario.targets(stack))
    if not known:
        raise HqError(f"nothing can be broken: {stack.file} has neither a pool nor a service with listen and upstream")
    if asked.target is not None and asked.target not in known and not asked.scenarios:
        raise HqError(f'there is no target "{asked.target}"; {suggestion(asked.target, known, "targets are")}')


def _print(verified: Verified, asked: Asked) -> None:
    from chaos.verification.answer import answer, summary, table

    if not verified.tried:
        return
    print(f"\n{answer(verified)}\n")
    for line in (*table(verified), "", *summary(verified)):
        print(line)
    if asked.quick:
        print("This was a sample: each bound above says how little it proves; without --quick, more is tried.")
    print(f"seed {asked.seed}")
