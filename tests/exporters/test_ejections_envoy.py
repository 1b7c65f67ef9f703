"""A real Envoy, a member that fails: it is ejected, it is said of it and of no other, and it comes back."""

from __future__ import annotations

from decimal import Decimal

import pytest

from chaos.faults import leased_values
from chaos.faults.fault import Fault
from chaos.lease import ControlPlane, FaultLease
from exporters.ejections import EjectionCollector
from exporters.pool import PoolCollector
from stack.waiting import wait_for
from tests.chaos.data_plane import Plane, ask, run_plane, serve
from tests.exporters.exposed import Samples, collect

pytestmark = pytest.mark.e2e


def scraped(plane: Plane) -> Samples:
    pools = plane.stack.pools
    return collect(PoolCollector(pools), EjectionCollector(pools, plane.stack.envoy.admin))


def ejected(plane: Plane) -> list[float]:
    samples = scraped(plane)
    return [samples[f'pool_member_ejected{{member="{number}",pool="proxies"}}'] for number in range(3)]


def test_a_failing_member_is_ejected_and_comes_back(tmp_path) -> None:
    with serve() as upstream, run_plane(tmp_path, f"http://{upstream}", members=3) as plane:
        assert ejected(plane) == [0, 0, 0]
        with ControlPlane(plane.stack.envoy.control_plane, FaultLease()) as control:
            control.connected(5)
            fault = Fault("failure", "proxies", 1, Decimal(1), 0.0, after=0.0, seconds=60.0)
            control.lease.set(leased_values([fault]), seconds=60)
            control.applied(5)

            def is_out() -> bool:
                ask(plane.pool.listen)
                return ejected(plane) == [0, 1, 0]

            wait_for(is_out, 30, "the failing member was not ejected", every=0.01)
            assert plane.stats.read()["cluster.pool_proxies.membership_healthy"] == 2
            control.lease.clear()
            control.applied(5)
            wait_for(lambda: ejected(plane) == [0, 0, 0], 60, "the member did not come back", every=0.2)

        plane.envoy.stop()
        samples = scraped(plane)
        assert not any(key.startswith("pool_member_ejected") for key in samples)
        assert samples['exporter_collector_success{collector="ejections"}'] == 0
        assert samples['pool_member_up{member="1",pool="proxies"}'] == 0
