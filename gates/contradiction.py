"""Options of a check that cannot go together."""

from __future__ import annotations

from argparse import Namespace

from gates.arguments import STACK

_JUDGED = ("wait", "evidence", "replay", "output", "run_id")
_IN_THE_EVIDENCE = ("config", "var", "service", "gate", "window", "at", "since", "wait", "evidence")


def contradiction(arguments: Namespace) -> str | None:
    """Why these options cannot go together, as a sentence, or None."""
    return _of_files(arguments) or _of_deeds(arguments) or _of_moments(arguments)


def _of_files(arguments: Namespace) -> str | None:
    if arguments.var and not (arguments.config or arguments.replay):
        return "--var gives a gates file its variables; name the file with --config"
    if arguments.config and arguments.stack != STACK:
        return (
            f"--config and --stack both say what to judge; to judge the stack's gates with those of "
            f"{arguments.config}, name it there: stack: {arguments.stack}"
        )
    return None


def _of_deeds(arguments: Namespace) -> str | None:
    for name in ("validate", "explain", "self_test"):
        if getattr(arguments, name) and (given := _given(arguments, _JUDGED)):
            return f"{_option(name)} judges no release, and {given} is for one that is judged; leave one of them out"
    if arguments.replay and (given := _given(arguments, _IN_THE_EVIDENCE)):
        return f"--replay judges what the evidence holds; {given} would change that"
    return None


def _of_moments(arguments: Namespace) -> str | None:
    at, since, wait = arguments.at, arguments.since, arguments.wait
    if arguments.every is not None and wait is None:
        return "--every says how often to look while waiting; give --wait too"
    if wait is not None and at is not None:
        return "--wait looks at moments to come, and --at at one that has passed; give one of them"
    if at is not None and since is not None and since > at:
        return "--since lies after --at, so nothing of the release had been counted then; judge a later moment"
    return None


def _given(arguments: Namespace, names: tuple[str, ...]) -> str | None:
    return next((_option(name) for name in names if getattr(arguments, name)), None)


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"
