"""A real terminal for tests: tmux, with a server of its own."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from stack.waiting import wait_for

PROMPT = "at-the-prompt$ "


class Terminal:
    """One window of `width` by `height` in which a shell runs."""

    def __init__(self, socket: Path, width: int, height: int, environment: Mapping[str, str]) -> None:
        self._socket = socket
        variables = [word for name, value in environment.items() for word in ("-e", f"{name}={value}")]
        size = ["-x", str(width), "-y", str(height)]
        shell = f"PS1={shlex.quote(PROMPT)} exec bash --norc --noprofile"
        self._tmux("new-session", "-d", *size, *variables, "sh", "-c", shell)
        self.wait_for(PROMPT.strip())

    def _tmux(self, *words: str) -> str:
        done = subprocess.run(
            ["tmux", "-S", str(self._socket), "-f", "/dev/null", *words],
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
            env={**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"},
        )
        return done.stdout

    def run(self, *words: str) -> None:
        """Types a command and Enter."""
        self.type(shlex.join(words))
        self.press("Enter")

    def type(self, text: str) -> None:
        """Types a text as it is."""
        self._tmux("send-keys", "-l", text)

    def press(self, *keys: str) -> None:
        """Presses keys by the names that tmux gives them."""
        self._tmux("send-keys", *keys)

    def resize(self, width: int, height: int) -> None:
        """Makes the window another size, as dragging its corner does."""
        self._tmux("resize-window", "-x", str(width), "-y", str(height))

    def text(self, styles: bool = False) -> str:
        """What stands on the screen, with the escape sequences of its styles or without."""
        return self._tmux("capture-pane", "-p", *(["-e"] if styles else []))

    def asked(self, format: str) -> str:
        """What tmux knows of the pane, such as "#{alternate_on}"."""
        return self._tmux("display-message", "-p", format).strip()

    def wait_for(self, text: str, seconds: float = 30) -> str:
        """The screen once it holds a text."""
        try:
            return wait_for(lambda: shown if text in (shown := self.text()) else None, seconds, f"no {text!r}")
        except Exception as error:
            raise AssertionError(f"{error}; the screen holds\n{self.text()}") from None

    def close(self) -> None:
        """Ends the server, and all that runs in it hears SIGHUP."""
        server = int(self.asked("#{pid}"))
        self._tmux("kill-server")
        wait_for(lambda: not Path(f"/proc/{server}").exists(), 10, "tmux did not end")


@contextmanager
def terminal(directory: Path, width: int, height: int, **environment: str) -> Iterator[Terminal]:
    """A terminal with these variables in its environment."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    opened = Terminal(directory / "tmux", width, height, {"PATH": path, "TZ": "UTC", **environment})
    try:
        yield opened
    finally:
        opened.close()
