"""The bearer tokens of the HTTP API: who may do what. The file holds digests, so what is in it lets nobody in.

ci: {scopes: [quality], sha256: 9f86d081884c7d65…}
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from hq.credentials import CredentialsError
from stack.document import Value, read_document
from stack.errors import HqError

PREFIX = "dev-hq-"  # so that a scanner for secrets can tell a token that went into a commit
TOKEN_BYTES = 32
ALERTMANAGER = "alertmanager"  # what the audit calls whoever shows the webhook's own token


class Scope(StrEnum):
    """What a token is good for. Who may check or break something may also look: the other two include `read`."""

    READ = "read"
    QUALITY = "quality"
    CHAOS = "chaos"


@dataclass(frozen=True)
class Caller:
    """Somebody whose token is known."""

    name: str
    scopes: frozenset[Scope]

    def may(self, scope: Scope) -> bool:
        """Whether the scope is one of the caller's, or `read`."""
        return scope is Scope.READ or scope in self.scopes


@dataclass(frozen=True)
class Token:
    """A caller and the SHA-256 of the token that is theirs, in hexadecimal digits."""

    caller: Caller
    digest: str


def new_token() -> str:
    """A token that nobody can guess."""
    return PREFIX + secrets.token_urlsafe(TOKEN_BYTES)


def digest_of(token: bytes) -> str:
    """What is kept of a token; it has too much chance in it to be found from its digest, so there is no salt."""
    return hashlib.sha256(token).hexdigest()


def read_tokens(path: Path) -> tuple[Token, ...]:
    """The tokens in the file, none when there is no file; raises CredentialsError."""
    if not path.exists():
        return ()
    try:
        return tuple(_token(name, value) for name, value in read_document(path).named().items())
    except HqError as error:
        raise CredentialsError(str(error)) from None


def caller_of(tokens: tuple[Token, ...], shown: bytes) -> Caller | None:
    """Whose token was shown; every digest is compared, so that the time tells nothing."""
    digest = digest_of(shown).encode()
    known = [token.caller for token in tokens if hmac.compare_digest(token.digest.encode(), digest)]
    return known[0] if known else None


def _token(name: str, value: Value) -> Token:
    keys = value.fields(required=("scopes", "sha256"))
    digest = keys["sha256"].text()
    if not re.fullmatch(r"[0-9a-f]{64}", digest):
        raise keys["sha256"].error("sha256 must be the 64 hexadecimal digits that `dev-hq token add` wrote")
    scopes = frozenset(Scope(scope.choice(tuple(Scope))) for scope in keys["scopes"].items())
    return Token(Caller(name, scopes), digest)
