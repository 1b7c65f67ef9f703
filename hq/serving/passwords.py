"""Passwords of `basic_auth_users`: checked one at a time, and remembered by digest, so that a check costs once."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import threading
from collections.abc import Mapping, Sequence

MOST_WAITING = 8
MOST_REMEMBERED = 100
_BCRYPT_READS = 72  # bytes of a password; the library refuses more


class BusyError(Exception):
    """More passwords wait to be checked than are worth waiting for."""


class Passwords:
    """Tells whether a password is a user's. A check takes a tenth of a second of one core: not for the event loop."""

    def __init__(self) -> None:
        self._salt = secrets.token_bytes(32)
        self._remembered: dict[bytes, None] = {}
        self._one = threading.Lock()
        self._waiting = threading.BoundedSemaphore(MOST_WAITING)

    def are(self, user: str, password: bytes, users: Mapping[str, bytes]) -> bool:
        """Whether it is the password of one of `users`; raises BusyError.

        A user whom nobody knows costs as much time as a known one.
        """
        kept = users.get(user) or next(iter(users.values()))
        digest = hmac.digest(self._salt, b"\0".join((user.encode(), kept, password)), hashlib.sha256)
        if digest in self._remembered:
            return True
        if not self._waiting.acquire(blocking=False):
            raise BusyError
        try:
            with self._one:
                right = _matches(password, kept) and user in users
        finally:
            self._waiting.release()
        if right:
            if len(self._remembered) >= MOST_REMEMBERED:
                self._remembered.clear()
            self._remembered[digest] = None
        return right


def basic_credentials(authorization: Sequence[str]) -> tuple[str, bytes] | None:
    """The user and the password in the Authorization headers, or nothing."""
    scheme, _, shown = authorization[0].partition(" ") if len(authorization) == 1 else ("", "", "")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(shown.strip(), validate=True).partition(b":")
        return (user.decode(), password) if colon else None
    except (binascii.Error, ValueError):
        return None


def _matches(password: bytes, kept: bytes) -> bool:
    import bcrypt

    try:
        return bcrypt.checkpw(password[:_BCRYPT_READS], kept)
    except ValueError:  # a NUL in it
        return False
