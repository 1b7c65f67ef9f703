"""One attempt at collecting, in a thread of its own, so that a collector that hangs or raises hurts nobody else."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

from prometheus_client.core import Metric

from exporters.cleaning import Cleaned, clean_family, clean_text

_COLLECTORS_SHARE = 0.9  # of the time there is; the rest is for picking up what they brought


class Attempt:
    """Begins at once; `wait` lasts until it is over or its `seconds` are, whichever comes first."""

    def __init__(
        self, name: str, collect: Callable[[float], Iterable[Metric]], seconds: float, max_series: int
    ) -> None:
        self.name = name
        self._collect = collect
        self._seconds = seconds
        self._max_series = max_series
        self._over = threading.Event()
        self._outcome: tuple[Sequence[Cleaned], str | None, float] | None = None
        self._began = time.monotonic()
        # Nobody can end a thread; as a daemon it does at least not keep the process from ending.
        threading.Thread(target=self._run, name=f"collect-{name}", daemon=True).start()

    @property
    def is_over(self) -> bool:
        return self._over.is_set()

    @property
    def complaint(self) -> str | None:
        """What went wrong, or None."""
        return self._outcome[1] if self._outcome else f"took longer than {self._seconds:.3g} s"

    @property
    def duration(self) -> float:
        """Seconds it took, or has taken so far."""
        return self._outcome[2] if self._outcome else time.monotonic() - self._began

    def wait(self) -> None:
        """Waits no longer than this attempt may take, counted from its beginning."""
        self._over.wait(max(0.0, self._began + self._seconds - time.monotonic()))

    def brought(self) -> Sequence[Cleaned]:
        """The families, cleaned; none unless the collector brought them all."""
        return self._outcome[0] if self._outcome else ()

    def _run(self) -> None:
        cleaned: Sequence[Cleaned] = ()
        complaint = None
        try:
            cleaned = self._collect_in_time()
        except BaseException as error:
            complaint = type(error).__name__
            with suppress(Exception):  # an error that cannot even say what it is
                complaint = clean_text(f"{complaint}: {error}")
        self._outcome = (cleaned, complaint, time.monotonic() - self._began)
        self._over.set()

    def _collect_in_time(self) -> list[Cleaned]:
        cleaned = []
        for family in self._collect(self._seconds * _COLLECTORS_SHARE):
            cleaned.append(clean_family(family, self._max_series))
            if time.monotonic() > self._began + self._seconds:
                raise TimeoutError(f"took longer than {self._seconds:.3g} s")
        return cleaned
