"""The stack on this machine: its programs started, watched and stopped.

Everything it writes lies under `var/` beside stack.yaml. Its children die with it, whatever way it dies.
"""

from __future__ import annotations

import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import requests

from hq.claim import only_one, reserved, turn_to_choose, written_in
from hq.extras import refuse_without_extras
from hq.programs import Program, is_ours, own_program, watching_programs, write_configuration
from hq.scraped import unscraped
from prometheus.access import connect
from stack.errors import HqError
from stack.loader import load_stack
from stack.model import Stack
from stack.placement import place, remove_placement, write_placement
from stack.process import Child
from stack.waiting import wait_for

READY_SECONDS = 30.0
RESTARTS_A_MINUTE = 5

Say = Callable[[str], None]


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
        own, watching = [*map(own_program, self.stack.processes.values())], [*watching_programs(self.stack)]
        self._programs = own + watching
        width = max(len(program.name) for program in self._programs) + 2
        with written_in(self.stack.directory):
            write_configuration(self.stack)
        for together in (own, watching):
            for program in together:
                self._children[program.name] = self._launch(program)
            for program in together:
                self._wait_until_ready(program)
                self._say(f"{program.name:<{width}}{program.url}")
        if is_ours(self.stack.prometheus.url):
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
        client = connect(self.stack.prometheus)
        self._wait_for(lambda: not unscraped(self.stack, client), "Prometheus could not scrape every target")

    def _wait_for(self, condition: Callable[[], bool], what: str) -> None:
        def answer() -> bool:
            if self._interrupted():
                raise KeyboardInterrupt
            return condition()

        wait_for(answer, READY_SECONDS, what, every=0.1)


@contextmanager
def running(
    path: Path, say: Say, interrupted: Callable[[], bool], *, fresh: bool = False, chaos_api: bool = False
) -> Iterator[LocalStack]:
    """The stack of the file `path`, up and ready for the body, stopped after it; raises HqError.

    Only one runs from a directory at a time. With `fresh`, what Prometheus and Alertmanager remember is dropped first;
    with `chaos_api`, runs may be started over HTTP although stack.yaml does not say so.
    Raises KeyboardInterrupt when it was `interrupted` before it was ready.
    """
    wished = load_stack(path)
    refuse_without_extras(wished)
    with only_one(wished):
        if fresh:
            for memory in ("prometheus", "alertmanager"):
                shutil.rmtree(wished.directory / memory, ignore_errors=True)
        with turn_to_choose(interrupted) as turn:
            moved = place(wished)
            for wanted, actual in moved.items():
                say(f"{wanted} is taken; {actual} instead")
            stack = load_stack(path, moved)
            stack = replace(stack, chaos_api=chaos_api or stack.chaos_api)
            local = LocalStack(stack, say, interrupted)
            with reserved(stack.envoy.control_plane):
                try:
                    with written_in(wished.directory):
                        write_placement(wished.directory, moved)
                    local.start()
                    turn.close()
                    yield local
                finally:
                    local.stop()
                    remove_placement(wished.directory)


def _answers(url: str) -> bool:
    with requests.Session() as session:
        session.trust_env = False
        try:
            return session.get(url, timeout=2, allow_redirects=False).status_code == 200
        except requests.RequestException:
            return False


def _describe_exit(code: int) -> str:
    return f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
