"""The name of a run: in the journal, of its report and of its log."""

from __future__ import annotations

import re
import secrets
import time

from stack.errors import HqError

RUN_ID = r"[0-9A-Za-z][0-9A-Za-z_-]{0,99}"


def new_run_id(scenario: str) -> str:
    """A name that no other run has: when, what, and some chance."""
    return f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{scenario}-{secrets.token_hex(2)}"


def checked_run_id(text: str) -> str:
    """A name that somebody chose; raises HqError for one that could not be a file's name everywhere."""
    if not re.fullmatch(RUN_ID, text):
        raise HqError(f"a run id is 1 to 100 letters, digits, - and _, the first a letter or digit, not {text!r}")
    return text
