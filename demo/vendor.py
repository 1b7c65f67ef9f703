"""The vendor: somebody else's HTTP service, fast and healthy by itself."""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import Sequence

from aiohttp import web

from demo.flags import Flags, listen, number
from demo.serving import add_health, run_server

LONGEST = 20.0  # medians; the tail of a log-normal has no end, a vendor's patience does


def vendor_app(latency: float, spread: float) -> web.Application:
    """Answers `/` and `/quote` with a price after a log-normal latency: its median in seconds, its sigma `spread`."""

    async def quote(_: web.Request) -> web.Response:
        await asyncio.sleep(min(latency * random.lognormvariate(0, spread), latency * LONGEST))
        return web.json_response({"item": "umbrella", "price": f"{random.uniform(9, 20):.2f}", "currency": "EUR"})

    app = web.Application()
    app.router.add_get("/", quote)
    app.router.add_get("/quote", quote)
    add_health(app)
    return app


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the vendor until it is told to stop."""
    flags = Flags("demo.vendor", "A vendor that quotes prices over HTTP on / and /quote.")
    flags.add_argument(
        "--listen", type=listen, default="127.0.0.1:8100", metavar="HOST:PORT", help="where to listen (%(default)s)"
    )
    flags.add_argument(
        "--latency",
        type=number(0, 60, "seconds"),
        default=0.004,
        metavar="SECONDS",
        help="median time to a quote (%(default)s)",
    )
    flags.add_argument(
        "--spread",
        type=number(0, 3, "sigma"),
        default=0.4,
        metavar="SIGMA",
        help="sigma of the log-normal latency (%(default)s, at which the p99 is 2.5 medians)",
    )
    given = flags.parse_args(argv)
    return run_server("vendor", vendor_app(given.latency, given.spread), given.listen)


if __name__ == "__main__":
    sys.exit(main())
