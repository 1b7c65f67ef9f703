"""A journal's file as it is written by hand, and what is read from it."""

from __future__ import annotations

from pathlib import Path

from stack.journal import Journal

RECORD = b'{"v": 1, "kind": "k", "at": 1.0, "n": 1}\n'


def written(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def kinds(path: Path) -> list[str]:
    return [record.kind for record in Journal(path).read()]
