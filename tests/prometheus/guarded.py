"""A real Prometheus that asks who we are: for a password, for a certificate, or under a path."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stack.address import free_address
from stack.process import Child, find_program
from stack.waiting import wait_for

PASSWORD = "opensesame-canary-pw"
_HASH = "$2b$04$abcdefghijklmnopqrstuusyFtqgfCkrRoH6G2UZGVjTW00/Y8/hu"  # bcrypt of PASSWORD, as cheap as it gets
WANTS_PASSWORD = f"basic_auth_users: {{ci: '{_HASH}'}}\n"


def wants_certificate(directory: Path) -> str:
    """The web configuration that wants a certificate of the authority in `directory`, and shows one of it."""
    keys = {"cert_file": "server.pem", "key_file": "server.key", "client_ca_file": "ca.pem"}
    files = ", ".join(f"{key}: {directory / name}" for key, name in keys.items())
    return f"tls_server_config: {{{files}, client_auth_type: RequireAndVerifyClientCert}}\n"


@contextmanager
def guarded_prometheus(directory: Path, web: str = "", *options: str, host: str = "127.0.0.1") -> Iterator[str]:
    """The host:port of a Prometheus with this web configuration that scrapes nothing."""
    directory.mkdir(parents=True, exist_ok=True)
    address = free_address(host)
    (directory / "prometheus.yml").write_text("{}\n")
    (directory / "web.yml").write_text(web)
    argv = (
        find_program("prometheus"),
        f"--config.file={directory / 'prometheus.yml'}",
        f"--web.config.file={directory / 'web.yml'}",
        f"--storage.tsdb.path={directory / 'data'}",
        f"--web.listen-address={address}",
        *options,
    )
    child = Child("prometheus", argv, directory / "prometheus.log")

    def is_ready() -> bool:
        assert child.exit_code is None, child.last_words()
        return "Server is ready to receive web requests" in child.log.read_text() and not address.is_free()

    try:
        wait_for(is_ready, 30, f"Prometheus should be ready: {child.last_words()}")
        yield str(address)
    finally:
        child.stop()
