"""The stack on this machine: configuration written from stack.yaml, programs started, watched and stopped.

Everything it writes lies under `var/` beside stack.yaml. Its children die with it, whatever way it dies.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path

import requests
import yaml

from chaos.envoy import envoy_command, write_envoy_config
from hq.credentials import ensure_credentials
from prometheus.alertmanager import alertmanager_config
from prometheus.client import PrometheusClient
from prometheus.rules import write_rules
from prometheus.server import prometheus_config
from stack.address import Address
from stack.errors import HqError, NotReadyError
from stack.loader import load_stack
from stack.model import ManagedProcess, Stack
from stack.placement import place, read_placement, remove_placement, write_placement
from stack.process import Child, find_program
from stack.waiting import wait_for

READY_SECONDS = 30.0
RESTARTS_A_MINUTE = 5
TURN_SECONDS = 60.0

Say = Callable[[str], None]


@dataclass(frozen=True)
class Program:
    """One program of the stack: how it is started, and the URL that answers 200 once it is ready."""

    name: str
    argv: tuple[str | Path, ...]
    url: str
    ready: str


class LocalStack:
    """The programs of one stack.yaml, running as our children.

    `start` brings them up and returns when all are ready; `watch` restarts what dies; `stop` ends them. `interrupted`
    is asked while it starts: a start that is no longer wanted raises KeyboardInterrupt.
    """

    def __init__(self, stack: Stack, say: Say, interrupted: Callable[[], bool]) -> None:
        self.stack = stack
        self._say = say
        self._interrupted = interrupted
        self._programs: list[Program] = []
        self._children: dict[str, Child] = {}
        self._restarts: dict[str, list[float]] = {}

    def start(self) -> None:
        """Starts every program and waits until each is ready; raises HqError with the last words of one that is not.

        The stack's own processes come first and alone: requests that arrive before they are ready would look like
        failures of the pool.
        """
        own, watching = [*map(_managed, self.stack.processes.values())], [*_programs(self.stack)]
        self._programs = own + watching
        width = max(len(program.name) for program in self._programs) + 2
        _write_configuration(self.stack)
        for together in (own, watching):
            for program in together:
                self._children[program.name] = self._launch(program)
            for program in together:
                self._wait_until_ready(program)
                self._say(f"{program.name:<{width}}{program.url}")
        if _is_ours(self.stack.prometheus.url):
            self._wait_until_scraped()

    def watch(self) -> None:
        """Starts again what died; raises HqError about a program that keeps dying."""
        for program in self._programs:
            child = self._children[program.name]
            if child.exit_code is None:
                continue
            recent = [at for at in self._restarts.get(program.name, []) if at > time.monotonic() - 60]
            if len(recent) >= RESTARTS_A_MINUTE:
                raise HqError(f"{program.name} died {len(recent) + 1} times in a minute; its log is {child.log}")
            self._say(f"{program.name} {_describe_exit(child.exit_code)}; starting it again")
            self._restarts[program.name] = [*recent, time.monotonic()]
            self._children[program.name] = self._launch(program)

    def stop(self) -> None:
        """Ends every program, the last started first.

        Prometheus is gone before any other ends, else its last word on them would be that they are down, and the next
        stack would be asked about targets that it may not have.
        """
        if watcher := self._children.get("prometheus"):
            watcher.stop()
        for child in reversed(self._children.values()):
            child.signal(signal.SIGTERM)
        for child in reversed(self._children.values()):
            child.stop()

    def _launch(self, program: Program) -> Child:
        home = self.stack.directory.parent  # paths in processes.*.run are relative to stack.yaml
        log = self.stack.directory / "log" / f"{program.name}.log"
        return Child(program.name, program.argv, log, directory=home)

    def _wait_until_ready(self, program: Program) -> None:
        child = self._children[program.name]
        self._wait_for(
            lambda: child.exit_code is not None or _answers(program.ready),
            f"{program.name} did not answer at {program.ready}",
        )
        if child.exit_code is not None:
            raise HqError(
                f"{program.name} {_describe_exit(child.exit_code)} at once; its log says:\n{child.last_words()}"
            )

    def _wait_until_scraped(self) -> None:
        client = PrometheusClient(self.stack.prometheus.url)
        scraped = prometheus_config(self.stack, self.stack.directory / "rules")["scrape_configs"]
        jobs = {job["job_name"] for job in scraped}
        self._wait_for(
            lambda: jobs <= {sample.labels["job"] for sample in client.instant("up == 1").samples},
            "Prometheus could not scrape every target",
        )

    def _wait_for(self, condition: Callable[[], bool], what: str) -> None:
        def answer() -> bool:
            if self._interrupted():
                raise KeyboardInterrupt
            return condition()

        wait_for(answer, READY_SECONDS, what, every=0.1)


@contextmanager
def running(path: Path, say: Say, interrupted: Callable[[], bool], *, fresh: bool = False) -> Iterator[LocalStack]:
    """The stack of the file `path`, up and ready for the body, stopped after it; raises HqError.

    Only one runs from a directory at a time. With `fresh`, what Prometheus and Alertmanager remember is dropped first.
    Raises KeyboardInterrupt when it was `interrupted` before it was ready.
    """
    wished = load_stack(path)
    with _only_one(wished):
        if fresh:
            for memory in ("prometheus", "alertmanager"):
                shutil.rmtree(wished.directory / memory, ignore_errors=True)
        with _turn(interrupted) as turn:
            moved = place(wished)
            for wanted, actual in moved.items():
                say(f"{wanted} is taken; {actual} instead")
            stack = load_stack(path, moved)
            local = LocalStack(stack, say, interrupted)
            with _reserved(stack.envoy.control_plane):
                try:
                    write_placement(wished.directory, moved)
                    local.start()
                    turn.close()
                    yield local
                finally:
                    local.stop()
                    remove_placement(wished.directory)


def _turn(interrupted: Callable[[], bool]) -> socket.socket:
    """What is held while a stack chooses its addresses, until it listens there: two at once would choose the same.

    The name is in the kernel, not in a file, and gone with us. Who has waited for long goes on without it.
    """
    turn = socket.socket(socket.AF_UNIX)

    def taken() -> bool:
        if interrupted():
            raise KeyboardInterrupt
        try:
            turn.bind("\0dev-hq up")
        except OSError as error:
            return error.errno != errno.EADDRINUSE
        return True

    with suppress(NotReadyError):
        wait_for(taken, TURN_SECONDS, "another stack was not up")
    return turn


def _reserved(control_plane: Address) -> AbstractContextManager[object]:
    """Keeps the control plane's address ours between runs; one on another machine is not ours to keep."""
    return control_plane.reserve() if control_plane.is_loopback else nullcontext()


@contextmanager
def _only_one(stack: Stack) -> Iterator[None]:
    try:
        stack.directory.mkdir(parents=True, exist_ok=True)
        lock = os.open(stack.directory / "up.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o640)
    except OSError as error:
        raise HqError(f"{stack.directory} cannot be written: {error.strerror}") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        placement = read_placement(stack.directory)
        pid = f" (pid {placement.process.pid})" if placement else ""
        raise HqError(f"the stack of {stack.file} already runs{pid}; `dev-hq down` stops it") from None
    else:
        yield
    finally:
        os.close(lock)


def _programs(stack: Stack) -> Iterator[Program]:
    """What runs besides the stack's own processes."""
    var = stack.directory
    admin = f"http://{stack.envoy.admin}"
    yield Program("envoy", tuple(envoy_command(find_program("envoy"), var / "envoy.json")), admin, f"{admin}/ready")
    exporter = f"http://{stack.exporter}"
    yield Program(
        "exporter",
        (sys.executable, "-P", "-m", "hq.cli", "--stack", stack.file.resolve(), "serve"),
        f"{exporter}/metrics",
        f"{exporter}/-/ready",
    )
    if _is_ours(stack.alertmanager.url):
        yield _alertmanager(stack)
    if _is_ours(stack.prometheus.url):
        yield _prometheus(stack)


def _is_ours(url: str) -> bool:
    """Whether we start what answers there; what runs on another machine is somebody else's."""
    return Address.of_url(url).is_loopback


def _alertmanager(stack: Stack) -> Program:
    var = stack.directory
    return Program(
        "alertmanager",
        (
            find_program("alertmanager"),
            f"--config.file={var / 'alertmanager.yml'}",
            f"--storage.path={var / 'alertmanager'}",
            f"--web.listen-address={Address.of_url(stack.alertmanager.url)}",
            "--cluster.listen-address=",
        ),
        stack.alertmanager.url,
        f"{stack.alertmanager.url}/-/ready",
    )


def _prometheus(stack: Stack) -> Program:
    var = stack.directory
    return Program(
        "prometheus",
        (
            find_program("prometheus"),
            f"--config.file={var / 'prometheus.yml'}",
            f"--storage.tsdb.path={var / 'prometheus'}",
            f"--storage.tsdb.retention.time={_retention(stack)}",
            f"--web.listen-address={Address.of_url(stack.prometheus.url)}",
        ),
        stack.prometheus.url,
        f"{stack.prometheus.url}/-/ready",
    )


def _managed(process: ManagedProcess) -> Program:
    program = sys.executable if process.run[0] == "python" else process.run[0]
    url = f"http://{process.listen}"
    return Program(process.name, (program, *process.run[1:]), url, url + process.ready)


def _write_configuration(stack: Stack) -> None:
    var = stack.directory
    rules = var / "rules"
    ensure_credentials(stack.webhook_token)
    write_rules(stack, rules)
    write_envoy_config(stack, var / "envoy.json")
    for name, config in (
        ("prometheus.yml", prometheus_config(stack, rules)),
        ("alertmanager.yml", alertmanager_config(stack, stack.webhook_token)),
    ):
        (var / name).write_text(yaml.safe_dump(config, sort_keys=False))


def _answers(url: str) -> bool:
    with requests.Session() as session:
        session.trust_env = False
        try:
            return session.get(url, timeout=2, allow_redirects=False).status_code == 200
        except requests.RequestException:
            return False


def _retention(stack: Stack) -> str:
    """As long as the longest objective's window, and a day."""
    objectives = [
        objective
        for service in stack.services.values()
        for objective in (service.success_rate, service.latency)
        if objective
    ]
    return f"{int(max(objective.window for objective in objectives) // 86400) + 1}d"


def _describe_exit(code: int) -> str:
    return f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
