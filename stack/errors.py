"""Every error a user can cause is one of these: a sentence that says what is wrong, where, and what would be right."""

from __future__ import annotations

import re


class HqError(Exception):
    """An error whose message is meant for the user: one line (and what it quotes below), no traceback."""


class ConfigError(HqError):
    """A file that the user wrote is wrong: `file:line: what is wrong, what would be right`.

    Below it stand the lines that are `quoted`, if any.
    """

    def __init__(self, file: str, line: int, message: str, quoted: tuple[str, ...] = ()) -> None:
        super().__init__("\n".join([f"{file}:{line}: {_one_line(message)}", *map(_one_line, quoted)]))
        self.file = file
        self.line = line


def _one_line(message: str) -> str:
    """What a file holds may be quoted: its control characters escaped, the middle of a long message left out."""
    line = re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]", lambda match: ascii(match[0])[1:-1], message)
    return line if len(line) <= 500 else f"{line[:250]} … {line[-200:]}"


class JournalError(HqError):
    """The journal cannot be read or written."""


class MissingToolError(HqError):
    """A program or library that this command needs is not installed."""


class NotReadyError(HqError):
    """Something did not become ready within its deadline."""


class StackNotRunningError(HqError):
    """The command needs the stack that `dev-hq up` starts, and it is not running."""
