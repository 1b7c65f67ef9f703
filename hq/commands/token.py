"""`dev-hq token`: who may call the HTTP API."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from stack.errors import HqError
from stack.loader import load_stack

_DESCRIPTION = """\
Makes, lists and revokes the tokens that callers of the HTTP API show. A token is
printed once, when it is made; what is kept is its digest. `dev-hq serve` knows of
a change at once. docs/security.md says what each scope opens.
"""
SCOPES = ("read", "quality", "chaos")  # as hq.api.tokens.Scope, which is not loaded for `--help`


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `token`."""
    parser = commands.add_parser(
        "token",
        help="make, list and revoke the tokens that callers of the HTTP API show",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    add = actions.add_parser("add", help="make a token, and print it: it is not shown again")
    add.add_argument("name", metavar="NAME", help="whose it is, such as ci; the audit log says it")
    add.add_argument(
        "--scope", action="append", required=True, choices=SCOPES, metavar="SCOPE",
        help=f"what it opens: {', '.join(SCOPES)}; can be given again, and read is part of the others",
    )  # fmt: skip
    add.add_argument(
        "--output", type=Path, metavar="FILE", help="write the token to this new file, which only its owner reads"
    )
    add.set_defaults(handler=_add)
    shown = actions.add_parser("list", help="whose tokens there are, and what each opens")
    shown.set_defaults(handler=_list)
    revoke = actions.add_parser("revoke", help="forget a token: it opens nothing any more")
    revoke.add_argument("name", metavar="NAME", help="as `token list` shows it")
    revoke.set_defaults(handler=_revoke)
    for action in (add, shown, revoke):
        action.add_argument(
            "--tokens", type=Path, metavar="FILE", help="where they are (default: var/tokens.yaml beside stack.yaml)"
        )


def _add(arguments: argparse.Namespace) -> int:
    from hq.api.token_file import add_token, revoke_token
    from hq.api.tokens import Scope

    path = _tokens(arguments)
    output: Path | None = arguments.output
    descriptor = _new_file(output) if output else None
    try:
        made = add_token(path, arguments.name, frozenset(map(Scope, arguments.scope)))
    except BaseException:
        if output:
            output.unlink()
        raise
    try:
        if descriptor is None:
            _tell(f"the token of {arguments.name}; it is not shown again:")
            print(made, flush=True)
        else:
            with os.fdopen(descriptor, "w") as file:
                file.write(f"{made}\n")
            _tell(f"wrote the token of {arguments.name} to {output}")
    except OSError:  # nobody has seen it, so nobody may have it
        revoke_token(path, arguments.name)
        raise
    return 0


def _list(arguments: argparse.Namespace) -> int:
    from hq.api.tokens import read_tokens

    tokens = read_tokens(_tokens(arguments))
    if not tokens:
        _tell("there are no tokens; `dev-hq token add NAME --scope read` makes one")
    width = max((len(token.caller.name) for token in tokens), default=0) + 2
    for token in tokens:
        print(f"{token.caller.name:<{width}}{', '.join(sorted(token.caller.scopes))}")
    return 0


def _revoke(arguments: argparse.Namespace) -> int:
    from hq.api.token_file import revoke_token

    revoke_token(_tokens(arguments), arguments.name)
    _tell(f"revoked the token of {arguments.name}")
    return 0


def _tokens(arguments: argparse.Namespace) -> Path:
    path: Path = arguments.tokens or load_stack(arguments.stack).tokens
    return path


def _new_file(path: Path) -> int:
    try:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise HqError(f"{path} is there already; name a new file, or remove that one first") from None
    except OSError as error:
        raise HqError(f"{path} cannot be written: {error.strerror}") from None


def _tell(words: str) -> None:
    print(words, file=sys.stderr, flush=True)
