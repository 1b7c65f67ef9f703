"""What lets us in: the header Authorization, made of a token, of a user and a password, or of what a program prints."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from prometheus.token_command import find_program, printed_token
from stack.access import BasicAuth, BearerFile, TokenCommand
from stack.errors import HqError
from stack.reading import KIB, read_text

MAX_BYTES = 64 * KIB


class Credentials(Protocol):
    """Whatever makes the header Authorization."""

    @property
    def name(self) -> str:
        """What they are, for who has to mend them; never what they hold."""

    def header(self, seconds: float) -> str:
        """The header's value, found within `seconds`; raises HqError for a file or program that is not as it must be.

        Raises PrometheusError for a program that fails.
        """

    def renew(self) -> bool:
        """Forgets what the server refused; whether there can be another now."""


def credentials_of(auth: BearerFile | BasicAuth | TokenCommand) -> Credentials:
    """The credentials that are configured; raises HqError when they cannot be had."""
    if isinstance(auth, TokenCommand):
        find_program(auth)
        return PrintedToken(auth)
    credentials = TokenFile(auth.path) if isinstance(auth, BearerFile) else Password(auth)
    credentials.header(0)
    return credentials


@dataclass
class TokenFile:
    """A bearer token, read anew for each request."""

    path: Path
    _last: str = field(default="", repr=False)

    @property
    def name(self) -> str:
        return f"the bearer token of {self.path}"

    def header(self, seconds: float) -> str:
        self._last = _token(self.path)
        return f"Bearer {self._last}"

    def renew(self) -> bool:
        """Whether the file was rotated while its old token was on the way."""
        return _token(self.path) != self._last


@dataclass
class Password:
    """A user and the password of a file, read anew for each request."""

    auth: BasicAuth

    @property
    def name(self) -> str:
        return f"the user {self.auth.user} with the password of {self.auth.password_file}"

    def header(self, seconds: float) -> str:
        password = _only_line(self.auth.password_file, "password")
        return "Basic " + base64.b64encode(f"{self.auth.user}:{password}".encode()).decode()

    def renew(self) -> bool:
        return False


@dataclass
class PrintedToken:
    """A bearer token that a program prints, kept until the server refuses it."""

    command: TokenCommand
    _token: str = field(default="", repr=False)

    @property
    def name(self) -> str:
        return f"the token that {self.command.argv[0]} prints"

    def header(self, seconds: float) -> str:
        self._token = self._token or printed_token(self.command, seconds)
        return f"Bearer {self._token}"

    def renew(self) -> bool:
        self._token = ""
        return True


def _token(path: Path) -> str:
    token = _only_line(path, "token")
    if not re.fullmatch(r"[!-~]+", token):
        raise HqError(f"{path} must hold a token and nothing else: ASCII characters without a space")
    return token


def _only_line(path: Path, what: str) -> str:
    """What a file holds in its one line, without the white space around it, as Prometheus itself reads such files."""
    text = read_text(path, at_most=MAX_BYTES, if_missing=f"the {what} must be in it").strip()
    if not text:
        raise HqError(f"{path} is empty; the {what} must be in it")
    if not text.isprintable():
        raise HqError(f"{path} must hold a {what} and nothing else, in one line")
    return text
