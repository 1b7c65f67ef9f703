"""The bearer token that whoever changes something must show, kept in a file that only its owner reads."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from stack.errors import HqError
from stack.reading import KIB, read_bytes

TOKEN_BYTES = 32
_MAX_FILE_BYTES = 4 * KIB


class CredentialsError(HqError):
    """The credentials file cannot be used; the message never holds what is in it."""


def ensure_credentials(path: Path) -> None:
    """Makes the file, or what the link there points to, with a new random token unless it is there.

    Raises CredentialsError also when there is none afterwards that can be used.
    """
    try:
        if not path.exists():
            file = Path(os.path.realpath(path))
            file.parent.mkdir(parents=True, exist_ok=True)
            _make(file)
    except OSError as error:
        raise CredentialsError(f"the credentials file {path} cannot be made: {error.strerror}") from None
    read_token(path)


def _make(path: Path) -> None:
    """A new file, whole from the start: two processes that make it at once end up with the same token."""
    descriptor, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # only its owner reads it
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(TOKEN_BYTES) + "\n")
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        Path(draft).unlink()


def read_token(path: Path) -> bytes:
    """The token in the file, as Alertmanager reads it: without the white space around it; raises CredentialsError."""
    try:
        token = read_bytes(path, at_most=_MAX_FILE_BYTES, if_missing="`dev-hq serve` makes one").strip()
    except HqError as error:
        raise CredentialsError(f"the credentials cannot be used: {error}") from None
    if not token:
        raise CredentialsError(f"the credentials file {path} must hold one token, on one line")
    return token


def is_allowed(authorization: Sequence[str], path: Path) -> bool:
    """Whether the Authorization headers show the token in the file; raises CredentialsError when it cannot be read.

    The file is read each time, so that a new token needs no restart.
    """
    token = read_token(path)
    scheme, _, shown = authorization[0].partition(" ") if len(authorization) == 1 else ("", "", "")
    digests = (hashlib.sha256(each).digest() for each in (shown.strip().encode("latin-1"), token))
    return scheme.lower() == "bearer" and hmac.compare_digest(*digests)
