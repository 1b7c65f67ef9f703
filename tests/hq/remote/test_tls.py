"""https: the server is known by its authority and its name, and we by a certificate of ours."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from hq.cli import main
from tests.hq.remote.fake_server import FakeHq, Says, fake_hq, token_file

pytestmark = pytest.mark.e2e


@pytest.fixture
def authority(tmp_path: Path) -> trustme.CA:
    made = trustme.CA()
    made.cert_pem.write_to_path(tmp_path / "ca.pem")
    return made


@pytest.fixture
def strict(authority: trustme.CA, tmp_path: Path) -> Iterator[FakeHq]:
    """A server that wants a certificate of the same authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    with fake_hq(context) as fake:
        yield fake.on("GET /api/chaos/scenarios", Says(body={"scenarios": []}))


@pytest.fixture
def plain(authority: trustme.CA) -> Iterator[FakeHq]:
    """A server that wants none, whose certificate is for another name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("hq.example").configure_cert(context)
    with fake_hq(context) as fake:
        yield fake


def ours(authority: trustme.CA, directory: Path) -> list[str]:
    made = authority.issue_cert("ci@example.org")
    made.cert_chain_pems[0].write_to_path(directory / "ci.pem")
    made.private_key_pem.write_to_path(directory / "ci.key")
    return ["--cert", str(directory / "ci.pem"), "--key", str(directory / "ci.key")]


def listing(fake: FakeHq, directory: Path, *words: str) -> int:
    return main(["chaos", "list", "--server", fake.url, "--token-file", str(token_file(directory)), *words])


def test_with_a_certificate_we_are_let_in(strict: FakeHq, authority: trustme.CA, tmp_path: Path) -> None:
    assert listing(strict, tmp_path, "--ca", str(tmp_path / "ca.pem"), *ours(authority, tmp_path)) == 0


def test_without_one_we_are_not(strict: FakeHq, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert listing(strict, tmp_path, "--ca", str(tmp_path / "ca.pem")) == 2
    assert capsys.readouterr().err.startswith(f"dev-hq: the server {strict.url} ")
    assert strict.asked == []


def test_a_server_of_another_authority(plain: FakeHq, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert listing(plain, tmp_path) == 2
    assert capsys.readouterr().err == (
        f"dev-hq: the server {plain.url} cannot be trusted: unable to get local issuer certificate; "
        "--ca FILE names the authority that signed its certificate\n"
    )


def test_a_server_of_another_name(plain: FakeHq, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert listing(plain, tmp_path, "--ca", str(tmp_path / "ca.pem")) == 2
    assert capsys.readouterr().err == (
        f"dev-hq: the server {plain.url} cannot be trusted: IP address mismatch, certificate is not valid for "
        "'127.0.0.1'\n"
    )
    assert plain.asked == []


def test_http_where_https_is_spoken_and_the_other_way_round(
    plain: FakeHq, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain.url = plain.url.replace("https:", "http:")
    assert listing(plain, tmp_path) == 2
    assert capsys.readouterr().err.startswith(f"dev-hq: the server {plain.url} ")
    with fake_hq() as other:
        other.url = other.url.replace("http:", "https:")
        assert listing(other, tmp_path) == 2
    assert capsys.readouterr().err == f"dev-hq: the server {other.url} speaks no TLS; is it http?\n"
