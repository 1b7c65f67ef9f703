"""A YAML document that knows where each of its values stands, read strictly.

Unknown and duplicate keys, aliases, tags, deep nesting and oversized files are refused, and every complaint is one
line: `file:line: what is wrong, what would be right`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

import yaml

from stack.address import Address, AddressError
from stack.dataclass import dataclass
from stack.errors import ConfigError
from stack.quantity import QuantityError, format_duration, parse_duration, parse_percent
from stack.reading import KIB, read_text
from stack.suggestion import suggestion

MAX_BYTES = 256 * KIB
MAX_DEPTH = 32
YEAR = 365 * 86400.0
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")  # "\0" and half a surrogate pair are valid YAML

T = TypeVar("T")


@dataclass(frozen=True)
class Value:
    """One value of a document, and the questions that can be asked of it; each raises ConfigError with its line."""

    node: yaml.Node
    file: str
    path: str
    key: yaml.Node | None = None

    def error(self, message: str) -> ConfigError:
        """The complaint `message` about this value, at its key's line, or at its own when it has no key."""
        return ConfigError(self.file, self.line, message)

    @property
    def line(self) -> int:
        """The line of its key, or its own when it has no key; from 1."""
        return _line(self.key or self.node)

    @property
    def is_list(self) -> bool:
        return isinstance(self.node, yaml.SequenceNode)

    def last_naming(self, word: str) -> Value:
        """The last scalar in here that holds `word`, or this value itself when none does."""
        found, pending = self.node, [self.node]
        while pending:
            node = pending.pop()
            if isinstance(node, yaml.ScalarNode) and word in node.value and _line(node) >= _line(found):
                found = node
            elif isinstance(node, yaml.SequenceNode):
                pending += node.value
            elif isinstance(node, yaml.MappingNode):
                pending += [value for _, value in node.value]
        return Value(found, self.file, self.path)

    def mapping(self) -> dict[str, Value]:
        """The entries of a mapping, whatever their keys are."""
        if not isinstance(self.node, yaml.MappingNode):
            raise self.error(f"{self.path or 'the file'} must be a mapping of keys to values")
        entries: dict[str, Value] = {}
        for key_node, value_node in self.node.value:
            key = key_node.value
            if not isinstance(key_node, yaml.ScalarNode):
                raise ConfigError(self.file, _line(key_node), "a key must be a plain word")
            if key in entries:
                raise ConfigError(self.file, _line(key_node), f'duplicate key "{key}"; keep one of them')
            entries[key] = Value(value_node, self.file, f"{self.path}.{key}" if self.path else key, key_node)
        return entries

    def fields(self, required: tuple[str, ...] = (), optional: tuple[str, ...] = ()) -> dict[str, Value]:
        """The entries of a mapping that may have only these keys, and must have the required ones."""
        entries = self.mapping()
        known = required + optional
        for key, value in entries.items():
            if key not in known:
                raise value.error(_unknown("key", key, known, self.path))
        for key in required:
            if key not in entries:
                raise self.error(f'{self.path or "the file"} needs the key "{key}"')
        return entries

    def named(self) -> dict[str, Value]:
        """The entries of a mapping whose keys are names: lower case letters, digits, - and _, at most 63."""
        entries = self.mapping()
        for key, value in entries.items():
            if not NAME.fullmatch(key):
                raise value.error(_no_name(key))
        return entries

    def saying(self, text: str) -> Value:
        """This value as if it said `text`: for the part of it that is read like a whole one."""
        return replace(self, node=yaml.ScalarNode("", text, self.node.start_mark, self.node.end_mark))

    def rewrite(self, text_of: Callable[[Value, str, str], str], key: str = "") -> None:
        """Replaces the text of every scalar in here by what `text_of` makes of it, its key and the text; not keys."""
        if isinstance(self.node, yaml.ScalarNode):
            self.node.value = text_of(self, key, self.node.value)
        elif self.is_list:
            for item in self.items():
                item.rewrite(text_of, key)
        else:
            for name, value in self.mapping().items():
                value.rewrite(text_of, name)

    def items(self) -> Iterator[Value]:
        """The values of a list."""
        if not isinstance(self.node, yaml.SequenceNode):
            raise self.error(f"{self.path} must be a list: [one, another], or a line that begins with - for each")
        for number, node in enumerate(self.node.value):
            yield Value(node, self.file, f"{self.path}[{number}]")

    def command(self) -> tuple[str, ...]:
        """A program and its arguments; no shell reads them."""
        words = tuple(item.text() for item in self.items())
        if not words:
            raise self.error(f"{self.path} must name a program and its arguments")
        return words

    def text(self) -> str:
        """The words of a scalar exactly as written: YAML's own guesses (`NO`, `1:30`, `0123`) never apply."""
        if not isinstance(self.node, yaml.ScalarNode):
            raise self.error(f"{self.path} must be a single value")
        if self.node.value == "":
            raise self.error(f"{self.path} is empty; give it a value, or leave it out")
        if _UNWRITABLE.search(self.node.value):
            raise self.error(f"{self.path} must not hold control characters")
        return str(self.node.value)

    def name(self) -> str:
        """A name: lower case letters, digits, - and _, at most 63."""
        text = self.text()
        if not NAME.fullmatch(text):
            raise self.error(_no_name(text))
        return text

    def integer(self, low: int, high: int) -> int:
        """A whole number between `low` and `high`."""
        text = self.text()
        if not re.fullmatch(r"\d{1,9}", text, re.ASCII) or not low <= int(text) <= high:
            raise self.error(f'{self.path} must be a whole number from {low} to {high}, not "{text}"')
        return int(text)

    def duration(self, low: float = 0.0, high: float = YEAR) -> float:
        """A duration in seconds, between `low` and `high`."""
        seconds = self._read(parse_duration)
        if not low <= seconds <= high:
            bounds = f"from {format_duration(low)} to {format_duration(high)}"
            raise self.error(f'{self.path} must be a duration {bounds}, not "{self.text()}"')
        return seconds

    def number(self, low: Decimal, high: Decimal) -> Decimal:
        """A decimal number between `low` and `high`, exactly as written."""
        text = self.text()
        if not re.fullmatch(r"\d{1,9}(\.\d{1,9})?", text, re.ASCII) or not low <= Decimal(text) <= high:
            raise self.error(f'{self.path} must be a number from {low} to {high}, not "{text}"')
        return Decimal(text)

    def truth(self) -> bool:
        """`true` or `false`; YAML's other words for them are refused, for `no` is Norway too."""
        text = self.text()
        if text not in ("true", "false"):
            raise self.error(f'{self.path} must be true or false, not "{text}"')
        return text == "true"

    def percent(self) -> Decimal:
        """A percentage as an exact ratio from 0 to 1."""
        return self._read(parse_percent)

    def address(self) -> Address:
        """A host:port."""
        return self._read(Address.parse)

    def url(self) -> str:
        """An http or https URL to which paths can be appended: without credentials, query and trailing slash."""
        text = self.text()
        if "@" in text:
            raise self.error(f"{self.path} must not hold credentials; keep them in a file")
        if not is_base_url(text):
            shown = re.sub(r"[?#].*", "?…", text)  # what comes then may be a secret
            raise self.error(f'{self.path} must be a URL such as http://127.0.0.1:9090, not "{shown}"')
        return text.rstrip("/")

    def choice(self, allowed: tuple[str, ...]) -> str:
        """One of a few words."""
        text = self.text()
        if text not in allowed:
            raise self.error(_unknown("value", text, allowed, self.path))
        return text

    def _read(self, parse: Callable[[str], T]) -> T:
        try:
            return parse(self.text())
        except (QuantityError, AddressError) as error:
            raise self.error(f"{self.path}: {error}") from None


def _line(node: yaml.Node) -> int:
    return node.start_mark.line + 1


def read_document(path: Path, moved: Mapping[Address, Address] | None = None, *, if_missing: str = "") -> Value:
    """The document in `path`; addresses that `moved` names are replaced by where they moved to, wherever they stand.

    `if_missing` is what to do when there is no such file, for the complaint.
    """
    return parse_document(read_text(path, at_most=MAX_BYTES, if_missing=if_missing), str(path), moved)


def parse_document(text: str, file: str, moved: Mapping[Address, Address] | None = None) -> Value:
    """The document in `text`, complaining in the name of `file`; raises ConfigError."""
    node = _compose(text, file, _StrictLoader.get_single_node)
    if node is None:
        raise ConfigError(file, 1, "the file is empty")
    if moved:
        _move(node, {str(wanted): str(actual) for wanted, actual in moved.items()})
    return Value(node, file, "")


def read_documents(path: Path, *, if_missing: str = "") -> tuple[Value, ...]:
    """The documents in `path`, separated by `---`; those that are empty are left out."""
    return parse_documents(read_text(path, at_most=MAX_BYTES, if_missing=if_missing), str(path))


def parse_documents(text: str, file: str) -> tuple[Value, ...]:
    """The documents in `text`, as `read_documents` reads them, complaining in the name of `file`."""
    return tuple(Value(node, file, "") for node in _compose(text, file, _full_nodes))


def _full_nodes(loader: _StrictLoader) -> list[yaml.Node]:
    nodes = []
    while loader.check_node():
        node = loader.get_node()
        if node and node.value != "":
            nodes.append(node)
    return nodes


def _compose(text: str, file: str, read: Callable[[_StrictLoader], T]) -> T:
    try:
        loader = _StrictLoader(text)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise ConfigError(file, line, f"not valid YAML: the character U+{error.character:04X} is not allowed") from None
    try:
        return read(loader)
    except _RefusedError as error:
        raise ConfigError(file, error.line, error.problem) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = ", ".join(filter(None, (error.context, error.problem)))
        hint = _hint(problem, text, mark.index if mark else 0)
        raise ConfigError(file, mark.line + 1 if mark else 1, f"not valid YAML: {problem}{hint}") from None
    except (ValueError, OverflowError):  # PyYAML's own conversion of "\UFFFFFFFF"
        raise ConfigError(file, loader.line + 1, "not valid YAML: an escape here is not a character") from None


def _hint(problem: str, text: str, index: int) -> str:
    """What would be right where YAML's own words for the problem at `index` help few."""
    if text.startswith("${", index - 1):
        return "; inside { } and [ ], write ${…} in quotes"
    if "but got '{'" in problem:
        return "; inside { } and [ ], write what holds a { in quotes"
    if "'\\t'" in problem:
        return "; indent with spaces"
    if "a block scalar" in problem:
        return "; write what begins with > or | in quotes"
    if "expected <block end>" in problem:
        return "; begin this line in the column of those it belongs to"
    return ""


class _RefusedError(Exception):
    """Valid YAML that we do not take."""

    def __init__(self, event: yaml.Event, problem: str) -> None:
        super().__init__(problem)
        self.line = event.start_mark.line + 1 if event.start_mark else 1
        self.problem = problem


class _StrictLoader(yaml.SafeLoader):
    """Composes nodes only, never constructs objects; refuses aliases, tags and nesting deeper than MAX_DEPTH."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _RefusedError(event, "anchors and aliases are not allowed; write the value out")
        if getattr(event, "tag", None):
            raise _RefusedError(event, "tags are not allowed; write the value without its !")
        if self.depth >= MAX_DEPTH:
            raise _RefusedError(event, f"nested deeper than {MAX_DEPTH} levels")
        self.depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1


def _move(node: yaml.Node, moved: Mapping[str, str]) -> None:
    """Replaces addresses in every scalar below `node`; 127.0.0.1:80 is not found inside 127.0.0.1:8000."""
    pattern = re.compile(r"(?<![\w.])(" + "|".join(map(re.escape, moved)) + r")(?!\d)")
    pending = [node]
    while pending:
        current = pending.pop()
        if isinstance(current, yaml.ScalarNode):
            current.value = pattern.sub(lambda match: moved[match[1]], current.value)
        elif isinstance(current, yaml.MappingNode):
            pending.extend(value for _, value in current.value)
        elif isinstance(current, yaml.SequenceNode):
            pending.extend(current.value)


def _unknown(what: str, word: str, known: tuple[str, ...], where: str) -> str:
    return f'unknown {what} "{word}"{f" in {where}" if where else ""}; {suggestion(word, known)}'


def _no_name(word: str) -> str:
    return f'"{word}" is not a name; use lower case letters, digits, - and _, at most 63 characters'


def is_base_url(text: str) -> bool:
    """Whether it is an http or https URL to which paths can be appended."""
    if not re.fullmatch(r"https?://[!-~]+", text) or re.search(r"[?#\\]", text):
        return False
    try:
        Address.of_url(text)
    except AddressError:
        return False
    return True
