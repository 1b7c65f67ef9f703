"""The demo's programs as real processes on free ports, and a vendor that does what a test tells it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from stack.address import Address, free_address
from stack.process import Child
from stack.waiting import wait_for
from tests.demo.scripted_vendor import ScriptedVendor


@dataclass(frozen=True)
class Program:
    """A program of the demo that is up."""

    address: Address
    child: Child

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    def get(self, path: str = "/") -> requests.Response:
        return requests.get(self.url + path, timeout=10)

    def samples(self) -> dict[str, float]:
        """Its metrics: `name{label="value",…}` as it stands in the exposition, with the value."""
        families = text_string_to_metric_families(self.get("/metrics").text)
        return {
            sample.name + "".join(f",{label}={value}" for label, value in sorted(sample.labels.items())): sample.value
            for family in families
            for sample in family.samples
        }

    def log(self) -> str:
        return self.child.log.read_text()


Start = Callable[..., Program]


def _starter(directory: Path) -> Iterator[Start]:
    children: list[Child] = []

    def start(name: str, *flags: str) -> Program:
        address = free_address("127.0.0.1")
        argv = [sys.executable, "-m", f"demo.{name}", "--listen", str(address), *flags]
        child = Child(name, argv, directory / f"{name}-{len(children)}.log")
        children.append(child)
        program = Program(address, child)
        wait_for(lambda: child.exit_code is not None or _answers(program), 20, f"{name} was not up")
        assert child.exit_code is None, child.last_words()
        return program

    yield start
    for child in children:
        child.stop(grace=3)


def _answers(program: Program) -> bool:
    try:
        return program.get("/healthz").ok
    except requests.ConnectionError:
        return False


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    yield from _starter(tmp_path)


@pytest.fixture(scope="module")
def start_shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    yield from _starter(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="module")
def _vendor_process() -> Iterator[ScriptedVendor]:
    with ScriptedVendor() as vendor:
        yield vendor


@pytest.fixture
def vendor(_vendor_process: ScriptedVendor) -> ScriptedVendor:
    _vendor_process.answer_with(200)
    return _vendor_process
