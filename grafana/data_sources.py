"""Grafana's data sources: the Prometheus and the Alertmanager of the stack, and how Grafana is let in.

The keys are those of Grafana's "Provision Grafana" and "Configure the Prometheus data source". No secret is written:
Grafana reads each when it starts, from a file (`$__file{…}`) or an environment variable.
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
from stack.quantity import format_duration

Json = dict[str, Any]

PROMETHEUS_UID = "prometheus"
ALERTMANAGER_UID = "alertmanager"
OLDEST_PROMETHEUS = "2.42.0"
SECRETS = "/run/secrets"
PRINTED_TOKEN = f"{SECRETS}/prometheus-token"

_READ_ELSEWHERE = re.compile(r"\$__file\{([^}]+)\}|\$(\w+)")


@dataclass(frozen=True)
class Permission:
    """What lets Grafana in: keys of the data source itself, of its `jsonData`, and of its `secureJsonData`."""

    keys: Mapping[str, Any]
    open: Mapping[str, Any]
    secret: Mapping[str, str]


def prometheus_source(stack: Stack) -> Json:
    """The Prometheus; raises HqError for files of secrets that Grafana could not tell apart or read."""
    permission = _permission(stack)
    source = {
        **_source("Prometheus", "prometheus", PROMETHEUS_UID, stack.prometheus.url),
        **permission.keys,
        "jsonData": {
            "httpMethod": "POST",
            "prometheusType": "Prometheus",
            "prometheusVersion": OLDEST_PROMETHEUS,  # at least; without one Grafana asks for whole series, not labels
            "timeInterval": format_duration(stack.prometheus.scrape_interval),
            "manageAlerts": True,  # of a Prometheus: to be seen, not to be changed
            "alertmanagerUid": ALERTMANAGER_UID,
            "allowAsRecordingRulesTarget": False,
            **permission.open,
        },
    }
    return {**source, "secureJsonData": dict(permission.secret)} if permission.secret else source


def alertmanager_source(stack: Stack) -> Json:
    """The Alertmanager; alerts of Grafana's own are not sent there."""
    return {
        **_source("Alertmanager", "alertmanager", ALERTMANAGER_UID, stack.alertmanager.url),
        "jsonData": {"implementation": "prometheus", "handleGrafanaManagedAlerts": False},
    }


def read_elsewhere(source: Json) -> tuple[list[str], list[str]]:
    """The files and the environment variables that Grafana needs for a data source when it starts."""
    found = [
        match.groups()
        for value in source.get("secureJsonData", {}).values()
        for match in _READ_ELSEWHERE.finditer(value)
    ]
    return [file for file, _ in found if file], [variable for _, variable in found if variable]


def _source(name: str, kind: str, uid: str, url: str) -> Json:
    return {
        "name": name,
        "type": kind,
        "uid": uid,
        "orgId": 1,
        "access": "proxy",
        "url": _literal(url),
        "isDefault": False,  # where there is another default, Grafana would refuse to start
        "editable": False,
    }


def _permission(stack: Stack) -> Permission:
    access = stack.prometheus.access
    files = _Files(stack)
    keys: Json = {}
    opened: Json = {}
    secret: dict[str, str] = {}
    headers = {_literal(name): f"${variable}" for variable, name in _variables(access.headers).items()}
    match access.auth:
        case BearerFile(path):
            headers["Authorization"] = f"Bearer {files.read(path)}"
        case TokenCommand():
            headers["Authorization"] = f"Bearer $__file{{{PRINTED_TOKEN}}}"
        case BasicAuth(user, password_file):
            keys = {"basicAuth": True, "basicAuthUser": _literal(user)}
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
        **({"serverName": _literal(tls.server_name)} if tls.server_name else {}),
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


def _literal(text: str) -> str:
    """The text as it is, where Grafana would take a dollar for the beginning of a variable."""
    return text.replace("$", "$$")
