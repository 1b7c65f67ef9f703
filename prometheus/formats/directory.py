"""The directory that holds the rule files of one format, and how its files are known again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from prometheus.formats.format import Format
from stack.generated import SIGNATURE, Generated, write


def rules_in(directory: Path, texts: Mapping[str, str], wanted: Format) -> Generated:
    """The rule files `texts` of one format as files to write, to compare, or to look for what is left over of them."""

    def foreign(text: str) -> str:
        if text.startswith(wanted.signature):
            return ""
        return f"does not begin with {wanted.signature!r}, so it was not written by `dev-hq generate` in this format"

    return Generated("the rules", directory, texts, foreign, lambda text: text.startswith(SIGNATURE), ("*.yml",))


def write_files(texts: Mapping[str, str], directory: Path, wanted: Format) -> None:
    """Writes every file; raises HqError, before anything is written if a file in the way is not ours."""
    write([rules_in(directory, texts, wanted)])
