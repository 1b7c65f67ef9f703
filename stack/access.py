"""How to be let in to a Prometheus API, and how long to try: part of stack.yaml and of a gates file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING

from stack.dataclass import dataclass
from stack.quantity import format_duration

if TYPE_CHECKING:
    from stack.document import Value

ACCESS_KEYS = ("failover", "timeout", "deadline", "retries", "headers", "auth", "tls")
OUR_HEADERS = frozenset(
    {
        "accept", "accept-encoding", "connection", "content-encoding", "content-length", "content-type", "expect",
        "host", "te", "trailer", "transfer-encoding", "upgrade",
    }
)  # fmt: skip
LONGEST = 3600.0
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_HEADER_VALUE = re.compile(r"[!-~]([ -~]*[!-~])?")
_HOST_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|[0-9a-fA-F:]*:[0-9a-fA-F:.]*")


@dataclass(frozen=True)
class BearerFile:
    """A file that holds a token, read anew for each request, so that whoever rotates it need tell nobody."""

    path: Path


@dataclass(frozen=True)
class BasicAuth:
    """A user, and the file that holds the password."""

    user: str
    password_file: Path


@dataclass(frozen=True)
class TokenCommand:
    """A program that prints a token, its arguments, and the directory it is started in."""

    argv: tuple[str, ...] = field(repr=False)
    directory: Path


@dataclass(frozen=True)
class Tls:
    """What an https server is known by, its authority and its name, and what we are known by there; all PEM files."""

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    server_name: str | None = None


@dataclass(frozen=True)
class Access:
    """How one Prometheus API, and those in `failover` that hold the same data, are asked.

    One answer may take `timeout` seconds, it is tried again `retries` times, and all questions of one look together
    may take `deadline` seconds.
    """

    failover: tuple[str, ...] = ()
    timeout: float = 10.0
    deadline: float = 60.0
    retries: int = 2
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    auth: BearerFile | BasicAuth | TokenCommand | None = None
    tls: Tls | None = None


def read_access(keys: Mapping[str, Value], base: Path) -> Access:
    """What those of ACCESS_KEYS say that are in `keys`; paths are relative to `base`. Raises ConfigError."""
    timeout = keys["timeout"].duration(low=0.1, high=LONGEST) if "timeout" in keys else Access.timeout
    deadline = keys["deadline"].duration(low=0.1, high=LONGEST) if "deadline" in keys else Access.deadline
    if "timeout" in keys and timeout > deadline:
        value = keys["timeout"]
        raise value.error(
            f"{value.path} is for one answer, and longer than the deadline for all of them, {format_duration(deadline)}"
        )
    access = Access(
        failover=_failover(keys["failover"], keys.get("url")) if "failover" in keys else (),
        timeout=timeout,
        deadline=deadline,
        retries=keys["retries"].integer(0, 10) if "retries" in keys else Access.retries,
        headers=_headers(keys["headers"]) if "headers" in keys else {},
        auth=_auth(keys["auth"], base) if "auth" in keys else None,
        tls=_tls(keys["tls"], base) if "tls" in keys else None,
    )
    if access.auth and "authorization" in map(str.lower, access.headers):
        raise keys["auth"].error(f"{keys['auth'].path} makes the header Authorization; leave that out of the headers")
    if access.tls:
        _refuse_plain_http(keys)
    return access


def _failover(value: Value, first: Value | None) -> tuple[str, ...]:
    seen = [first.url()] if first else []
    for item in value.items():
        url = item.url()
        if url in seen:
            raise item.error(f"{item.path} is named before; list each server once")
        seen.append(url)
    return tuple(seen[1:] if first else seen)


def _headers(value: Value) -> dict[str, str]:
    """The headers, which may be secrets: no complaint quotes what one holds."""
    headers: dict[str, str] = {}
    for name, item in value.mapping().items():
        if not _HEADER_NAME.fullmatch(name):
            raise item.error(f'"{name}" is not the name of a header; use letters, digits and -')
        if name.lower() in OUR_HEADERS:
            raise item.error(f"{item.path}: this header is set for each request; leave it out")
        if name.lower() in map(str.lower, headers):
            raise item.error(f"{item.path} is there twice; the case of a header's name does not count")
        if not _HEADER_VALUE.fullmatch(item.text()):
            raise item.error(f"{item.path} holds characters that no header may hold; use plain ASCII without line ends")
        headers[name] = item.text()
    return headers


def _auth(value: Value, base: Path) -> BearerFile | BasicAuth | TokenCommand:
    keys = value.fields(optional=("bearer_file", "basic", "exec"))
    if len(keys) != 1:
        raise value.error(f"{value.path} needs exactly one of bearer_file, basic and exec")
    if "bearer_file" in keys:
        return BearerFile(_file(keys["bearer_file"], base))
    if "exec" in keys:
        return TokenCommand(keys["exec"].command(), base)
    basic = keys["basic"].fields(required=("user", "password_file"))
    if ":" in basic["user"].text():
        raise basic["user"].error(f"{basic['user'].path} must not hold a colon; no server could tell where it ends")
    return BasicAuth(basic["user"].text(), _file(basic["password_file"], base))


def _tls(value: Value, base: Path) -> Tls:
    keys = value.fields(optional=("ca", "cert", "key", "server_name"))
    if not keys:
        raise value.error(f"{value.path} is empty; give it a value, or leave it out")
    for one, other in (("cert", "key"), ("key", "cert")):
        if one in keys and other not in keys:
            raise keys[one].error(f"{keys[one].path} is of no use without {value.path}.{other}")
    name = keys["server_name"].text() if "server_name" in keys else None
    if name is not None and not _HOST_NAME.fullmatch(name):
        raise keys["server_name"].error(f'{keys["server_name"].path} must be a host name, not "{name}"')
    files = {key: _file(keys[key], base) for key in ("ca", "cert", "key") if key in keys}
    return Tls(files.get("ca"), files.get("cert"), files.get("key"), name)


def _refuse_plain_http(keys: Mapping[str, Value]) -> None:
    urls = [*keys["failover"].items()] if "failover" in keys else []
    for url in ([keys["url"]] if "url" in keys else []) + urls:
        if not url.url().startswith("https://"):
            raise keys["tls"].error(f"{keys['tls'].path} is of no use to {url.url()}, which is no https URL")


def _file(value: Value, base: Path) -> Path:
    return base / value.text()
