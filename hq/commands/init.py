"""`dev-hq init`: a stack.yaml to begin with, and what is generated from it."""

from __future__ import annotations

import argparse
import shlex
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from stack.errors import HqError, MissingToolError

if TYPE_CHECKING:
    from stack.generated import Generated
    from stack.model import Stack

_DESCRIPTION = """\
Writes into DIRECTORY (default: here) a commented stack.yaml, the rules and
dashboards that follow from it, and a .gitignore for what is written at run time.

Without options it is the demo's: a storefront, the vendor that it goes out to
through four proxies, and load, all of it started by `dev-hq up`.
With --service it puts Envoy in front of services that you have: faults can stand
there, and Envoy counts the requests, so that they need no metrics of their own.
For services that a Prometheus already knows: dev-hq discover.
"""
_EPILOG = """\
examples:
  dev-hq init                                         the demo's, here
  dev-hq init shop --service web=http://127.0.0.1:8080
                                                      your own, in the directory shop
  dev-hq init --service web=http://127.0.0.1:8080 --load 20
                                                      with 20 requests a second
  dev-hq init --service web=http://127.0.0.1:8080 --pool vendor=https://api.example
                                                      web goes out to it through four proxies

Nothing that is there is overwritten.

exit codes: 0 written; 2 it could not be done, and one line says why
"""


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `init`."""
    parser = commands.add_parser(
        "init",
        help="write a commented stack.yaml to begin with, and what follows from it",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("directory", type=Path, nargs="?", default=Path(), metavar="DIRECTORY", help="made if missing")
    parser.add_argument(
        "--service", action="append", default=[], metavar="NAME=URL", help="a service of yours; can be given again"
    )
    parser.add_argument(
        "--pool", action="append", default=[], metavar="NAME=URL",
        help="where the first service goes out to, through proxies that Envoy plays; can be given again",
    )  # fmt: skip
    parser.add_argument(
        "--load", type=_rate, metavar="RATE", help="so many requests a second to the first service, on this machine"
    )
    parser.add_argument("--demo", action="store_true", help="the demo's, which is also the default")
    parser.set_defaults(handler=_init)


def _rate(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 1000):
        raise argparse.ArgumentTypeError(f'"{text}" is not a rate; write a whole number from 1 to 1000')
    return int(text)


def _init(arguments: argparse.Namespace) -> int:
    directory: Path = arguments.directory
    if "=" in str(directory):
        raise HqError(f"{str(directory)!r} is to be a directory; a service is given with --service NAME=URL")
    if arguments.stack != Path("stack.yaml"):
        raise HqError("--stack names a file that is there; say in which directory to write one: dev-hq init DIRECTORY")
    text = _text(arguments)
    _refuse_directory(directory)
    stack = _read(text)
    _refuse_addresses_of_ours(stack)
    generated, missing = _generated(directory, stack)
    _refuse_what_is_there(directory, generated)
    _write(directory, text, generated)
    _say_what_is_missing(stack, missing)
    _say_what_is_next(directory, arguments)
    return 0


def _text(arguments: argparse.Namespace) -> str:
    from hq.first_stack import Named, demo_text, own_text

    if not (arguments.service or arguments.pool or arguments.load):
        return demo_text()
    if arguments.demo:
        raise HqError("--demo has its own services; leave it out, or leave out --service, --pool and --load")
    services = [Named.parse("--service", text) for text in arguments.service]
    pools = [Named.parse("--pool", text) for text in arguments.pool]
    return own_text(services, pools, arguments.load)


def _refuse_directory(directory: Path) -> None:
    if directory.exists() and not directory.is_dir():
        raise HqError(f"{directory} is a file; name a directory")


def _read(text: str) -> Stack:
    """The stack that the text says, before anything is written where the user wants it."""
    from stack.loader import load_stack

    with tempfile.TemporaryDirectory() as elsewhere:
        draft = Path(elsewhere) / "stack.yaml"
        draft.write_text(text, encoding="utf-8")
        return load_stack(draft)


def _refuse_addresses_of_ours(stack: Stack) -> None:
    """An upstream where our own programs want to listen would be moved with them, to where it is not."""
    from stack.address import Address

    ours = {*stack.own_addresses()} - {process.listen for process in stack.processes.values() if process.name != "load"}
    upstreams = {service.name: service.upstream for service in stack.services.values()}
    upstreams |= {pool.name: pool.upstream for pool in stack.pools.values()}
    for name, url in upstreams.items():
        if url and (address := Address.of_url(url)) in ours:
            raise HqError(f"{name} is at {address}, where a program of dev-hq listens; let it listen elsewhere")


def _generated(directory: Path, stack: Stack) -> tuple[tuple[Generated, ...], str]:
    """The rules, and the dashboards if they can be made; else what they need."""
    from hq.commands.generate_grafana import grafana_below
    from prometheus.formats.directory import rules_in
    from prometheus.formats.format import Naming
    from prometheus.formats.registry import FORMATS
    from prometheus.rules import rule_files

    plain = FORMATS["plain"]
    rules = rules_in(directory / "prometheus" / "rules", plain.texts(rule_files(stack), Naming()), plain)
    try:
        return (rules, *grafana_below(directory / "grafana", stack)), ""
    except MissingToolError:
        return (rules,), "there are no dashboards, since they need grafanalib: pip install 'dev-hq[grafana]', then "


def _refuse_what_is_there(directory: Path, generated: tuple[Generated, ...]) -> None:
    wanted = [directory / "stack.yaml", *(files.directory / name for files in generated for name in files.texts)]
    there = [path for path in wanted if path.exists() or path.is_symlink()]
    if not there:
        return
    if there[0] == wanted[0]:
        raise HqError(f"{there[0]} is there already; to write what follows from it: dev-hq generate")
    others = f" and {len(there) - 1} more that would be written are" if len(there) > 1 else " is"
    raise HqError(f"{there[0]}{others} there already; name another directory, or move them away")


def _write(directory: Path, text: str, generated: tuple[Generated, ...]) -> None:
    """Writes everything, stack.yaml last: while it is missing, `init` can be tried again."""
    from stack.generated import write
    from stack.replacement import replace_file

    directory.mkdir(parents=True, exist_ok=True)
    ignored = directory / ".gitignore"
    write(generated)
    if not ignored.exists():
        replace_file(ignored, b"# Written at run time: logs, data, reports, secrets.\nvar/\n")
    replace_file(directory / "stack.yaml", text.encode())
    for path in (directory / "stack.yaml", *(files.directory for files in generated)):
        print(f"wrote {path}")


def _say_what_is_missing(stack: Stack, missing: str) -> None:
    from hq.extras import install, missing_to_start
    from stack.process import find_program

    if missing:
        print(f"note: {missing}dev-hq generate", file=sys.stderr)
    if extras := missing_to_start(stack):
        print(f"note: `dev-hq up` needs more: {install(extras)}", file=sys.stderr)
    for program in ("prometheus", "alertmanager"):
        try:
            find_program(program)
        except MissingToolError as error:
            print(f"note: {error}", file=sys.stderr)


def _say_what_is_next(directory: Path, arguments: argparse.Namespace) -> None:
    ignored = directory / ".gitignore"
    if "var/" not in ignored.read_text(encoding="utf-8", errors="replace").split():
        print(f"note: add var/ to {ignored}: secrets are kept there", file=sys.stderr)
    enter = "" if directory == Path() else f"  cd {shlex.quote(str(directory))}\n"
    own = bool(arguments.service)
    scenario = "network-latency" if own and not arguments.pool else "proxy-failure-wave"
    print(f"""
What comes next:
{enter}  dev-hq up                                      start everything, until Ctrl-C
and in another terminal:
  dev-hq status                                  where everything listens
  dev-hq chaos run {scenario:<30}break something, and see how it is taken
  dev-hq quality check                           may this release go out?
  dev-hq anomalies                               what is wrong now""")
