"""The commands in a block, and what must come of each.

In a ```console block, lines that begin with `$ ` are commands, a line that ends in a backslash goes on in the next, and
the other lines are what the command prints. A ```sh block is a script: each line, or lines that belong together, is a
command whose output is not shown. A command ends with 0, unless the next one is `echo $?`, or a comment behind it says
`# exit code 1`; `# exit code 0 or 3` where it depends.
"""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

from tests.docs.pages import Block

CODES = re.compile(r"#.*?\bexit codes? (\d+(?:(?:, | or )\d+)*)")


@dataclass(frozen=True)
class Command:
    """One command: its text, the output that is shown (None: none is), and the right exit codes (None: any)."""

    line: int
    text: str
    output: tuple[str, ...] | None
    codes: tuple[int, ...] | None


def commands(block: Block) -> list[Command]:
    """What a reader is to type, in order; empty for blocks of other languages."""
    found = list({"console": _console, "sh": _script}.get(block.language, lambda _: iter(()))(block))
    return [
        Command(one.line, one.text, one.output, _codes(one.text, following.text if following else ""))
        for one, following in zip(found, [*found[1:], None], strict=True)
    ]


def _codes(text: str, following: str) -> tuple[int, ...] | None:
    if following.startswith("echo $?"):
        return None
    said = CODES.search(text)
    return tuple(map(int, re.findall(r"\d+", said[1]))) if said else (0,)


def _console(block: Block) -> Iterator[Command]:
    lines = block.text.splitlines()
    if not lines or not lines[0].startswith("$ "):
        raise ValueError(f"{block.where}: a console block begins with a command, `$ ` before it")
    at = 0
    while at < len(lines):
        start, text = at, lines[at].removeprefix("$ ")
        while text.endswith("\\"):
            at += 1
            text += "\n" + lines[at]
        at += 1
        output = []
        while at < len(lines) and not lines[at].startswith("$ "):
            output.append(lines[at])
            at += 1
        yield Command(block.line + 1 + start, text, tuple(output), None)


def _script(block: Block) -> Iterator[Command]:
    """Lines are put together until the shell finds them whole."""
    pending, first = "", 0
    for number, line in enumerate(block.text.splitlines(), block.line + 1):
        if not pending and (not line.strip() or line.startswith("#")):
            continue
        first = first if pending else number
        pending += line + "\n"
        if not line.endswith("\\") and _is_whole(pending):
            yield Command(first, pending.rstrip(), None, None)
            pending = ""
    if pending:
        raise ValueError(f"{block.where}: the shell finds no end of {pending!r}")


def _is_whole(text: str) -> bool:
    try:
        shlex.split(text, comments=True)
    except ValueError:
        return False
    if not re.search(r"^\s*(case|if|for|while|until|\w+\(\))\b|[{(]\s*$|<<", text):
        return True
    return not subprocess.run(["bash", "-n"], input=text, text=True, capture_output=True, check=False).returncode


def own_calls(command: Command) -> Iterator[list[str]]:
    """The words behind `dev-hq` in each call of it that the command makes, `python -m gates.check` among them."""
    text = re.sub(
        r"\$\([^)]*\)", "1", re.sub(r"\\\n|\d>&\d", " ", command.text)
    )  # what a command prints: a number will do
    lexer = shlex.shlex(text, posix=True, punctuation_chars=";&|<>()")
    lexer.whitespace_split = True
    words: list[str] = []
    for word in [*lexer, ";"]:
        if set(word) <= set(";&|()"):
            yield from _own(words)
            words = []
        else:
            words.append(word)


def _own(words: list[str]) -> Iterator[list[str]]:
    kept, skip = [], False
    for word in words:  # without redirections
        if skip:
            skip = False
        elif word in ("<", ">", ">>"):
            skip = True
        else:
            kept.append(word)
    for place, word in enumerate(kept):
        if word.rpartition("/")[2] == "dev-hq" and (not place or kept[place - 1] == "dev-hq"):
            yield kept[place + 1 :]
            return
        if kept[place : place + 3][1:] == ["-m", "gates.check"]:
            yield ["quality", "check", *kept[place + 3 :]]
            return
