"""How the gates are let in to a real Prometheus that asks who they are, and what they say when they are not."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from gates.check import main
from tests.gates.guarded_stack import stack_at
from tests.prometheus.certificates import make_certificates
from tests.prometheus.guarded import PASSWORD, WANTS_PASSWORD, guarded_prometheus, wants_certificate

pytestmark = pytest.mark.e2e
NAME = "server_name: prometheus.internal"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def with_password(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with guarded_prometheus(tmp_path_factory.mktemp("with-password"), WANTS_PASSWORD) as address:
        yield f"http://{address}"


@pytest.fixture(scope="module")
def with_certificate(tmp_path_factory: pytest.TempPathFactory, certificates: Path) -> Iterator[str]:
    web = wants_certificate(certificates)
    with guarded_prometheus(tmp_path_factory.mktemp("with-certificate"), web) as address:
        yield f"https://{address}"


def check(path: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """The exit code of the gate, and why; it is undecided, for want of data, when it is let in."""
    code = main(["--stack", str(path), "--format", "json", "--no-record"])
    out, err = capsys.readouterr()
    assert PASSWORD not in out + err
    assert "Traceback" not in err
    return code, json.loads(out)["gates"][0]["reason"] if out else err.strip()


def test_a_password(with_password: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = stack_at(tmp_path, with_password, "auth: {basic: {user: ci, password_file: pw}}")
    password = tmp_path / "pw"
    password.write_text(PASSWORD + "\n")
    assert check(path, capsys)[0] == 3
    password.write_text("another\n")
    assert check(path, capsys) == (
        4,
        f"Prometheus at {with_password} refuses the user ci with the password of {password} (401)",
    )
    assert check(stack_at(tmp_path, with_password), capsys) == (
        4,
        f"Prometheus at {with_password} refuses us (401); it wants credentials, or other ones",
    )


def test_certificates(
    with_certificate: str, certificates: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = with_certificate
    for name in ("ca.pem", "client.pem", "client.key", "stranger.pem", "stranger.key"):
        shutil.copy(certificates / name, tmp_path)
    refused = (
        (4, f"Prometheus at {url} refuses the certificate that we show, or wants one"),
        (4, f"Prometheus at {url} broke off while TLS was agreed upon; it may want a certificate, or another one"),
    )  # it says why and hangs up, and the second may overtake the first

    def tls(*keys: str) -> tuple[int, str]:
        return check(stack_at(tmp_path, url, f"tls: {{{', '.join(keys)}}}", "retries: 0"), capsys)

    assert tls("ca: ca.pem", "cert: client.pem", "key: client.key", NAME)[0] == 3
    assert tls("ca: ca.pem", NAME) in refused
    assert tls("ca: ca.pem", "cert: stranger.pem", "key: stranger.key", NAME) in refused
    code, reason = tls("ca: ca.pem", "cert: client.pem", "key: client.key")
    assert (code, reason) == (
        4,
        f"Prometheus at {url} cannot be trusted: IP address mismatch, certificate is not valid for '127.0.0.1'",
    )
    code, reason = tls("ca: stranger.pem", "cert: client.pem", "key: client.key", NAME)
    assert (code, reason) == (4, f"Prometheus at {url} cannot be trusted: unable to get local issuer certificate")
    code, reason = tls("cert: client.pem", "key: client.key", NAME)
    assert (code, reason) == (4, f"Prometheus at {url} cannot be trusted: unable to get local issuer certificate")
    plain = url.replace("https", "http")
    assert check(stack_at(tmp_path, plain), capsys) == (
        4,
        f"Prometheus at {plain} speaks TLS (400); write https:// in its URL",
    )


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ("ca: nowhere.pem", "{0}/nowhere.pem cannot be read: No such file or directory"),
        ("ca: client.key", "{0}/client.key holds no certificate; it must be in PEM form"),
        ("ca: .", "{0} cannot be read: Is a directory"),
        ("ca: empty", "{0}/empty holds no certificate; it must be in PEM form"),
        ("cert: client.pem, key: nowhere.key", "{0}/nowhere.key cannot be read: No such file or directory"),
        ("cert: client.key, key: client.key", "{0}/client.key holds no certificate; it must be in PEM form"),
        ("cert: client.pem, key: client.pem", "{0}/client.pem holds no private key; it must be in PEM form"),
        (
            "cert: client.pem, key: stranger.key",
            "the key {0}/stranger.key does not belong to the certificate {0}/client.pem",
        ),
        ("cert: client.pem, key: locked.key", "the key {0}/locked.key is locked with a password; give one that is not"),
    ],
)
def test_certificates_that_cannot_be_used_are_a_mistake_of_configuration(
    keys: str, sentence: str, certificates: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for file in certificates.iterdir():
        shutil.copy(file, tmp_path)
    (tmp_path / "empty").touch()
    path = stack_at(tmp_path, "https://127.0.0.1:1", f"tls: {{{keys}}}")
    assert check(path, capsys) == (2, f"gates.check: {sentence.format(tmp_path)}")


def test_a_path(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with guarded_prometheus(tmp_path, "", "--web.route-prefix=/prometheus") as address:
        here = f"http://{address}/prometheus"
        assert check(stack_at(tmp_path, here), capsys)[0] == 3
        assert check(stack_at(tmp_path, here + "/"), capsys)[0] == 3
        for wrong in (f"http://{address}", f"http://{address}/graph", f"{here}/api/v1"):
            assert check(stack_at(tmp_path, wrong), capsys) == (
                4,
                f"Prometheus at {wrong} has no API there (404); there is one at {here}",
            )


def test_an_ipv6_address(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with guarded_prometheus(tmp_path, "", host="[::1]") as address:
        assert check(stack_at(tmp_path, f"http://{address}"), capsys)[0] == 3
