"""The image, made without an engine: the steps of the Dockerfile, run in a root of their own with this Python."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.deploy.dockerfile import Stage, read_dockerfile, sent_to_the_build
from tests.deploy.pod import ROOT, container, image_mounts

BUILD_SECONDS = 280


@dataclass
class Building:
    """The directories that stand for those of the two stages."""

    directory: Path

    @property
    def image(self) -> Path:
        """The environment that the last stage copies."""
        return self.directory / "opt" / "dev-hq"

    def build(self) -> None:
        """Every step of the first stage, in order."""
        subprocess.run([sys.executable, "-m", "venv", str(self._python)], check=True)
        stage = read_dockerfile(ROOT / "Dockerfile")["build"]
        for keyword, words in stage.instructions:
            if keyword == "COPY":
                self._copy(words)
            elif keyword == "RUN":
                done = self.run(stage, words)
                assert done.returncode == 0, done.stdout + done.stderr

    def run(self, stage: Stage, words: str, *more: dict[str, Any]) -> subprocess.CompletedProcess[str]:
        """A RUN of a stage, as root on the machine's network, as an engine does it."""
        path = f"{self._python}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        writable = ("/opt", "/source", "/wheels", str(self._python))
        argv = container(
            ["sh", "-c", words],
            root=self.directory / "root",
            directory=stage.last("WORKDIR"),
            mounts=[
                *(image_mounts(self.image)[1:]),
                *({"source": str(self._stands_for(path)), "target": path, "read_only": False} for path in writable),
                *more,
            ],
            confined=False,
            environment={**stage.environment, "PATH": path},
        )
        return subprocess.run(argv, capture_output=True, text=True, timeout=BUILD_SECONDS, check=False)

    def _copy(self, words: str) -> None:
        *sources, target = words.split()
        for source in sources:
            found = [name for name in sent_to_the_build(ROOT) if name == source or name.startswith(source)]
            for name in found:
                place = self._stands_for("/source") / target / name.removeprefix(source if source.endswith("/") else "")
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, place)

    def _stands_for(self, path: str) -> Path:
        if path == str(self._python):
            return self._python
        place = self.directory / path[1:]
        place.mkdir(parents=True, exist_ok=True)
        return place

    @property
    def _python(self) -> Path:
        return self.directory / "python"
