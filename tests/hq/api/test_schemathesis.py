"""What Schemathesis makes of the OpenAPI document, asked of a server that runs, with a token of each scope.

It sends what the document allows and what it does not, leaves out tokens and required headers, tries other methods and
follows one operation to the next. Each answer must be one that is described, with headers and a body as described.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import pytest

from hq.api.anomaly_watch import AnomalyWatch
from hq.api.events import Event
from tests.addresses import addresses_apart
from tests.hq.api.test_openapi import OPERATIONS
from tests.hq.serving import Served, serving

CONFIG = Path(__file__).parent / "schemathesis.toml"
CHECKS = {
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "positive_data_acceptance",
    "missing_required_header",
    "unsupported_method",
    "allow_header_conformance",
    "ignored_auth",
    "use_after_free",
    "ensure_resource_availability",
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Runs are asked for and written down; their processes are not started, so that they have died at once.

    A stream of anomalies ends after its first event, or whoever follows one would follow for ever.
    """
    events = AnomalyWatch.events

    async def first(self: AnomalyWatch, last: str | None) -> AsyncGenerator[Event, None]:
        following = events(self, last)
        try:
            yield await anext(following)
        finally:
            await following.aclose()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AnomalyWatch, "events", first)
        patch.setattr("hq.api.chaos.is_up", lambda _: True)
        patch.setattr("hq.api.runs.start_process", lambda *_: None)
        nobody = f"prometheus: {{url: http://{addresses_apart(1)[0]}}}\n"
        with serving(tmp_path_factory.mktemp("schemathesis"), chaos=True, more=nobody) as served:
            yield served


def by_scheme() -> dict[str, list[str]]:
    """The operations that each token is for; those that need none are asked with the one for reading.

    Whoever starts a run follows it.
    """
    found: dict[str, list[str]] = {}
    for operation in OPERATIONS.values():
        for scheme in operation.get("security", [{"token": ["read"]}]):
            for kind, scopes in scheme.items():
                found.setdefault(scopes[0] if scopes else kind, []).append(operation["operationId"])
    found["chaos"] += ["get_chaos_run", "follow_chaos_run"]
    return found


@pytest.mark.e2e
@pytest.mark.parametrize(("token", "operations"), by_scheme().items(), ids=by_scheme())
def test_every_answer_is_one_that_is_described(
    served: Served, token: str, operations: list[str], tmp_path: Path
) -> None:
    shown = f"Bearer {served.token}" if token == "webhook" else served.bearer(token)
    phases = "examples,coverage,fuzzing" + (",stateful" if token == "chaos" else "")
    chosen = [word for name in operations for word in ("--include-operation-id", name)]
    done = subprocess.run(
        [
            Path(sys.executable).with_name("schemathesis"), "--config-file", CONFIG,
            "run", f"http://{served.address}/openapi.json", "--header", f"Authorization: {shown}",
            "--checks", ",".join(sorted(CHECKS)), "--phases", phases, *chosen,
        ],
        capture_output=True, text=True, timeout=240, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Tested: {len(operations)}" in done.stdout, done.stdout
    assert "Authentication failed" not in done.stdout, done.stdout
