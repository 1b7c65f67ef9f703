"""Where the running stack really listens: an address in stack.yaml is a wish, and a taken one is moved.

`dev-hq up` claims the addresses and writes down which it moved; every other command reads that, so that it talks to
the stack that runs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stack.address import Address, free_address
from stack.dataclass import dataclass
from stack.errors import HqError
from stack.loader import load_stack
from stack.model import Stack

if TYPE_CHECKING:
    from stack.process import ProcessIdentity


@dataclass(frozen=True)
class Placement:
    """Who runs the stack, and the addresses that differ from stack.yaml."""

    process: ProcessIdentity
    moved: Mapping[Address, Address]


def place(stack: Stack) -> dict[Address, Address]:
    """Finds a free address for each one of ours that is taken.

    At the control plane's nobody listens between runs, so it counts as taken when another stack has reserved it: else
    one stack's run would break the other stack too.
    """
    wanted = frozenset(stack.own_addresses())
    moved: dict[Address, Address] = {}
    for address in stack.own_addresses():
        if not (address.is_unclaimed() if address == stack.envoy.control_plane else address.is_free()):
            moved[address] = free_address(address.host, wanted | frozenset(moved.values()))
    return moved


def write_placement(directory: Path, moved: Mapping[Address, Address]) -> None:
    """Writes down that this process runs the stack, with its moved addresses."""
    from stack.process import ProcessIdentity

    data = {
        **asdict(ProcessIdentity.ours()),
        "moved": {str(wanted): str(actual) for wanted, actual in moved.items()},
    }
    path = _path(directory)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps(data, indent=2) + "\n")
    draft.replace(path)


def read_placement(directory: Path) -> Placement | None:
    """The placement of the stack that runs from `directory`, or None when none runs; raises HqError."""
    path = _path(directory)
    try:
        data = json.loads(path.read_text())
        placement = Placement(
            _process(data),
            moved={Address.parse(wanted): Address.parse(actual) for wanted, actual in data["moved"].items()},
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise HqError(f"{path} is damaged; remove it when no stack runs here") from None
    return placement if placement.process.is_alive else None


def _process(data: Mapping[str, Any]) -> ProcessIdentity:
    from stack.process import ProcessIdentity

    return ProcessIdentity(int(data["pid"]), int(data["started"]), str(data["boot"]), str(data.get("namespace", "")))


def remove_placement(directory: Path) -> None:
    """Forgets the placement: the stack has stopped."""
    _path(directory).unlink(missing_ok=True)


def open_stack(path: Path) -> Stack:
    """The stack in `path`, at the addresses where it runs if it does; raises HqError."""
    stack = load_stack(path)
    placement = read_placement(stack.directory)
    return load_stack(path, placement.moved) if placement and placement.moved else stack


def _path(directory: Path) -> Path:
    return directory / "placement.json"
