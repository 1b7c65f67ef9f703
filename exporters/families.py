"""Every family that the exporter can expose, without a sample: its name, type and labels."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from exporters.build import BuildCollector
from exporters.ejections import EjectionCollector
from exporters.journal import Configured, JournalCollector
from exporters.pool import PoolCollector
from exporters.registry import Collector, SafeRegistry
from stack.model import EnvoySettings


class Family(NamedTuple):
    """A family by its name in an exposition, such as `chaos_runs_total`."""

    name: str
    kind: str
    labels: frozenset[str]


def exposed_families() -> tuple[Family, ...]:
    """The families of a stack on which nothing has happened."""
    with TemporaryDirectory(prefix="dev-hq-") as directory:
        journal = JournalCollector(Path(directory) / "journal.jsonl", Configured())
        pools = PoolCollector({}), EjectionCollector({}, EnvoySettings().admin)
        collectors: tuple[Collector, ...] = (BuildCollector(), journal, *pools)
        families = [family for one in collectors for family in one.collect(1.0)]
    families += SafeRegistry(()).collect(1.0)
    found = []
    for family in families:
        suffix = {"counter": "_total", "info": "_info"}.get(family.type, "")
        labels = {label for sample in family.samples for label in sample.labels} - {"le"}
        labels |= set(getattr(family, "_labelnames", ()))
        found.append(Family(family.name + suffix, family.type, frozenset(labels)))
    return tuple(found)
