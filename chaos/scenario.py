"""A scenario: a named plan of faults, with what is expected of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from chaos.faults import unsupported
from chaos.faults.fault import Fault
from chaos.parameters import ParameterError, Parameters, read_parameters, refuse_unknown
from chaos.plan import plan_fault
from stack.errors import HqError
from stack.model import Stack
from stack.suggestion import suggestion

TARGET_KINDS = ("pool", "service")


@dataclass(frozen=True)
class PlannedFault:
    """A fault as the scenario names it: its kind, and the parameters that are its own, as written."""

    kind: str
    parameters: Mapping[str, str]


@dataclass(frozen=True)
class ChaosScenario:
    """A named plan of faults. `expect` must be detected, `may` can be a consequence, `silent` must not fire.

    The parameters are as people write them (`40s`, `60%`); those of a fault come before those of the scenario.
    """

    name: str
    title: str
    hypothesis: str
    target_kinds: tuple[str, ...]
    parameters: Mapping[str, str]
    faults: tuple[PlannedFault, ...]
    expect: tuple[str, ...]
    may: tuple[str, ...]
    silent: tuple[str, ...]

    def with_parameters(self, changes: Mapping[str, str]) -> ChaosScenario:
        """This scenario with other parameters; raises HqError for one that is unknown or makes no sense."""
        refuse_unknown(changes)
        changed = replace(self, parameters={**self.parameters, **changes})
        for fault in changed.faults:
            changed.parameters_of(fault)
        return changed

    def parameters_of(self, fault: PlannedFault) -> Parameters:
        """What is asked of one of its faults; raises HqError."""
        try:
            return read_parameters(fault.kind, {**self.parameters, **fault.parameters})
        except ParameterError as error:
            raise HqError(f"scenario {self.name}: {error}") from None

    def targets(self, stack: Stack) -> tuple[str, ...]:
        """The pools and services of the stack that it can be run on, in the order of its kinds."""
        named = {
            "pool": tuple(stack.pools),
            "service": tuple(name for name, service in stack.services.items() if service.listen),
        }
        return tuple(name for kind in self.target_kinds for name in named[kind])

    def target(self, stack: Stack, name: str | None = None) -> str:
        """The target called `name`, or the only one of the first kind that the stack has; raises HqError."""
        known = self.targets(stack)
        if not known:
            kinds = " or ".join(_KIND_WORDS[kind] for kind in self.target_kinds)
            raise HqError(f"scenario {self.name} needs {kinds}, and {stack.file} has none")
        if name is None:
            same_kind = [other for other in known if (other in stack.pools) == (known[0] in stack.pools)]
            if len(same_kind) > 1:
                raise HqError(f"scenario {self.name} has several targets; choose with --target: {', '.join(known)}")
            return known[0]
        if name not in known:
            raise HqError(self._no_target(stack, name, known))
        return name

    def plan(self, stack: Stack, target: str) -> tuple[Fault, ...]:
        """What is broken when, member by member; raises HqError when it cannot be done so or in its duration."""
        return tuple(fault for planned in self.faults for fault in self._plan_one(planned, stack, target))

    def _plan_one(self, planned: PlannedFault, stack: Stack, target: str) -> tuple[Fault, ...]:
        asked = self.parameters_of(planned)
        pool = stack.pools.get(target)
        faults = plan_fault(planned.kind, asked, target, len(pool.members) if pool else 0)
        if problem := unsupported(planned.kind, pool or stack.services[target], faults[0].share):
            raise HqError(problem)
        return faults

    def _no_target(self, stack: Stack, name: str, known: tuple[str, ...]) -> str:
        if name in stack.services and "service" in self.target_kinds:
            return f"service {name} has no listen and upstream in {stack.file}, so no fault can stand in front of it"
        if name in stack.services or name in stack.pools:
            kind = "service" if name in stack.services else "pool"
            return f"scenario {self.name} cannot be run on the {kind} {name}; targets are {', '.join(known)}"
        return f'there is no target "{name}"; {suggestion(name, known, "targets are")}'


_KIND_WORDS = {"pool": "a pool", "service": "a service with listen and upstream"}
