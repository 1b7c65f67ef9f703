from tests.gates.conftest import past

__all__ = ["past"]
