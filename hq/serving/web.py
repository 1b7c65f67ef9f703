"""The web configuration in force: read when serving begins, and again when one of its files has changed."""

from __future__ import annotations

import logging
import ssl
import threading
from collections.abc import Callable
from pathlib import Path

from hq.serving.passwords import Passwords
from hq.serving.tls import context_of
from hq.serving.web_config import WebConfig, read_web_config
from stack.errors import HqError, MissingToolError

_log = logging.getLogger("dev-hq.web")

Stamp = tuple[tuple[int, int, int] | None, ...]


class Web:
    """Who may read besides those with a token, and with which certificate they are answered.

    Without a file nobody else may, and there is no TLS. `allow` raises HqError for a configuration that may not come
    into force. A file that is broken when it is read again leaves in force what there was, and `is_current` is false.
    """

    def __init__(self, path: Path | None = None, allow: Callable[[WebConfig], None] = lambda _: None) -> None:
        self._path = path
        self._allow = allow
        self._turn = threading.Lock()
        self._files: tuple[Path, ...] = (path,) if path else ()
        self._seen: Stamp = ()
        self._context: ssl.SSLContext | None = None
        self.passwords = Passwords()
        self.config = WebConfig()
        self.is_current = True
        if path:
            self._seen = self._stamp()
            self.config, self._context = self._read(path)
        else:
            allow(self.config)
        self.scheme = "https" if self._context else "http"

    def refresh(self) -> None:
        """Reads the files again if one of them has changed since they were read."""
        if self._path is None:
            return
        with self._turn:
            stamp = self._stamp()
            if stamp == self._seen:
                return
            self._seen = stamp
            try:
                config, context = self._read(self._path)
                self._refuse_other_scheme(config)
            except HqError as error:
                _log.warning("%s; what was read before stays in force", error)
                self.is_current = False
            else:
                self.config, self._context = config, context
                _log.warning("%s and the files that it names were read again", self._path)
                self.is_current = True

    def context(self) -> ssl.SSLContext:
        """The context for a connection that comes now."""
        self.refresh()
        if self._context is None:
            raise RuntimeError("there is no TLS here")
        return self._context

    def _read(self, path: Path) -> tuple[WebConfig, ssl.SSLContext | None]:
        config = read_web_config(path)
        files = (path, *config.tls.files) if config.tls else (path,)
        if files != self._files:
            self._seen = self._seen[:1] + tuple(map(_stamp_of, files[1:]))
            self._files = files
        if config.users:
            _need_bcrypt()
        self._allow(config)
        return config, context_of(config.tls) if config.tls else None

    def _refuse_other_scheme(self, config: WebConfig) -> None:
        if (config.tls is None) != (self._context is None):
            now = "without" if config.tls is None else "with"
            raise HqError(f"{self._path} asks for a server {now} TLS now; restart dev-hq serve for that")

    def _stamp(self) -> Stamp:
        return tuple(map(_stamp_of, self._files))


def _stamp_of(path: Path) -> tuple[int, int, int] | None:
    try:
        there = path.stat()
    except OSError:
        return None
    return there.st_mtime_ns, there.st_size, there.st_ino


def _need_bcrypt() -> None:
    try:
        import bcrypt  # noqa: F401 - whether it is there
    except ImportError:
        raise MissingToolError("basic_auth_users needs bcrypt: pip install 'dev-hq[api]'") from None
