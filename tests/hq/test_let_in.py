"""Every command that asks Prometheus is let in by what stack.yaml names, and says when it is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from hq.cli import main
from tests.gates.guarded_stack import stack_at
from tests.prometheus.guarded import PASSWORD, WANTS_PASSWORD, guarded_prometheus


@pytest.mark.e2e
def test_anomalies_behind_a_password(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with guarded_prometheus(tmp_path / "prometheus", WANTS_PASSWORD) as address:
        path = stack_at(tmp_path, f"http://{address}", "auth: {basic: {user: ci, password_file: pw}}")
        password = tmp_path / "pw"
        password.write_text(PASSWORD)
        assert main(["--stack", str(path), "anomalies"]) == 2
        assert "evaluates no anomaly rules" in capsys.readouterr().err, "it has answered"
        password.write_text("another")
        assert main(["--stack", str(path), "anomalies"]) == 2
        assert capsys.readouterr().err == (
            f"dev-hq: Prometheus at http://{address} refuses the user ci with the password of {password} (401)\n"
        )
        password.unlink()
        assert main(["--stack", str(path), "anomalies"]) == 2
        assert capsys.readouterr().err == f"dev-hq: there is no file {password}; the password must be in it\n"
