"""The dashboards of any stack are written the same wherever and whenever, and stay small."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import gettempdir

import pytest

from grafana.generate import dashboard_texts
from tests.grafana.stacks import NAMES, stack_named, texts_of
from tests.prometheus.stacks import ROOT

LARGEST = 256 * 1024
"""Bytes of one file; what Grafana itself refuses is larger by far."""

PRINT_DIGESTS = """
import hashlib, json, sys
from pathlib import Path
from grafana.generate import dashboard_texts
from stack.loader import load_stack
texts = dashboard_texts(load_stack(Path(sys.argv[1])))
print(json.dumps({file: hashlib.sha256(text.encode()).hexdigest() for file, text in texts.items()}))
"""


def digests_in_a_process(path: Path, seed: str) -> dict[str, str]:
    done = subprocess.run(
        [sys.executable, "-c", PRINT_DIGESTS, str(path)],
        env={**os.environ, "PYTHONHASHSEED": seed, "TZ": f"UTC-{seed}", "LC_ALL": "C"},
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    return dict(json.loads(done.stdout))


def test_two_processes_write_the_same_bytes(tmp_path: Path) -> None:
    """Those of the demo's stack are written by the command in tests/grafana/test_generate_command.py."""
    path = stack_named("fifty services", tmp_path).file
    here = {file: hashlib.sha256(text.encode()).hexdigest() for file, text in texts_of("fifty services").items()}
    assert digests_in_a_process(path, "1") == digests_in_a_process(path, "2") == here


def test_the_place_of_the_file_does_not_matter(tmp_path: Path) -> None:
    places = [tmp_path / "a", tmp_path / "b" / "c"]
    for place in places:
        place.mkdir(parents=True)
    one, other = (dashboard_texts(stack_named("fifty services", place)) for place in places)
    assert one == other


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_json_with_sorted_keys_that_ends_in_a_line_and_is_not_large(name: str) -> None:
    for file, text in texts_of(name).items():
        assert text == json.dumps(json.loads(text), indent=2, sort_keys=True, ensure_ascii=False) + "\n", file
        assert len(text.encode()) < LARGEST, file


def test_fifty_services_need_no_more_panels_than_one() -> None:
    """Variables choose what is shown: what grows with the stack cannot be read, and not be asked by Prometheus."""
    few, many = texts_of("demo"), texts_of("fifty services")
    assert few.keys() == many.keys()
    for file, text in few.items():
        assert len(many[file]) < 3 * len(text), file


@pytest.mark.parametrize("name", NAMES)
def test_no_dashboard_names_a_machine_or_a_port(name: str) -> None:
    for file, text in texts_of(name).items():
        for word in ("localhost", "127.0.0.1", str(ROOT), gettempdir()):
            assert word not in text, file
