"""The file of `--web.config.file`: TLS and who may read with a password, in the keys that Prometheus' exporters use.

tls_server_config: {cert_file: server.pem, key_file: server.key}
basic_auth_users: {prometheus: $2b$10$…}
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path

from stack.dataclass import dataclass
from stack.document import Value, read_document

CLIENT_AUTH_TYPES = (
    "NoClientCert", "RequestClientCert", "RequireAnyClientCert", "VerifyClientCertIfGiven",
    "RequireAndVerifyClientCert",
)  # fmt: skip
MIN_VERSIONS = ("TLS12", "TLS13")
COSTS = range(4, 16)  # of bcrypt; a check at 15 takes some seconds

_BCRYPT = re.compile(r"\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}")


@dataclass(frozen=True)
class TlsSettings:
    """The certificate that is shown, and which certificates of clients are asked for, by whom signed, for which names.

    `place` is where the file says so, for complaints.
    """

    certificate: Path
    key: Path
    client_auth: str
    client_ca: Path | None
    allowed_sans: tuple[str, ...]
    min_version: str
    place: Value = field(repr=False, compare=False)

    @property
    def verifies_clients(self) -> bool:
        """Whether a client that shows a certificate is known by it."""
        return self.client_auth in ("VerifyClientCertIfGiven", "RequireAndVerifyClientCert")

    @property
    def demands_clients(self) -> bool:
        """Whether nobody gets in without a certificate."""
        return self.client_auth == "RequireAndVerifyClientCert"

    @property
    def files(self) -> tuple[Path, ...]:
        return tuple(filter(None, (self.certificate, self.key, self.client_ca)))


@dataclass(frozen=True)
class WebConfig:
    """What the file says: TLS, if it is served, and the bcrypt digest of each user's password."""

    tls: TlsSettings | None = None
    users: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    @property
    def authenticates(self) -> bool:
        """Whether it tells by itself who may read."""
        return bool(self.users) or (self.tls is not None and self.tls.demands_clients)


def read_web_config(path: Path) -> WebConfig:
    """What the file says; paths in it are relative to it. Raises ConfigError, which quotes no digest."""
    root = read_document(path)
    keys = root.fields(optional=("tls_server_config", "basic_auth_users"))
    return WebConfig(
        _tls(keys["tls_server_config"], path.parent) if "tls_server_config" in keys else None,
        _users(keys["basic_auth_users"]) if "basic_auth_users" in keys else {},
    )


def _tls(value: Value, base: Path) -> TlsSettings:
    keys = value.fields(
        required=("cert_file", "key_file"),
        optional=("client_auth_type", "client_ca_file", "client_allowed_sans", "min_version"),
    )
    client_auth = keys["client_auth_type"].choice(CLIENT_AUTH_TYPES) if "client_auth_type" in keys else "NoClientCert"
    tls = TlsSettings(
        certificate=base / keys["cert_file"].text(),
        key=base / keys["key_file"].text(),
        client_auth=client_auth,
        client_ca=base / keys["client_ca_file"].text() if "client_ca_file" in keys else None,
        allowed_sans=_sans(keys["client_allowed_sans"]) if "client_allowed_sans" in keys else (),
        min_version=keys["min_version"].choice(MIN_VERSIONS) if "min_version" in keys else "TLS12",
        place=value,
    )
    if client_auth == "RequireAnyClientCert":
        raise keys["client_auth_type"].error(
            "RequireAnyClientCert lets in whoever made a certificate themselves; write RequireAndVerifyClientCert"
        )
    if tls.verifies_clients and tls.client_ca is None:
        raise value.error(f"{client_auth} needs {value.path}.client_ca_file, by which certificates are verified")
    for key in ("client_ca_file", "client_allowed_sans"):
        if key in keys and not tls.verifies_clients:
            raise keys[key].error(
                f"{keys[key].path} is of no use without client_auth_type: RequireAndVerifyClientCert, "
                "or VerifyClientCertIfGiven"
            )
    return tls


def _sans(value: Value) -> tuple[str, ...]:
    sans = tuple(item.text() for item in value.items())
    if not sans:
        raise value.error(f"{value.path} is empty, so that it lets nobody in; name one, or leave it out")
    return sans


def _users(value: Value) -> dict[str, bytes]:
    users: dict[str, bytes] = {}
    for name, item in value.mapping().items():
        if not re.fullmatch(r"[!-9;-~]{1,100}", name):
            raise item.error("a user's name must be 1 to 100 plain characters without spaces and colons")
        digest = _BCRYPT.fullmatch(item.text())
        if not digest or int(digest[1]) not in COSTS:
            raise item.error(
                f"{item.path} must be a bcrypt digest of cost {COSTS[0]} to {COSTS[-1]}; `htpasswd -nBC 10 ME` makes it"
            )
        users[name] = digest[0].encode()
    if not users:
        raise value.error(f"{value.path} is empty, so that it lets nobody in; name one, or leave it out")
    return users
