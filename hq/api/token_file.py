"""Tokens made and revoked: the file of `tokens.py`, written whole, by one process at a time."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hq.api.tokens import ALERTMANAGER, Caller, Scope, Token, digest_of, new_token, read_tokens
from hq.credentials import CredentialsError
from stack.document import NAME
from stack.errors import NotReadyError
from stack.file_lock import take_turn
from stack.suggestion import suggestion

LOCK_SECONDS = 10.0
_HEAD = "# Who may call the HTTP API, and what for; `dev-hq token` writes this file. Digests only: no token is in it.\n"


def add_token(path: Path, name: str, scopes: frozenset[Scope]) -> str:
    """A new token for `name`, which is kept nowhere; raises CredentialsError for a name that is taken, or is none."""
    if not NAME.fullmatch(name):
        raise CredentialsError(f"{name!a} is no name for a token; use lower case letters, digits, - and _, at most 63")
    if name == ALERTMANAGER:
        raise CredentialsError(f'"{name}" is what the audit calls the webhook; choose another name')
    made = new_token()
    with _changing(path) as tokens:
        if name in tokens:
            raise CredentialsError(f'there is a token "{name}" already; revoke it first, or choose another name')
        tokens[name] = Token(Caller(name, scopes), digest_of(made.encode()))
    return made


def revoke_token(path: Path, name: str) -> None:
    """Forgets the token of `name`; raises CredentialsError when there is none."""
    with _changing(path) as tokens:
        if not tokens:
            raise CredentialsError("there are no tokens; `dev-hq token add` makes one")
        if name not in tokens:
            raise CredentialsError(f"there is no token {name!a}; {suggestion(name, tokens)}")
        del tokens[name]


@contextmanager
def _changing(path: Path) -> Iterator[dict[str, Token]]:
    """The tokens by name, written back whole when the body has changed them; one writer at a time."""
    file = Path(os.path.realpath(path))
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        turn = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            _take(turn, file.parent)
            tokens = {token.caller.name: token for token in read_tokens(path)}
            yield tokens
            _write(file, tokens.values())
            os.fsync(turn)
        finally:
            os.close(turn)
    except OSError as error:
        raise CredentialsError(f"{path} cannot be written: {error.strerror}") from None


def _take(turn: int, directory: Path) -> None:
    """Waits until no other process changes the tokens, which is until `turn` is closed."""
    try:
        take_turn(turn, LOCK_SECONDS, every=0.01)
    except NotReadyError:
        raise CredentialsError(f"another process has held {directory} locked for {LOCK_SECONDS:g} s") from None


def _write(file: Path, tokens: Iterable[Token]) -> None:
    """The whole file or none of it, readable by its owner only."""
    descriptor, draft = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    try:
        with os.fdopen(descriptor, "w") as written:
            written.write(_HEAD + ("".join(map(_line, tokens)) or "{}\n"))
            written.flush()
            os.fsync(descriptor)
        Path(draft).replace(file)
    except BaseException:
        with suppress(OSError):
            Path(draft).unlink()
        raise


def _line(token: Token) -> str:
    return f"{token.caller.name}: {{scopes: [{', '.join(sorted(token.caller.scopes))}], sha256: {token.digest}}}\n"
