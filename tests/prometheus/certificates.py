"""Certificates of a test's own authority, made by openssl."""

from __future__ import annotations

import subprocess
from pathlib import Path

_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
_LEAF = ["-addext", "basicConstraints=critical,CA:FALSE"]


def make_certificates(directory: Path) -> Path:
    """Writes ca, server (for prometheus.internal), client and stranger (another authority), each .pem and .key.

    locked.key is the client's key, locked with a password.
    """
    for name in ("ca", "stranger"):
        _openssl(directory, "req", "-x509", *_KEY, "-nodes", *_out(name), "-subj", f"/CN={name}", "-days", "1")
    by = ["-CA", "ca.pem", "-CAkey", "ca.key", "-days", "1"]
    named = ["-addext", "subjectAltName=DNS:prometheus.internal"]
    _openssl(directory, "req", "-x509", *_KEY, "-nodes", *_out("server"), *by, *_LEAF, *named, "-subj", "/CN=server")
    _openssl(directory, "req", "-x509", *_KEY, "-nodes", *_out("client"), *by, *_LEAF, "-subj", "/CN=client")
    _openssl(directory, "ec", "-in", "client.key", "-out", "locked.key", "-aes256", "-passout", "pass:s3cret")
    return directory


def _out(name: str) -> list[str]:
    return ["-keyout", f"{name}.key", "-out", f"{name}.pem"]


def _openssl(directory: Path, *words: str) -> None:
    subprocess.run(["openssl", *words], cwd=directory, check=True, capture_output=True, timeout=30)
