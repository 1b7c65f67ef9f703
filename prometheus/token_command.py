"""A program that prints a token: run without a shell, bounded in time and output, and never quoted."""

from __future__ import annotations

import os
import re
import selectors
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from prometheus.errors import PrometheusError
from prometheus.redaction import HIDDEN
from stack.access import TokenCommand
from stack.errors import HqError

LONGEST = 10.0
MAX_BYTES = 64 * 1024
MAX_WORDS = 200
LOOK_EVERY = 0.05


def find_program(command: TokenCommand) -> None:
    """Raises HqError when there is no such program, or it is none."""
    program = command.argv[0]
    if "/" not in program:
        if not shutil.which(program):
            raise HqError(f"{program}, which is to print a token, is not on PATH")
        return
    path = command.directory / program
    if not path.is_file():
        raise HqError(f"there is no program {path}, which is to print a token")
    if not os.access(path, os.X_OK):
        raise HqError(f"{path}, which is to print a token, is not executable; chmod +x makes it so")


def printed_token(command: TokenCommand, seconds: float) -> str:
    """The first line that the program prints, within `seconds` and LONGEST.

    Raises HqError when it cannot be started, PrometheusError when it fails, is too slow, or prints no token.
    """
    find_program(command)
    name, limit = command.argv[0], min(seconds, LONGEST)
    code, said, complaint = _run(command, limit)
    if code is None:
        raise PrometheusError(f"{name}, which is to print a token, did not end within {limit:.3g} s")
    lines = said.decode(errors="replace").splitlines()
    if code:
        how = f"exit code {code}" if code > 0 else f"signal {-code}"
        raise PrometheusError(f"{name}, which is to print a token, failed ({how}){_last_words(complaint, lines)}")
    token = lines[0].strip() if lines else ""
    if not re.fullmatch(r"[!-~]+", token):
        raise PrometheusError(f"{name} printed no token: its first line must be ASCII characters without a space")
    return token


def _run(command: TokenCommand, seconds: float) -> tuple[int | None, bytes, bytes]:
    """Its exit code (None when it did not end in time), what it printed and what it complained of; then it is gone."""
    try:
        process = subprocess.Popen(
            command.argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=Path(command.directory),
            start_new_session=True,  # whatever it starts in turn ends with it
        )
    except OSError as error:
        program = command.argv[0]
        raise HqError(f"{program}, which is to print a token, cannot be started: {error.strerror}") from None
    try:
        said, complaint = _outputs(process, time.monotonic() + seconds)
        return process.poll(), said, complaint
    finally:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):  # one that runs as another user is not ours to kill
            process.wait(1)
        for pipe in (process.stdout, process.stderr):
            if pipe:
                pipe.close()


def _outputs(process: subprocess.Popen[bytes], deadline: float) -> tuple[bytes, bytes]:
    """What it prints and what it complains of, each up to MAX_BYTES, until it has ended or the deadline has come."""
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    assert process.stderr is not None  # noqa: S101 - it is a pipe
    outputs = {process.stdout: bytearray(), process.stderr: bytearray()}
    with selectors.DefaultSelector() as selector:
        for pipe in outputs:
            os.set_blocking(pipe.fileno(), False)
            selector.register(pipe, selectors.EVENT_READ)
        while (left := deadline - time.monotonic()) > 0:
            ended = process.poll() is not None  # asked first: what it wrote before its end is then read below
            ready = selector.select(0 if ended else min(left, LOOK_EVERY))
            for key, _ in ready:
                chunk = os.read(key.fd, MAX_BYTES)
                output = outputs[key.fileobj]  # type: ignore[index]
                output += chunk[: MAX_BYTES - len(output)]
                if not chunk:
                    selector.unregister(key.fileobj)
            if ended and not any(key.fileobj in selector.get_map() for key, _ in ready):
                break
    return bytes(outputs[process.stdout]), bytes(outputs[process.stderr])


def _last_words(complaint: bytes, printed: list[str]) -> str:
    """The last line of a program's complaint, without what it printed, for that may have been a token."""
    lines = [line.strip() for line in complaint.decode(errors="replace").splitlines() if line.strip()]
    words = lines[-1] if lines else ""
    for secret in sorted({word for line in printed for word in (line, *line.split()) if word}, key=len, reverse=True):
        words = words.replace(secret, HIDDEN)
    words = "".join(letter if letter.isprintable() else " " for letter in words)
    return f": {words[:MAX_WORDS]}" if words.strip() else ""
