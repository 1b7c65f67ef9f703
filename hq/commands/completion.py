"""`dev-hq completion`: what a shell needs to complete our commands."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

from hq.command_tree import arguments_of, every_command
from stack.errors import MissingToolError

SHELLS = ("bash", "zsh")
_DESCRIPTION = """\
Prints what a shell needs to complete commands, options, their choices, files and
the names of scenarios. Nothing of dev-hq runs when it completes.
"""
_EPILOG = """\
examples:
  dev-hq completion bash > ~/.local/share/bash-completion/completions/dev-hq
                          bash-completion reads it in the next shell
  eval "$(dev-hq completion bash)"
                          in this shell only
  dev-hq completion zsh > ~/.zfunc/_dev-hq
                          where ~/.zshrc has fpath+=~/.zfunc before compinit

exit codes: 0 printed; 2 it could not be done, and one line says why
"""
_SCENARIOS = {
    "bash": """\
_dev_hq_scenarios() {{
  compgen -W '{names}' -- "$1"
  compgen -f -X '!*.yaml' -- "$1"
  compgen -d -S / -- "$1"
}}
""",
    "zsh": """\
_dev_hq_scenarios() {{
  _alternative 'scenarios:scenario:({names})' 'files:file:_files -g "*.yaml"'
}}
""",
}


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `completion`."""
    parser = commands.add_parser(
        "completion",
        help="print what a shell needs to complete these commands",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("shell", choices=SHELLS, help="the shell")
    parser.set_defaults(handler=_completion)


def _completion(arguments: argparse.Namespace) -> int:
    try:
        import shtab
    except ImportError:
        raise MissingToolError("dev-hq completion needs shtab: pip install 'dev-hq[completion]'") from None
    from chaos.scenario_file import shipped_scenarios
    from hq.cli import parser

    top = parser()
    for _, command in every_command(top):
        for action in arguments_of(command):
            if completer := _completer(action):
                action.complete = completer  # type: ignore[attr-defined] # where shtab looks for it
    preamble = _SCENARIOS[arguments.shell].format(names=" ".join(shipped_scenarios()))
    print(shtab.complete(top, arguments.shell, preamble=preamble))
    return 0


def _completer(action: argparse.Action) -> Mapping[str, str | dict[str, str]]:
    """How an argument is completed: by its type, or as the name of a scenario; else not at all."""
    import shtab

    if action.dest == "scenario":
        return dict.fromkeys(SHELLS, "_dev_hq_scenarios")
    if action.type is not Path:
        return {}
    directories = action.metavar in ("DIR", "DIRECTORY")
    return shtab.DIRECTORY if directories else shtab.FILE
