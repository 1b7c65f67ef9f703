"""Certificates for tests: a server's and clients', by an authority that lives as long as the test."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme

NAMES = ("localhost", "127.0.0.1", "hq.example")


def write_server(directory: Path, authority: trustme.CA) -> None:
    """server.pem and server.key, each replaced whole, and ca.pem, in the directory."""
    directory.mkdir(parents=True, exist_ok=True)
    made = authority.issue_cert(*NAMES)
    _replace(directory / "server.key", made.private_key_pem.bytes())
    _replace(directory / "server.pem", b"".join(blob.bytes() for blob in made.cert_chain_pems))
    authority.cert_pem.write_to_path(str(directory / "ca.pem"))


def client_context(
    server: trustme.CA, own: trustme.CA | None = None, name: str = "prometheus.example", *, expired: bool = False
) -> ssl.SSLContext:
    """How a client connects that trusts `server`, with a certificate for `name` by `own` if it has one."""
    context = ssl.create_default_context()
    server.configure_trust(context)
    if own:
        until = datetime.now(UTC) - timedelta(days=1) if expired else datetime.now(UTC) + timedelta(days=1)
        own.issue_cert(name, not_before=datetime(2020, 1, 1, tzinfo=UTC), not_after=until).configure_cert(context)
    return context


def _replace(path: Path, content: bytes) -> None:
    draft = path.with_suffix(".new")
    draft.write_bytes(content)
    draft.replace(path)
