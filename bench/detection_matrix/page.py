"""The page that holds what was measured: what lies between two markers is written by the benchmark."""

from __future__ import annotations

import re
from pathlib import Path

from stack.errors import HqError


def replace_tables(page: Path, name: str, text: str) -> None:
    """Puts the text between the markers of a name; raises HqError when the page has no such markers."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    try:
        content = page.read_text()
        parts = re.split(f"({re.escape(begin)}|{re.escape(end)})", content)
        if [part for part in parts if part in (begin, end)] != [begin, end]:
            raise HqError(f"{page} needs one line {begin} and one {end} below it, between which the figures stand")
        page.write_text(f"{parts[0]}{begin}\n{text.strip()}\n{end}{parts[4]}")
    except OSError as error:
        raise HqError(f"{page} cannot be used: {error.strerror}") from None
