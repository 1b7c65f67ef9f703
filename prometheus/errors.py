"""What can go wrong between us and Prometheus."""

from __future__ import annotations

from stack.errors import HqError


class PrometheusError(HqError):
    """Prometheus could not be asked, or its answer cannot be used."""


class UnreachableError(PrometheusError):
    """Nobody answered, or not in time, or the server says that it cannot answer now (and when it might, in seconds)."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class NoConnectionError(UnreachableError):
    """There was not even a connection, so the server knows nothing of the request."""


class RefusedError(PrometheusError):
    """The server understood who we are and what we ask, and refuses it; asking again will not help.

    `error_type` and `words` are Prometheus' own, such as "bad_data" (the query is wrong) and "parse error: …"; empty
    where it gave none.
    """

    def __init__(self, message: str, error_type: str = "", words: str = "") -> None:
        super().__init__(message)
        self.error_type = error_type
        self.words = words


class AnswerError(PrometheusError):
    """The server answered something that is not an answer of Prometheus."""
