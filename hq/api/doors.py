"""Who may call what: each group of paths has a door, and the door asks before the body is read."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from fastapi import APIRouter, Request, Response, Security, params
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from starlette.concurrency import run_in_threadpool

from hq.api.audit import READING, Audit
from hq.api.errors import ApiError, logged
from hq.api.strict_json import StrictRequest
from hq.api.tokens import ALERTMANAGER, Caller, Scope, caller_of, read_tokens
from hq.credentials import CredentialsError, is_allowed
from hq.serving.passwords import BusyError, basic_credentials
from hq.serving.web import Web

MAX_BODY_BYTES = 64 * 1024
UNKNOWN = "a bearer token is needed"  # whatever was shown instead
WRONG_SCOPE = "this token is not for {}; `dev-hq token add` makes one with that scope"
PASSWORDS_BUSY = "too many passwords are being checked"
CHALLENGE = {"www-authenticate": "Bearer"}
PASSWORD_CHALLENGE = {"www-authenticate": 'Basic realm="dev-hq", Bearer'}
NOBODY = Caller("", frozenset())

_token = HTTPBearer(
    scheme_name="token",
    auto_error=False,
    description="A token that `dev-hq token add` made, with the scope that is named.",
)
_webhook = HTTPBearer(
    scheme_name="webhook",
    auto_error=False,
    description="The one token in var/webhook-token, which Alertmanager reads too.",
)


class Key(Protocol):
    """What lets somebody through a door; `shown` is how the document names it, if it does."""

    shown: params.Security | None

    def opens(self, request: Request) -> Caller:
        """Who asks; raises ApiError for somebody who may not, and CredentialsError when nobody can tell."""


class TokenKey:
    """The bearer token of somebody with a scope. The file is read each time, so that a new token needs no restart."""

    def __init__(self, tokens: Path, scope: Scope) -> None:
        self._tokens = tokens
        self.scope = scope
        self.shown: params.Security | None = Security(_token, scopes=[scope.value])

    def opens(self, request: Request) -> Caller:
        shown = bearer_token(request.headers.getlist("authorization"))
        caller = caller_of(read_tokens(self._tokens), shown) if shown else None
        if caller is None:
            raise ApiError(401, UNKNOWN, CHALLENGE)
        request.state.caller = caller.name
        if not caller.may(self.scope):
            raise ApiError(403, WRONG_SCOPE.format(self.scope))
        return caller


class ReaderKey:
    """What opens to whoever may look: a token, a user's password, or a certificate that TLS has verified.

    An `open` door lets everybody in, as long as the web configuration names no users.
    """

    def __init__(self, token: TokenKey, web: Web, *, open: bool = False) -> None:
        self._token = token
        self._web = web
        self._open = open
        self.shown = None if open else token.shown

    def opens(self, request: Request) -> Caller:
        self._web.refresh()
        if self._open and not self._web.config.users:
            return NOBODY
        if name := certified_name(request):
            return Caller(name, frozenset())
        try:
            return self._user(request) or self._token.opens(request)
        except ApiError as error:
            if error.status == 401 and self._web.config.users:
                raise ApiError(401, UNKNOWN, PASSWORD_CHALLENGE) from None
            raise

    def _user(self, request: Request) -> Caller | None:
        users = self._web.config.users
        credentials = basic_credentials(request.headers.getlist("authorization")) if users else None
        try:
            if credentials and self._web.passwords.are(*credentials, users):
                return Caller(credentials[0], frozenset())
        except BusyError:
            raise ApiError(503, PASSWORDS_BUSY, {"retry-after": "1"}) from None
        return None


class WebhookKey:
    """The one token that Alertmanager shows, which it reads from the same file."""

    def __init__(self, credentials: Path) -> None:
        self._credentials = credentials
        self.shown: params.Security | None = Security(_webhook)

    def opens(self, request: Request) -> Caller:
        if not is_allowed(request.headers.getlist("authorization"), self._credentials):
            raise ApiError(401, UNKNOWN, CHALLENGE)
        request.state.caller = ALERTMANAGER
        return Caller(ALERTMANAGER, frozenset())


class PageKey:
    """What opens the pages, /metrics among them: what reading takes, or the webhook's token.

    `dev-hq up` has its Prometheus show that one, which serves beyond loopback too.
    """

    def __init__(self, reader: ReaderKey, credentials: Path) -> None:
        self._reader = reader
        self._credentials = credentials
        self.shown = reader.shown

    def opens(self, request: Request) -> Caller:
        try:
            return self._reader.opens(request)
        except (ApiError, CredentialsError):
            with suppress(CredentialsError):
                if is_allowed(request.headers.getlist("authorization"), self._credentials):
                    return NOBODY
            raise


def bearer_token(authorization: Sequence[str]) -> bytes:
    """The token in the Authorization headers, or nothing."""
    scheme, _, shown = authorization[0].partition(" ") if len(authorization) == 1 else ("", "", "")
    return shown.strip().encode("latin-1") if scheme.lower() == "bearer" else b""


def certified_name(request: Request) -> str | None:
    """The first name in the certificate that the client showed, if it was asked for one and TLS has verified it."""
    names: tuple[str, ...] = getattr(request.state, "certificate", ())
    return names[0] if names else None


class Doors:
    """The doors that open to a token, one for each scope and group of paths; where one may only look, also to `web`."""

    def __init__(self, tokens: Path, audit: Audit, web: Web) -> None:
        self._tokens = tokens
        self._audit = audit
        self._web = web

    def to(self, scope: Scope, tag: str) -> APIRouter:
        """A router whose paths need a token with this scope; the document lists them under `tag`."""
        token = TokenKey(self._tokens, scope)
        return door(ReaderKey(token, self._web) if scope is Scope.READ else token, self._audit, tag=tag)

    def to_pages(self, tag: str, webhook: Path, *, open: bool) -> APIRouter:
        """A router whose paths need what reading needs, or the token in `webhook`; nothing when they are `open`."""
        reader = ReaderKey(TokenKey(self._tokens, Scope.READ), self._web, open=open)
        return door(PageKey(reader, webhook), self._audit, tag=tag)


def door(key: Key, audit: Audit, *, max_body: int = MAX_BODY_BYTES, tag: str) -> APIRouter:
    """A router whose paths only the key opens, and which writes down whoever changes something through it."""

    class Door(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handle = super().get_route_handler()

            async def let_in(request: Request) -> Response:
                await _ask(key, request)
                if self.body_field is None:
                    return await handle(request)
                return await handle(await StrictRequest.read(request, max_body))

            async def answer(request: Request) -> Response:
                if request.method in READING:
                    return await let_in(request)
                async with audit.of(request) as line:
                    response = await let_in(request)
                    line.status = response.status_code
                    return response

            return answer

    return APIRouter(route_class=Door, tags=[tag], dependencies=[key.shown] if key.shown else [])


async def _ask(key: Key, request: Request) -> None:
    try:
        await run_in_threadpool(key.opens, request)
    except CredentialsError as error:
        raise logged(500, "the credentials cannot be read", error) from None
