"""Where the running stack listens, as every other command learns it."""

import json
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stack.address import Address, free_address
from stack.errors import HqError
from stack.loader import load_stack
from stack.placement import open_stack, place, read_placement, remove_placement, write_placement
from stack.process import ProcessIdentity

STACK = """services:
  shop:
    sli: {{preset: envoy}}
    objectives: {{success_rate: {{target: 99%}}}}
exporter: {{listen: "{exporter}"}}
envoy: {{admin: "{admin}", control_plane: "{control_plane}"}}
prometheus: {{url: "http://{prometheus}"}}
alertmanager: {{url: http://alertmanager.example}}
"""


@pytest.fixture
def stack_file(tmp_path: Path) -> Path:
    taken: set[Address] = set()
    names = ("exporter", "admin", "control_plane", "prometheus")
    for _ in names:
        taken.add(free_address("127.0.0.1", frozenset(taken)))
    path = tmp_path / "stack.yaml"
    path.write_text(STACK.format(**dict(zip(names, map(str, taken), strict=True))))
    return path


def test_addresses_that_are_free_stay(stack_file: Path) -> None:
    assert place(load_stack(stack_file)) == {}


def test_a_taken_address_moves_to_a_free_one_that_nobody_wants(stack_file: Path) -> None:
    stack = load_stack(stack_file)
    with socket.create_server((stack.exporter.host, stack.exporter.port)):
        moved = place(stack)
    assert list(moved) == [stack.exporter]
    assert moved[stack.exporter] not in stack.own_addresses()
    assert moved[stack.exporter].is_free()


def test_other_commands_find_the_stack_where_it_runs(stack_file: Path) -> None:
    wanted, actual = load_stack(stack_file).exporter, free_address("127.0.0.1")
    write_placement(stack_file.parent / "var", {wanted: actual})
    assert open_stack(stack_file).exporter == actual
    remove_placement(stack_file.parent / "var")
    assert open_stack(stack_file).exporter == wanted
    remove_placement(stack_file.parent / "var")


def test_a_placement_is_this_process(tmp_path: Path) -> None:
    write_placement(tmp_path, {})
    placement = read_placement(tmp_path)
    assert placement is not None
    assert placement.process == ProcessIdentity.ours()
    assert list(tmp_path.iterdir()) == [tmp_path / "placement.json"]


def test_a_stack_that_died_runs_no_more(stack_file: Path) -> None:
    program = f"""
from pathlib import Path
from stack.address import Address
from stack.placement import write_placement
write_placement(Path({str(stack_file.parent / "var")!r}), {{Address("127.0.0.1", 1): Address("127.0.0.1", 2)}})
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=20)
    assert (stack_file.parent / "var" / "placement.json").exists()
    assert read_placement(stack_file.parent / "var") is None
    assert open_stack(stack_file) == load_stack(stack_file)


def test_another_process_with_the_same_number_is_not_the_stack(tmp_path: Path) -> None:
    for change in ({"started": 1}, {"boot": "another"}):
        write_placement(tmp_path, {})
        edit(tmp_path, lambda data, change=change: data.update(change))
        assert read_placement(tmp_path) is None


@pytest.mark.parametrize(
    "text",
    ["", "{", "null", "[]", "[" * 100_000, "{}", '{"pid": "x"}', '{"pid": 1, "started": 1, "boot": "b", "moved": []}',
     '{"pid": 1, "started": 1, "boot": "b", "moved": {"a": "b"}}', '{"pid": null}', "\x00"],
    ids=lambda text: text[:20],
)  # fmt: skip
def test_a_damaged_placement_is_said(tmp_path: Path, text: str) -> None:
    (tmp_path / "placement.json").write_text(text)
    with pytest.raises(HqError) as error:
        read_placement(tmp_path)
    assert str(error.value) == f"{tmp_path}/placement.json is damaged; remove it when no stack runs here"


def test_a_placement_that_is_not_text_is_damaged(tmp_path: Path) -> None:
    (tmp_path / "placement.json").write_bytes(b"\xff\xfe")
    with pytest.raises(HqError, match="is damaged"):
        read_placement(tmp_path)


def edit(directory: Path, change: Callable[[dict[str, Any]], None]) -> None:
    path = directory / "placement.json"
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))


def test_addresses_that_the_file_leaves_out_move_too(tmp_path: Path) -> None:
    path = tmp_path / "stack.yaml"
    path.write_text(STACK.format(exporter=0, admin=0, control_plane=0, prometheus=0).partition("exporter:")[0])
    wanted = load_stack(path).own_addresses()
    moved = {address: Address("127.0.0.1", 20000 + number) for number, address in enumerate(wanted)}
    assert load_stack(path, moved).own_addresses() == tuple(moved.values())
