"""Certificates: checked before anything is asked, and shown to a server under the name that it is known by."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

from requests.adapters import HTTPAdapter

from stack.access import Tls
from stack.errors import HqError


class NamedServer(HTTPAdapter):
    """Expects a server's certificate to be for `server_name`, whatever the URL calls it, and asks for it by that."""

    def __init__(self, server_name: str) -> None:
        self._server_name = server_name
        super().__init__()

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **more: Any) -> None:  # noqa: ANN401
        """What requests calls to connect."""
        super().init_poolmanager(connections, maxsize, block, server_hostname=self._server_name, **more)


def check_files(tls: Tls) -> None:
    """Raises HqError that names the file when a certificate or key cannot be used."""
    if tls.ca:
        _load_authority(tls.ca)
    if tls.certificate and tls.key:
        _load_authority(tls.certificate)
        _load_pair(tls.certificate, tls.key)


def _load_authority(path: Path) -> None:
    _readable(path)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except ssl.SSLError:
        raise HqError(f"{path} holds no certificate; it must be in PEM form") from None


def _load_pair(certificate: Path, key: Path) -> None:
    _readable(key)
    asked: list[bool] = []

    def no_password() -> str:
        asked.append(True)
        return ""

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(certificate, key, no_password)
    except ssl.SSLError as error:
        if asked:
            raise HqError(f"the key {key} is locked with a password; give one that is not") from None
        if error.reason == "KEY_VALUES_MISMATCH":
            raise HqError(f"the key {key} does not belong to the certificate {certificate}") from None
        raise HqError(f"{key} holds no private key; it must be in PEM form") from None


def _readable(path: Path) -> None:
    try:
        with path.open("rb") as file:
            file.read(1)
    except OSError as error:
        raise HqError(f"{path} cannot be read: {error.strerror}") from None
