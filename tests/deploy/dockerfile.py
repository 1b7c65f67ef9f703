"""Reads a Dockerfile and what the build may see of the sources."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath


@dataclass
class Stage:
    """One FROM and what follows it: each instruction with its words as they stand."""

    name: str
    base: str
    instructions: list[tuple[str, str]] = field(default_factory=list)

    def all(self, keyword: str) -> list[str]:
        return [words for found, words in self.instructions if found == keyword]

    def last(self, keyword: str) -> str:
        return self.all(keyword)[-1]

    def list(self, keyword: str) -> list[str]:
        """The words of an instruction in exec form."""
        words: list[str] = json.loads(self.last(keyword))
        return words

    @property
    def environment(self) -> dict[str, str]:
        pairs = (word.partition("=") for words in self.all("ENV") for word in shlex.split(words))
        return {name: value for name, _, value in pairs}


def read_dockerfile(path: Path) -> dict[str, Stage]:
    """The stages by name, their ARGs put in."""
    text = re.sub(r"^\s*#.*\n", "", path.read_text(), flags=re.M).replace("\\\n", " ")
    arguments: dict[str, str] = {}
    stages: dict[str, Stage] = {}
    stage: Stage | None = None
    for line in filter(str.strip, text.splitlines()):
        keyword, words = line.split(maxsplit=1)
        if keyword == "ARG":
            name, _, value = words.partition("=")
            arguments[name] = value
        elif keyword == "FROM":
            words = re.sub(r"\$\{(\w+)\}", lambda match: arguments[match[1]], words)
            base, _, name = words.split()
            stage = stages[name] = Stage(name, base)
        else:
            assert stage is not None, line
            stage.instructions.append((keyword, " ".join(words.split())))
    return stages


def sent_to_the_build(root: Path) -> set[str]:
    """The files below `root` that .dockerignore lets through: the last pattern that fits decides.

    An exception below a directory that is left out is not looked for; there is none here.
    """
    patterns = [line for line in (root / ".dockerignore").read_text().splitlines() if line and line[0] != "#"]
    let_in = [path for path in root.iterdir() if not _ignored(PurePosixPath(path.name), patterns)]
    files = [file for path in let_in for file in ([path] if path.is_file() else path.rglob("*")) if file.is_file()]
    names = [PurePosixPath(file.relative_to(root)) for file in files]
    return {str(name) for name in names if not _ignored(name, patterns)}


def _ignored(path: PurePosixPath, patterns: list[str]) -> bool:
    ignored = False
    for pattern in patterns:
        wanted = pattern.removeprefix("!").strip("/")
        if any(_fits(str(part), wanted) for part in (path, *path.parents)):
            ignored = not pattern.startswith("!")
    return ignored


def _fits(path: str, pattern: str) -> bool:
    if pattern.startswith("**/"):
        return fnmatchcase(path.rpartition("/")[2], pattern[3:])
    return path.count("/") == pattern.count("/") and fnmatchcase(path, pattern)
