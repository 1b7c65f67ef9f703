"""What can go wrong between us and a `dev-hq serve`."""

from __future__ import annotations

from stack.errors import HqError


class ServerError(HqError):
    """The server could not be asked, or its answer cannot be used."""


class LostError(ServerError):
    """Nobody answered, or not in time, or the server cannot answer now; asking again may help.

    `unsent` is whether the server knows nothing of the request for sure; `retry_after` the seconds it asks us to wait.
    """

    def __init__(self, message: str, *, unsent: bool = False, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.unsent = unsent
        self.retry_after = retry_after


class RefusedError(ServerError):
    """The server understood what we ask, and refuses it with this HTTP status."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status
