"""How to be let in to a Prometheus API, and how long to try: part of stack.yaml and of a gates file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class BasicAuth:
    """A user, and the file that holds the password."""

    user: str
    password_file: Path


@dataclass(frozen=True)
class Access:
    """How one Prometheus API, and those in `failover` that hold the same data, are asked.

    At most one of `bearer_file`, `basic` and `token_command` (which prints a token) is given. One answer may take
    `timeout` seconds, it is tried again `retries` times, and all questions together may take `deadline` seconds.
    """

    failover: tuple[str, ...] = ()
    timeout: float = 10.0
    deadline: float = 60.0
    retries: int = 2
    headers: Mapping[str, str] = field(default_factory=dict)
    bearer_file: Path | None = None
    basic: BasicAuth | None = None
    token_command: tuple[str, ...] = ()
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    server_name: str | None = None
