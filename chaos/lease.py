"""Faults as leases: Envoy drops them by itself when nobody renews them, in whatever way their controller ended."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent import futures
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING

from chaos import xds
from chaos.envoy import LAYER
from stack.address import Address
from stack.errors import HqError, MissingToolError
from stack.waiting import wait_for

if TYPE_CHECKING:
    import grpc

TTL = 3.0
_SHORTEST_TTL = 0.001  # Envoy counts in milliseconds
_GOODBYE = 0.5  # seconds in which Envoy is given the end of the faults before the stream closes


class ControlPlaneBusyError(HqError):
    """Another run holds the control plane's port, and with it the data plane."""


class RefusedFaultError(HqError):
    """Envoy refused the values that it was leased."""


@dataclass(frozen=True)
class Grant:
    """What may be leased at one moment: values and their TTL in seconds; without values there is no TTL."""

    values: Mapping[str, object]
    version: int
    ttl: float | None


class FaultLease:
    """The values that are leased, and until when; used by several threads.

    A lease that was not granted to anyone for its TTL is over: Envoy has dropped it, and one who was stopped meanwhile
    must not inject again when he wakes up.
    """

    def __init__(self, ttl: float = TTL) -> None:
        self.ttl = ttl
        self._values: Mapping[str, object] = {}
        self._deadline = 0.0
        self._granted = 0.0
        self._version = 1
        self._changed = threading.Condition()

    @property
    def version(self) -> int:
        return self._version

    def set(self, values: Mapping[str, object], seconds: float) -> None:
        """Leases these values instead of all others, for at most `seconds` from now on the monotonic clock."""
        with self._changed:
            self._values = dict(values)
            self._granted = time.monotonic()
            self._deadline = self._granted + seconds
            self._version += 1
            self._changed.notify_all()

    def clear(self) -> None:
        """Ends every fault now."""
        self.set({}, 0.0)

    def wake(self) -> None:
        """Makes everyone who waits in `grants` look whether he is still wanted."""
        with self._changed:
            self._changed.notify_all()

    def grants(self, wanted: Callable[[], bool]) -> Iterator[Grant]:
        """What has to be sent, when it has to be sent, for as long as it is `wanted`.

        At once, after every change, every third of the TTL while something is leased, and at the deadline. A TTL never
        reaches past the deadline: one who was stopped and wakes up after it finds nothing left to renew.
        """
        while wanted():
            grant = self.grant()
            yield grant
            with self._changed:
                pause = None if grant.ttl is None else max(0.0, min(self.ttl / 3, self._left()))
                self._changed.wait_for(lambda: self._version != grant.version or not wanted(), pause)  # noqa: B023

    def grant(self) -> Grant:
        """What may be leased right now."""
        with self._changed:
            now = time.monotonic()
            if now - self._granted > self.ttl:
                self._values = {}
            self._granted = now
            left = self._left()
            if not self._values or left < _SHORTEST_TTL:
                return Grant({}, self._version, None)
            return Grant(self._values, self._version, min(self.ttl, left))

    def _left(self) -> float:
        return self._deadline - time.monotonic()


class ControlPlane:
    """Serves a lease to every Envoy that connects, while it is entered; bound to its port there is only one.

    `nacks` are Envoy's sentences about what it refused.
    """

    def __init__(self, address: Address, lease: FaultLease) -> None:
        self.address = address
        self.lease = lease
        self.nacks: list[str] = []
        self._server: grpc.Server | None = None
        self._streams = 0
        self._accepted = 0
        self._refused = 0
        self._lock = threading.Lock()

    def __enter__(self) -> ControlPlane:
        """Binds the port and starts to serve; raises ControlPlaneBusyError and MissingToolError."""
        try:
            import google.protobuf  # noqa: F401 - missed here rather than in the thread of a stream
            import grpc
        except ImportError:
            raise MissingToolError("chaos needs grpcio and protobuf: pip install 'dev-hq[chaos]'") from None

        busy = ControlPlaneBusyError(
            f"another run is active on this data plane: {self.address} is in use; `dev-hq chaos stop` stops it"
        )
        if not self.address.is_free():  # gRPC would say so in a page of its own log
            raise busy
        server = grpc.server(futures.ThreadPoolExecutor(max_workers=16), options=_OPTIONS)
        stream = grpc.stream_stream_rpc_method_handler(self._stream, request_deserializer=xds.read_request)
        service = grpc.method_handlers_generic_handler(
            "envoy.service.runtime.v3.RuntimeDiscoveryService", {"StreamRuntime": stream}
        )
        server.add_generic_rpc_handlers((service,))
        try:
            bound = server.add_insecure_port(str(self.address))
        except RuntimeError:
            bound = 0
        if not bound:
            raise busy
        server.start()
        self._server = server
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends every fault, gives Envoy a moment to hear of it, and lets go of the port."""
        self.lease.clear()
        if self._server:
            if self._streams:
                self._say_goodbye()
            self._server.stop(None).wait()
            self._server = None

    def connected(self, seconds: float) -> None:
        """Waits until an Envoy has subscribed; raises NotReadyError."""
        wait_for(lambda: self._streams > 0, seconds, f"Envoy did not connect to the control plane at {self.address}")

    def applied(self, seconds: float) -> None:
        """Waits until an Envoy has taken what the lease says now; raises RefusedFaultError or NotReadyError."""
        version = self.lease.version
        what = f"Envoy did not take the faults from the control plane at {self.address}"
        wait_for(lambda: max(self._accepted, self._refused) >= version, seconds, what, every=0.002)
        if self._refused >= version:
            raise RefusedFaultError(f"Envoy refused the faults: {self.nacks[-1]}")

    def _say_goodbye(self) -> None:
        try:
            self.applied(_GOODBYE)
        except HqError:
            return  # it is gone or stuck; what it was leased ends with its TTL

    def _stream(self, requests: Iterator[xds.Request], context: grpc.ServicerContext) -> Iterator[bytes]:
        """One Envoy's stream. Its first request is answered whatever version it names.

        After an expiry Envoy still names the version that it dropped.
        """
        if not self._begins(requests):
            return
        context.add_callback(self.lease.wake)
        threading.Thread(target=self._listen, args=(requests,), daemon=True).start()
        with self._lock:
            self._streams += 1
        try:
            for number, grant in enumerate(self.lease.grants(context.is_active)):
                yield xds.response(LAYER, grant.values, grant.version, f"{grant.version}.{number}", grant.ttl)
        finally:
            with self._lock:
                self._streams -= 1

    def _begins(self, requests: Iterator[xds.Request]) -> bool:
        import grpc

        try:
            return next(requests, None) is not None
        except grpc.RpcError:
            return False

    def _listen(self, requests: Iterator[xds.Request]) -> None:
        import grpc

        try:
            for request in requests:
                version = int(request.nonce.partition(".")[0] or 0)
                if request.error:
                    self.nacks.append(request.error)
                    self._refused = max(self._refused, version)
                else:
                    self._accepted = max(self._accepted, version)
        except grpc.RpcError:
            return  # the stream is gone; _stream ends through its callback


_OPTIONS = (
    ("grpc.so_reuseport", 0),  # two runs on one port would share Envoy's streams out; bound once, it is the lock
    # Envoy pings although nothing is said while no fault is active; gRPC would take that for an attack.
    ("grpc.http2.min_ping_interval_without_data_ms", 500),
    ("grpc.http2.max_ping_strikes", 0),
)
