"""The file of --web.config.file: what it may say, and each mistake as one line."""

from __future__ import annotations

from pathlib import Path

import bcrypt
import pytest
import trustme

from hq.serving.web import Web
from hq.serving.web_config import read_web_config
from stack.errors import ConfigError, HqError
from tests.hq.certificates import write_server

TLS = "tls_server_config: {cert_file: server.pem, key_file: server.key"
DIGEST = bcrypt.hashpw(b"secret", b"$2b$04$" + b"abcdefghijklmnopqrstuu").decode()  # one salt: tests are named by it


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    directory = tmp_path_factory.mktemp("web")
    write_server(directory, trustme.CA())
    trustme.CA().issue_cert("localhost").private_key_pem.write_to_path(str(directory / "other.key"))
    return directory


def complaint(home: Path, text: str) -> str:
    (home / "web.yml").write_text(text)
    with pytest.raises(ConfigError) as error:
        Web(home / "web.yml")
    return str(error.value).replace(f"{home}/", "")


def test_all_keys_are_read(home) -> None:
    (home / "web.yml").write_text(
        f"{TLS}, client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.pem,\n"
        f"  client_allowed_sans: [prometheus.example], min_version: TLS13}}\nbasic_auth_users:\n  me: {DIGEST}\n"
    )
    config = read_web_config(home / "web.yml")
    assert config.tls is not None
    assert config.tls.files == (home / "server.pem", home / "server.key", home / "ca.pem")
    assert (config.tls.allowed_sans, config.tls.min_version) == (("prometheus.example",), "TLS13")
    assert config.tls.demands_clients
    assert config.users == {"me": DIGEST.encode()}
    assert DIGEST not in repr(config)
    Web(home / "web.yml")


@pytest.mark.parametrize(
    ("kind", "verifies", "demands"),
    [
        ("NoClientCert", False, False),
        ("RequestClientCert", False, False),
        ("VerifyClientCertIfGiven", True, False),
        ("RequireAndVerifyClientCert", True, True),
    ],
)
def test_each_way_to_ask_for_a_certificate(home, kind: str, verifies: bool, demands: bool) -> None:
    ca = ", client_ca_file: ca.pem" if verifies else ""
    (home / "web.yml").write_text(f"{TLS}, client_auth_type: {kind}{ca}}}\n")
    tls = Web(home / "web.yml").config.tls
    assert tls is not None
    assert (tls.verifies_clients, tls.demands_clients) == (verifies, demands)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "web.yml:1: the file is empty"),
        ("tls_config: {}", 'web.yml:1: unknown key "tls_config"; did you mean "tls_server_config"?'),
        (
            f"{TLS},\n  cipher_suites: [x]}}",
            'web.yml:2: unknown key "cipher_suites" in tls_server_config; known are cert_file, key_file, '
            "client_auth_type, client_ca_file, client_allowed_sans, min_version",
        ),
        ("tls_server_config: {cert_file: a}", 'web.yml:1: tls_server_config needs the key "key_file"'),
        (
            f"{TLS}, client_auth_type: RequireAnyClientCert}}",
            "web.yml:1: RequireAnyClientCert lets in whoever made a certificate themselves; "
            "write RequireAndVerifyClientCert",
        ),
        (
            f"{TLS}, client_auth_type: RequireAndVerifyClientCert}}",
            "web.yml:1: RequireAndVerifyClientCert needs tls_server_config.client_ca_file, "
            "by which certificates are verified",
        ),
        (
            f"{TLS}, client_ca_file: ca.pem}}",
            "web.yml:1: tls_server_config.client_ca_file is of no use without client_auth_type: "
            "RequireAndVerifyClientCert, or VerifyClientCertIfGiven",
        ),
        (
            f"{TLS}, min_version: TLS10}}",
            'web.yml:1: unknown value "TLS10" in tls_server_config.min_version; did you mean "TLS13"?',
        ),
        (
            "tls_server_config: {cert_file: server.pem, key_file: none.key}",
            "web.yml:1: there is no file none.key",
        ),
        (
            "tls_server_config: {cert_file: server.pem, key_file: other.key}",
            "web.yml:1: other.key is not the key of server.pem",
        ),
        (
            "tls_server_config: {cert_file: web.yml, key_file: server.key}",
            "web.yml:1: web.yml and server.key are not a certificate and its key in PEM",
        ),
        (
            f"{TLS}, client_auth_type: VerifyClientCertIfGiven, client_ca_file: server.key}}",
            "web.yml:1: server.key holds no certificate in PEM",
        ),
        (
            f"{TLS}, client_auth_type: VerifyClientCertIfGiven, client_ca_file: ca.pem, client_allowed_sans: []}}",
            "web.yml:1: tls_server_config.client_allowed_sans is empty, so that it lets nobody in; "
            "name one, or leave it out",
        ),
        (
            "basic_auth_users: {me: secret}",
            "web.yml:1: basic_auth_users.me must be a bcrypt digest of cost 4 to 15; `htpasswd -nBC 10 ME` makes it",
        ),
        (
            f"basic_auth_users: {{me: {DIGEST.replace('$04$', '$31$')}}}",
            "web.yml:1: basic_auth_users.me must be a bcrypt digest of cost 4 to 15; `htpasswd -nBC 10 ME` makes it",
        ),
        (
            f"basic_auth_users: {{'a b': {DIGEST}}}",
            "web.yml:1: a user's name must be 1 to 100 plain characters without spaces and colons",
        ),
        (
            "basic_auth_users: {}",
            "web.yml:1: basic_auth_users is empty, so that it lets nobody in; name one, or leave it out",
        ),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_that_quotes_no_secret(home, text: str, expected: str) -> None:
    said = complaint(home, text)
    assert said == expected
    assert "secret" not in said
    assert DIGEST not in said


def test_a_key_with_a_password_is_refused_and_nobody_is_asked_for_it(home, tmp_path) -> None:
    from cryptography.hazmat.primitives import serialization

    key = serialization.load_pem_private_key((home / "server.key").read_bytes(), password=None)
    (home / "locked.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"canary"),
        )
    )
    said = complaint(home, "tls_server_config: {cert_file: server.pem, key_file: locked.key}")
    assert said == "web.yml:1: locked.key is encrypted; give a key without a password"


def test_a_changed_file_is_read_again_and_a_broken_one_leaves_what_there_was(home, caplog) -> None:
    path = home / "users.yml"
    path.write_text(f"basic_auth_users: {{me: {DIGEST}}}\n")
    web = Web(path)
    path.write_text("basic_auth_users: {}\n")
    web.refresh()
    assert (list(web.config.users), web.is_current) == (["me"], False)
    assert caplog.messages == [
        f"{path}:1: basic_auth_users is empty, so that it lets nobody in; name one, or leave it out; "
        "what was read before stays in force"
    ]
    web.refresh()
    assert len(caplog.messages) == 1, "it is said once"
    path.write_text(f"basic_auth_users: {{you: {DIGEST}}}\n")
    web.refresh()
    assert (list(web.config.users), web.is_current) == (["you"], True)
    path.unlink()
    web.refresh()
    assert (list(web.config.users), web.is_current) == (["you"], False)


def test_what_may_not_come_into_force_does_not_when_it_is_read_again(home) -> None:
    def allow(config: object) -> None:
        if not getattr(config, "users", None):
            raise HqError("nobody is known")

    path = home / "allowed.yml"
    path.write_text(f"basic_auth_users: {{me: {DIGEST}}}\n")
    web = Web(path, allow)
    path.write_text(f"{TLS}}}\n")
    web.refresh()
    assert (list(web.config.users), web.is_current, web.scheme) == (["me"], False, "http")
