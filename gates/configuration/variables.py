"""`${name}` in a gates file: replaced after the YAML is read, so that no value can become more than a value.

In PromQL a value is written as the place it stands in demands: inside quotes it is that very label value, inside the
quotes of `=~` and `!~` it matches that very text, and outside quotes only a plain word is let through.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from stack.document import Value
from stack.errors import HqError
from stack.suggestion import suggestion

_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}", re.ASCII)
_PROMQL = ("total", "bad", "good", "histogram", "promql", "alive")
_PLAIN_WORD = re.compile(r"[A-Za-z0-9_:.]+", re.ASCII)
_REGEX_SPECIAL = re.compile(r"[\\.+*?()|\[\]{}^$]")


@dataclass
class Variables:
    """The values of names: `given` on the command line, else those of the file's `vars`, else of `environment`."""

    given: Mapping[str, str]
    environment: Mapping[str, str]
    of_file: dict[str, str] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)

    def read(self, vars_of_file: Value) -> None:
        """Takes the file's `vars`; a value among them can use --var and the environment, but no other of them."""
        vars_of_file.rewrite(self._text)
        for name, value in vars_of_file.mapping().items():
            if not _REFERENCE.fullmatch(f"${{{name}}}"):
                raise value.error(f'"{name}" is not a variable; use letters, digits and _, not a digit first')
            self.of_file[name] = value.text()

    def fill(self, value: Value, key: str = "") -> None:
        """Replaces every `${name}` below `value`, which stands under `key`; raises ConfigError."""
        value.rewrite(self._text, key)

    def refuse_unused(self, file: object) -> None:
        """Raises HqError for a --var that nothing in the file uses: it must be misspelt."""
        for name in self.given:
            if name not in self.used:
                known = tuple(sorted(self.used - self.given.keys())) or tuple(sorted(self.used))
                hint = f"; {suggestion(name, known, 'it uses')}" if known else ""
                raise HqError(f"nothing in {file} uses --var {name}{hint}")

    def _text(self, place: Value, key: str, text: str) -> str:
        template = _PromqlTemplate if key in _PROMQL else _Template
        return template(place, text, self._value).filled() if "${" in text else text

    def _value(self, place: Value, name: str, default: str | None) -> str:
        self.used.add(name)
        for values in (self.given, self.of_file, self.environment):
            if value := values.get(name, ""):
                return value
            if name in values and default is None:
                raise place.error(f"the variable ${{{name}}} is empty; give it a value")
        if default is None:
            raise place.error(
                f"the variable ${{{name}}} has no value; give it one with --var {name}=…, under vars, in the "
                f"environment, or here, as ${{{name}:-…}}"
            )
        return default


@dataclass
class _Template:
    """The text of one scalar, read once from left to right."""

    place: Value
    text: str
    value_of: Callable[[Value, str, str | None], str]
    position: int = 0

    def filled(self) -> str:
        """The text with its variables replaced; raises ConfigError."""
        parts = []
        while self.position < len(self.text):
            if self.text.startswith("$${", self.position):
                parts.append(self.take(3)[1:])
            elif self.text.startswith("${", self.position):
                parts.append(self._value())
            else:
                parts.append(self.character())
        return "".join(parts)

    def take(self, length: int) -> str:
        """The next characters, which are read by that."""
        start, self.position = self.position, self.position + length
        return self.text[start : self.position]

    def character(self) -> str:
        """What stands here and is no variable."""
        return self.take(1)

    def written(self, _name: str, value: str) -> str:
        """The value of a variable as it is to be written here; raises ConfigError."""
        return value

    def _value(self) -> str:
        match = _REFERENCE.match(self.text, self.position)
        if not match:
            raise self.place.error(
                f"{self.place.path}: ${{ begins a variable; write it like ${{name}} or ${{name:-default}}, "
                "and $${ for the characters themselves"
            )
        self.position = match.end()
        return self.written(match[1], self.value_of(self.place, match[1], match[2]))


@dataclass
class _PromqlTemplate(_Template):
    """PromQL: `quote` is what the string around the position began with, and `before` the two characters before."""

    quote: str = ""
    is_regex: bool = False
    before: str = ""

    def character(self) -> str:
        character = self.text[self.position]
        if self.quote:
            return self._in_quotes(character)
        if character == "#":
            return self.take(len(self.text[self.position :].partition("\n")[0]))
        if character in "\"'`":
            self.quote, self.is_regex = character, self.before in ("=~", "!~")
        if not character.isspace():
            self.before = (self.before + character)[-2:]
        return self.take(1)

    def _in_quotes(self, character: str) -> str:
        if character == "\\" and self.quote != "`":
            return self.take(2)
        if character == self.quote:
            self.quote = ""
        return self.take(1)

    def written(self, name: str, value: str) -> str:
        if not self.quote:
            return self._plain_word(name, value)
        if self.is_regex:
            value = _REGEX_SPECIAL.sub(r"\\\g<0>", value)
        if self.quote != "`":
            return value.replace("\\", "\\\\").replace(self.quote, "\\" + self.quote).replace("\n", "\\n")
        if "`" in value:
            raise self.place.error(f'{self.place.path}: ${{{name}}} holds a `; write the string around it in "')
        return value

    def _plain_word(self, name: str, value: str) -> str:
        self.before = ""
        if not _PLAIN_WORD.fullmatch(value):
            raise self.place.error(
                f"{self.place.path}: ${{{name}}} stands outside quotes, where a value may have letters, digits, "
                f'_, : and . only, not "{value}"'
            )
        return value
