"""Which `dev-hq serve` is meant, and what lets us in there."""

from __future__ import annotations

import ipaddress
import re
import stat
import sys
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from prometheus.credentials import TokenFile
from prometheus.tls import check_files
from stack.access import Tls
from stack.dataclass import dataclass
from stack.errors import HqError

EXAMPLE = "https://hq.example:9464"
_URL = re.compile(r"[!-~]{1,2000}")
_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")


@dataclass(frozen=True)
class Server:
    """A server at `url`, which has no slash at its end; without a token file nothing is shown to it."""

    url: str
    token_file: Path | None = None
    tls: Tls | None = None

    @property
    def name(self) -> str:
        """The server in a sentence."""
        return f"the server {self.url}"


def server_at(
    url: str, token_file: Path | None = None, tls: Tls | None = None, *, insecure_http: bool = False
) -> Server:
    """The server of a URL that people wrote; raises HqError, also for files that cannot be used.

    A token goes over http to this machine only, unless `insecure_http`.
    """
    parts = _parts(url)
    if parts.scheme == "http":
        if tls:
            raise HqError("--ca, --cert and --key are for a server that is called by https://")
        if token_file and not insecure_http and not _is_loopback(parts.hostname or ""):
            raise HqError(
                "over http:// the token could be read on its way; use https://, a tunnel to 127.0.0.1, "
                "or --insecure-http where nobody else is on the network"
            )
    if tls:
        check_files(tls)
    if token_file:
        TokenFile(token_file).header(0)
        _warn_of_readers(token_file)
    return Server(url.rstrip("/"), token_file, tls)


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        is_address = parts.port != 0 and bool(_HOST.fullmatch(parts.hostname or ""))
    except ValueError:
        raise _no_url(url) from None
    if "@" in parts.netloc:
        raise HqError("the URL of a server must not hold credentials; put the token into a file, for --token-file")
    if parts.scheme not in ("http", "https") or not is_address or not _URL.fullmatch(url):
        raise _no_url(url)
    if "?" in url or "#" in url:
        raise HqError(f"the URL of a server ends before ? and #; write it like {EXAMPLE}")
    return parts


def _no_url(url: str) -> HqError:
    shown = f'"{url[:200]}"' if url.isprintable() and "@" not in url else "this"
    return HqError(f"{shown} is not the URL of a server; write it like {EXAMPLE}")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _warn_of_readers(token_file: Path) -> None:
    """Secrets that are mounted into a container or a job often come so, and cannot be changed there."""
    if token_file.stat().st_mode & stat.S_IROTH and sys.stderr:
        print(f"warning: everybody on this machine can read {token_file}; chmod 600 {token_file}", file=sys.stderr)
