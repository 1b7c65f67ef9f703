"""The TLS side of a listener: certificates loaded, and loaded again by the connection that finds them changed."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from hq.serving.web_config import TlsSettings
from stack.errors import ConfigError, HqError
from stack.reading import MIB, read_bytes

HANDSHAKE_SECONDS = 10.0
SHUTDOWN_SECONDS = 2.0  # less than the server itself waits when it stops
_VERSIONS = {"TLS12": ssl.TLSVersion.TLSv1_2, "TLS13": ssl.TLSVersion.TLSv1_3}


def context_of(tls: TlsSettings) -> ssl.SSLContext:
    """A context with the settings' certificate; raises ConfigError for files that cannot be used."""
    for path in tls.files:
        _refuse_unreadable(tls, path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = _VERSIONS[tls.min_version]
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(tls.certificate, tls.key, password=_no_password)
    except _PasswordNeededError:
        raise tls.place.error(f"{tls.key} is encrypted; give a key without a password") from None
    except (ssl.SSLError, ValueError) as error:
        if getattr(error, "reason", None) == "KEY_VALUES_MISMATCH":
            raise tls.place.error(f"{tls.key} is not the key of {tls.certificate}") from None
        raise tls.place.error(f"{tls.certificate} and {tls.key} are not a certificate and its key in PEM") from None
    except OSError as error:  # they were there just now
        raise tls.place.error(f"{tls.certificate} and {tls.key} cannot be read: {error.strerror}") from None
    if tls.verifies_clients and tls.client_ca:
        try:
            context.load_verify_locations(tls.client_ca)
        except ssl.SSLError:
            raise tls.place.error(f"{tls.client_ca} holds no certificate in PEM") from None
        except OSError as error:
            raise tls.place.error(f"{tls.client_ca} cannot be read: {error.strerror}") from None
        context.verify_mode = ssl.CERT_REQUIRED if tls.demands_clients else ssl.CERT_OPTIONAL
    return context


class _PasswordNeededError(Exception):
    """A key is encrypted."""


def _no_password() -> str:
    """OpenSSL would ask whoever sits at the terminal."""
    raise _PasswordNeededError


def _refuse_unreadable(tls: TlsSettings, path: Path) -> None:
    try:
        read_bytes(path, at_most=MIB)
    except ConfigError:
        raise
    except HqError as error:
        raise tls.place.error(str(error)) from None


class CurrentContext(ssl.SSLContext):
    """A context that hands each connection to the one that `current` gives then."""

    current: Callable[[], ssl.SSLContext]

    @classmethod
    def by(cls, current: Callable[[], ssl.SSLContext]) -> CurrentContext:
        """The context that is asked anew for each connection."""
        context = cls(ssl.PROTOCOL_TLS_SERVER)
        context.current = current
        return context

    def wrap_bio(self, *arguments: Any, **options: Any) -> ssl.SSLObject:  # noqa: ANN401 - as ssl has them
        return self.current().wrap_bio(*arguments, **options)


def client_names(certificate: dict[str, Any] | None) -> tuple[str, ...]:
    """The alternative names in a verified certificate, as `client_allowed_sans` writes them, or its common name."""
    if not certificate:
        return ()
    names = tuple(_written(kind, str(name)) for kind, name in certificate.get("subjectAltName", ()))
    subject = (entry for part in certificate.get("subject", ()) for entry in part)
    return names or tuple(str(value) for key, value in subject if key == "commonName") or ("a certificate",)


def is_allowed_certificate(certificate: dict[str, Any] | None, allowed: Sequence[str]) -> bool:
    """Whether one of its alternative names is allowed; every certificate is where none are named."""
    if not allowed or not certificate:
        return True
    names = {_written(kind, str(name)) for kind, name in certificate.get("subjectAltName", ())}
    return not names.isdisjoint(_written("", name) for name in allowed)


def _written(kind: str, name: str) -> str:
    try:
        return str(ipaddress.ip_address(name.strip())) if kind in ("", "IP Address") else name
    except ValueError:
        return name
