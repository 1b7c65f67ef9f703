"""Which optional parts of dev-hq a stack needs, and which of them are not installed."""

from __future__ import annotations

from importlib.util import find_spec

from stack.errors import MissingToolError
from stack.model import ManagedProcess, Stack
from stack.process import find_program


def missing_to_start(stack: Stack) -> list[str]:
    """The extras without which `dev-hq up` cannot start this stack."""
    missing = []
    if _lacks("fastapi", "uvicorn"):
        missing.append("api")
    if not _has_envoy():
        missing.append("chaos")
    if any(map(_is_of_the_demo, stack.processes.values())) and _lacks("aiohttp"):
        missing.append("demo")
    return missing


def refuse_without_extras(stack: Stack) -> None:
    """Raises MissingToolError that names all that is missing at once; of a lone Envoy, who starts it says more."""
    missing = missing_to_start(stack)
    if missing and missing != ["chaos"]:
        raise MissingToolError(f"`dev-hq up` needs more: {install(missing)}")


def install(extras: list[str]) -> str:
    """What to type to have these."""
    return f"pip install 'dev-hq[{','.join(extras)}]'"


def _lacks(*modules: str) -> bool:
    return any(find_spec(module) is None for module in modules)


def _has_envoy() -> bool:
    try:
        find_program("envoy")
    except MissingToolError:
        return False
    return True


def _is_of_the_demo(process: ManagedProcess) -> bool:
    return " ".join(process.run).startswith("python -m demo.")
