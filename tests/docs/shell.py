"""A reader's terminal: one bash, in which the commands of a page are typed one after the other."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from stack.errors import NotReadyError
from stack.waiting import wait_for
from tests.docs.commands import Command
from tests.docs.matching import matches
from tests.docs.pages import Block

SECONDS = 120.0
PROGRAMS = Path(sys.executable).parent


ALONE = (
    "unshare", "--map-root-user", "--net", "--pid", "--mount-proc", "--fork", "--kill-child", "sh", "-c",
    'ip link set lo up && exec unshare --user --map-user=1000 --map-group=1000 "$@"', "sh",
)  # fmt: skip
"""As an ordinary user of a machine of his own: every address is free, and what is left over ends with the shell."""


class Shell:
    """bash in `directory`, with dev-hq and Debian's programs on PATH; each command keeps what those before it set.

    It runs without root, in a network of its own, where the page's addresses are free.
    """

    def __init__(self, directory: Path, notes: Path) -> None:
        self._notes = notes
        self._number = 0
        self._left = notes / "nothing"
        environment = {
            "PATH": f"{PROGRAMS}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
            "HOME": str(notes), "LANG": "C.UTF-8", "COLUMNS": "120", "PYTHONDONTWRITEBYTECODE": "1",
        }  # fmt: skip
        self._bash = subprocess.Popen(
            [*ALONE, "bash", "--noprofile", "--norc"],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            cwd=directory, env=environment, text=True, start_new_session=True,
        )  # fmt: skip

    def follow(self, block: Block, commands: list[Command]) -> None:
        """Types the commands of a block; AssertionError when not what the block shows comes of them."""
        for command in commands:
            if block.left_running:
                self._leave(block, command)
            elif block.repeated:
                self._ask_until(block, command)
            else:
                self._once(block, command)

    def _once(self, block: Block, command: Command) -> None:
        code, printed = self._type(command.text)
        where = f"{block.page}:{command.line}: {command.text}"
        shown = command.output
        if shown is not None:
            exactly = command.text.startswith("echo $?")
            assert matches(shown, printed, exactly=exactly), _difference(where, shown, printed)
        if command.codes is not None:
            assert code in command.codes, f"{where}\nended with {code}, which the page does not say:\n" + "\n".join(
                printed
            )

    def _ask_until(self, block: Block, command: Command) -> None:
        seen: list[list[str]] = []

        def says_so() -> bool:
            seen.append(self._type(command.text)[1])
            return matches(command.output or (), seen[-1])

        with suppress(NotReadyError):
            wait_for(says_so, SECONDS, command.text, every=1.0)
        assert matches(command.output or (), seen[-1]), _difference(block.where, command.output or (), seen[-1])

    def _leave(self, block: Block, command: Command) -> None:
        self.leave(command.text)
        self.left_says(block.where, command.output or ("...",))

    def forget(self) -> None:
        """Forgets what a page has set for dev-hq, so that the next page begins as a new terminal does."""
        self._type('for name in $(compgen -e | grep ^DEV_HQ_); do unset "$name"; done')

    def leave(self, text: str) -> None:
        """Types a command that goes on while others are typed."""
        self._left = self._notes / f"left{self._number}"
        self._type(f"{{ {text}\necho $? > {self._left}.code; }} > {self._left} 2>&1 &")

    def end_of_left(self, seconds: float) -> tuple[int, str]:
        """Waits until what was left running last has ended; its exit code, and all that it said."""
        code = self._left.with_suffix(".code")
        wait_for(lambda: code.exists() and code.read_text().strip() != "", seconds, f"{self._left} goes on")
        return int(code.read_text()), self._left.read_text()

    def left_says(self, where: str, shown: Sequence[str]) -> None:
        """Waits until what was left running last has said this."""

        def printed() -> list[str]:
            return self._left.read_text().splitlines() if self._left.exists() else []

        with suppress(NotReadyError):
            wait_for(lambda: matches(shown, printed()), SECONDS, where)
        assert matches(shown, printed()), _difference(where, shown, printed())

    def _type(self, text: str) -> tuple[int, list[str]]:
        """The exit code of a command and the lines it printed, on stdout and stderr."""
        self._number += 1
        script, output, ended = (self._notes / f"{self._number}.{kind}" for kind in ("sh", "out", "end"))
        script.write_text(text + "\n")
        assert self._bash.stdin is not None
        self._bash.stdin.write(
            f". {script} > {output} 2>&1 < /dev/null; code=$?; echo $code > {ended}.new; mv {ended}.new {ended};"
            " (exit $code)\n"
        )
        self._bash.stdin.flush()
        wait_for(ended.exists, SECONDS, f"{text!r} did not end", every=0.02)
        return int(ended.read_text()), output.read_text().splitlines()

    def close(self) -> None:
        """Ends the shell and what it left running."""
        self._bash.kill()  # and by the kernel, what is in its process namespace
        self._bash.wait(10)
        if self._bash.stdin:
            self._bash.stdin.close()


def _difference(where: str, shown: Sequence[str], printed: Sequence[str]) -> str:
    return f"{where}\nthe page shows:\n" + "\n".join(shown) + "\nand what came is:\n" + "\n".join(printed)


@contextmanager
def shell(directory: Path, notes: Path) -> Iterator[Shell]:
    """A shell in `directory`, whose notes lie elsewhere; ended afterwards with all that it started."""
    notes.mkdir(parents=True, exist_ok=True)
    opened = Shell(directory, notes)
    try:
        yield opened
    finally:
        opened.close()
