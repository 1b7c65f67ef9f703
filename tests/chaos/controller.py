"""A controller in a process of its own, to be killed: python -m tests.chaos.controller ADDRESS SECONDS."""

import sys
import time
from decimal import Decimal

from chaos.faults import leased_values
from chaos.faults.fault import Fault
from chaos.lease import ControlPlane, FaultLease
from stack.address import Address


def main(address: str, seconds: float) -> None:
    lease = FaultLease()
    with ControlPlane(Address.parse(address), lease):
        lease.set(leased_values([Fault("failure", "shop", None, Decimal(1), 0.0, 0.0, seconds)]), seconds)
        while True:
            time.sleep(60)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
