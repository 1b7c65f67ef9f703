"""What lets Grafana in to the Prometheus, without a secret in its files.

Grafana reads each secret when it starts: from a file, which is written `$__file{…}`, or an environment variable.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from stack.access import BasicAuth, BearerFile, Tls, TokenCommand
from stack.dataclass import dataclass
from stack.errors import HqError
from stack.model import Stack

Json = dict[str, Any]

SECRETS = "/run/secrets"
PRINTED_TOKEN = f"{SECRETS}/prometheus-token"

_READ_ELSEWHERE = re.compile(r"\$__file\{([^}]+)\}|\$(\w+)")


@dataclass(frozen=True)
class Permission:
    """What lets Grafana in: keys of the data source itself, of its `jsonData`, and of its `secureJsonData`."""

    keys: Mapping[str, Any]
    open: Mapping[str, Any]
    secret: Mapping[str, str]

    @property
    def files(self) -> list[str]:
        """The files that Grafana needs when it starts."""
        return [file for file, _ in self._read_elsewhere() if file]

    @property
    def variables(self) -> list[str]:
        """The environment variables that Grafana needs when it starts."""
        return [variable for _, variable in self._read_elsewhere() if variable]

    def _read_elsewhere(self) -> Iterator[tuple[str, str]]:
        for value in self.secret.values():
            yield from _READ_ELSEWHERE.findall(value)


def permission(stack: Stack) -> Permission:
    """As the stack has it; raises HqError for secrets that Grafana could not tell apart or read."""
    access = stack.prometheus.access
    files = _Files(stack)
    keys: Json = {}
    opened: Json = {}
    secret: dict[str, str] = {}
    headers = {literal(name): f"${variable}" for variable, name in _variables(access.headers).items()}
    match access.auth:
        case BearerFile(path):
            headers["Authorization"] = f"Bearer {files.read(path)}"
        case TokenCommand():
            headers["Authorization"] = f"Bearer $__file{{{PRINTED_TOKEN}}}"
        case BasicAuth(user, password_file):
            keys = {"basicAuth": True, "basicAuthUser": literal(user)}
            secret["basicAuthPassword"] = files.read(password_file)
    for number, (name, value) in enumerate(headers.items(), 1):
        opened[f"httpHeaderName{number}"] = name
        secret[f"httpHeaderValue{number}"] = value
    if access.tls:
        opened.update(_tls_keys(access.tls))
        secret.update((key, files.read(path)) for key, path in _tls_files(access.tls))
    return Permission(keys, opened, secret)


def _tls_keys(tls: Tls) -> Json:
    return {
        **({"tlsAuth": True} if tls.certificate else {}),
        **({"tlsAuthWithCACert": True} if tls.ca else {}),
        **({"serverName": literal(tls.server_name)} if tls.server_name else {}),
    }


def _tls_files(tls: Tls) -> Iterator[tuple[str, Path]]:
    for key, path in (("tlsCACert", tls.ca), ("tlsClientCert", tls.certificate), ("tlsClientKey", tls.key)):
        if path:
            yield key, path


class _Files:
    """Where Grafana finds the files of secrets: those below stack.yaml's by their names, in one directory."""

    def __init__(self, stack: Stack) -> None:
        self._beside = stack.file.absolute().parent
        self._known: dict[str, Path] = {}

    def read(self, path: Path) -> str:
        """What Grafana replaces by what it reads there; raises HqError."""
        there = f"{SECRETS}/{path.name}" if path.absolute().is_relative_to(self._beside) else str(path)
        if self._known.setdefault(there, path) != path:
            raise HqError(
                f"Grafana would find both {self._known[there]} and {path} as {there}; give them different names"
            )
        if re.search(r"[${}\s]", there):
            raise HqError(f"Grafana cannot be told to read {there}; leave $, braces and spaces out of its name")
        return f"$__file{{{there}}}"


def _variables(headers: Iterable[str]) -> dict[str, str]:
    """The environment variable for each header."""
    variables: dict[str, str] = {}
    for header in headers:
        variable = "PROMETHEUS_HEADER_" + re.sub(r"\W", "_", header, flags=re.ASCII).upper()
        if variables.setdefault(variable, header) != header:
            raise HqError(f"Grafana would read both {variables[variable]} and {header} from {variable}; leave one out")
    return variables


def literal(text: str) -> str:
    """The text as it is, where Grafana would take a dollar for the beginning of a variable."""
    return text.replace("$", "$$")
