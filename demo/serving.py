"""A web server that says when it cannot listen, and that ends within two seconds of SIGTERM or SIGINT."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import signal
import sys
from collections.abc import Coroutine

from aiohttp import web
from prometheus_client import CollectorRegistry, disable_created_metrics, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from demo.flags import Listen

GRACE = 0.7  # seconds that requests under way get to finish


def run_server(
    name: str, app: web.Application, address: Listen, work: Coroutine[None, None, None] | None = None
) -> int:
    """Serves `app` until a signal, or until `work` is done; the exit code: 0, or 2 when it cannot listen."""
    try:
        asyncio.run(_serve(name, app, address, work))
    except _CannotListenError as error:
        print(f"python -m demo.{name}: {error}", file=sys.stderr)
        return 2
    return 0


def add_health(app: web.Application) -> None:
    """`/healthz` answers as long as the process does."""

    async def healthz(_: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    app.router.add_get("/healthz", healthz)


def add_metrics(app: web.Application, registry: CollectorRegistry) -> None:
    """`/metrics` in the classic text format, whatever the client says it accepts: every Prometheus reads it."""
    disable_created_metrics()  # type: ignore[no-untyped-call]  # they double the series and nobody here asks for them

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})

    app.router.add_get("/metrics", metrics)


class _CannotListenError(Exception):
    """The address is taken or not ours."""


async def _serve(name: str, app: web.Application, address: Listen, work: Coroutine[None, None, None] | None) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=GRACE)
    await runner.setup()
    try:
        await _listen(runner, address)
        print(f"{name} listens on http://{address}", file=sys.stderr, flush=True)
        await _until(stopped, work)
    finally:
        if work:
            work.close()  # for the case that it was never started
        await runner.cleanup()


async def _listen(runner: web.AppRunner, address: Listen) -> None:
    try:
        await web.TCPSite(runner, address.host.strip("[]"), address.port).start()
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        reason = "something else listens there" if taken else str(error.strerror).rpartition(": ")[2]
        raise _CannotListenError(f"cannot listen on {address}: {reason}; choose another with --listen") from None


async def _until(stopped: asyncio.Event, work: Coroutine[None, None, None] | None) -> None:
    """Waits for the signal or the end of `work`, whichever is first; raises what went wrong in the work."""
    signalled = asyncio.ensure_future(stopped.wait())
    working = asyncio.ensure_future(work) if work else None
    await asyncio.wait({signalled, working} if working else {signalled}, return_when=asyncio.FIRST_COMPLETED)
    signalled.cancel()
    if working:
        working.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await working
