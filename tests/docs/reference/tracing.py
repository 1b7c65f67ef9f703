"""What a loader asks of a YAML document: its keys, which of them it needs, and what each may be."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from typing import Any
from unittest.mock import patch

from stack.document import Value
from stack.quantity import format_duration

YEAR = 365 * 86400.0


@dataclass
class Key:
    """One key: whether it must be there, what it takes, and what stood there in an example."""

    needed: bool
    takes: list[str] = field(default_factory=list)
    example: str = ""


class Trace:
    """The keys that were asked for in files of one name, by their paths, in the order of the loader."""

    def __init__(self, file: str) -> None:
        self._file = file
        self.keys: dict[str, Key] = {}
        self._names: set[str] = set()
        self._inside = 0

    def path(self, value: Value) -> str:
        """The path of a value, with NAME for what the user names and [] for the items of a list."""
        parts: list[str] = []
        real = ""
        for part in re.findall(r"\[\d+\]|[^.\[]+", value.path):
            named = real in self._names
            real += part if part.startswith("[") else f".{part}" if real else part
            if part.startswith("["):
                parts[-1] += "[]"
            else:
                parts.append("NAME" if named else part)
        return ".".join(parts)

    def asked(self, value: Value, method: str, arguments: dict[str, Any]) -> None:
        """Notes one question of the loader."""
        if not value.file.endswith(self._file):
            return
        path = self.path(value)
        if method == "named":
            self._names.add(value.path)
        if method == "fields":
            for key in arguments["required"] + arguments["optional"]:
                below = f"{path}.{key}" if path else key
                one = self.keys.setdefault(below, Key(key in arguments["required"]))
                one.needed = one.needed and key in arguments["required"]
        kind = TAKES[method](arguments)
        if path in self.keys or path.removesuffix("[]") in self.keys:
            one = self.keys[path.removesuffix("[]")]
            if path.endswith("[]"):
                kind = f"list of {kind}"
                one.takes = [known for known in one.takes if known != "list"]
            elif kind == "list" and any(known.startswith("list of") for known in one.takes):
                return
            if kind not in one.takes:
                one.takes.append(kind)
            if not one.example and hasattr(value.node, "value") and isinstance(value.node.value, str):
                one.example = value.node.value

    def in_order(self, above: str = "") -> Iterator[tuple[str, Key]]:
        """Each key, and right behind it those below it."""
        for path, key in self.keys.items():
            if path.rpartition(".")[0].removesuffix("[]").removesuffix(".NAME") == above:
                yield path, key
                yield from self.in_order(path)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Notes what is asked of any Value meanwhile."""
        patches = [patch.object(Value, name, self._noting(name, getattr(Value, name))) for name in TAKES]
        for one in patches:
            one.start()
        try:
            yield
        finally:
            for one in patches:
                one.stop()

    def _noting(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        signature = inspect.signature(method)

        @wraps(method)
        def noting(value: Value, *positional: Any, **named: Any) -> Any:
            if not self._inside:
                bound = signature.bind(value, *positional, **named)
                bound.apply_defaults()
                self.asked(value, name, dict(bound.arguments))
            self._inside += 1
            try:
                return method(value, *positional, **named)
            finally:
                self._inside -= 1

        return noting


def _duration(asked: dict[str, Any]) -> str:
    low, high = asked["low"], asked["high"]
    if not low and high >= YEAR:
        return "duration"
    return (
        f"duration, {format_duration(low)} to {format_duration(high)}"
        if low
        else f"duration, to {format_duration(high)}"
    )


TAKES: dict[str, Callable[[dict[str, Any]], str]] = {
    "fields": lambda _: "mapping",
    "named": lambda _: "mapping of names",
    "mapping": lambda _: "mapping",
    "items": lambda _: "list",
    "command": lambda _: "list: a program and its arguments",
    "text": lambda _: "text",
    "name": lambda _: "name",
    "integer": lambda asked: f"whole number, {asked['low']} to {asked['high']}",
    "number": lambda asked: f"number, {asked['low']} to {asked['high']}",
    "duration": _duration,
    "percent": lambda _: "percentage",
    "truth": lambda _: "true or false",
    "address": lambda _: "host:port",
    "url": lambda _: "URL",
    "choice": lambda asked: "one of " + ", ".join(f"`{word}`" for word in asked["allowed"]),
}
