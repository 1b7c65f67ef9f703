"""What a format of rule files is, and what the user may name in one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import field

from prometheus.rule import RuleFile
from stack.dataclass import dataclass
from stack.generated import SIGNATURE


@dataclass(frozen=True)
class Naming:
    """What things are called where the rules of several stacks meet: a prefix of names, and labels to select by."""

    prefix: str = "dev-hq"
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def options(self) -> str:
        """As they were given on the command line, so that a file says how it came to be."""
        prefix = "" if self.prefix == Naming().prefix else f" --prefix {self.prefix}"
        return prefix + "".join(f" --label {name}={value}" for name, value in self.labels.items())


@dataclass(frozen=True)
class Format:
    """A way to write rule files: who reads them, and the text of a file.

    `signature` is what each of its files begins with: what begins otherwise is not ours to replace. `options` names
    the parts of Naming that show in it.
    """

    name: str
    reader: str
    write: Callable[[RuleFile, Naming], str]
    signature: str
    options: frozenset[str] = frozenset()

    def texts(self, files: Iterable[RuleFile], naming: Naming) -> dict[str, str]:
        """Every file by its name, as it is written."""
        return {f"{file.name}.yml": self.write(file, naming) for file in files}


def signature(name: str) -> str:
    """What the files of a format begin with, up to its options; the format plain goes without saying."""
    return f"{SIGNATURE}`" if name == "plain" else f"{SIGNATURE} --format {name}"


def header(name: str, *remarks: str, naming: Naming | None = None) -> str:
    """The comment at the top: where the file comes from, and what is to be known of this format."""
    command = signature(name).removesuffix("`") + (naming.options if naming else "")
    lines = (f"{command}`; edit that, or the catalogue, not this.", *(f"# {one}" for one in remarks))
    return "\n".join(lines) + "\n"
