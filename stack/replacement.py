"""Files that are replaced whole: a reader finds the old one or the new one, and a failure leaves the old one."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def replace_file(path: Path, content: bytes) -> None:
    """Puts the content where `path` (or the link there) points, all of it or nothing; raises OSError.

    What is there and is no file, such as /dev/null or a pipe, is written into.
    """
    if path.exists() and not path.is_file():
        path.write_bytes(content)
        return
    path = Path(os.path.realpath(path))
    draft = path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}")
    try:
        with draft.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        error.filename, error.filename2 = str(path), None  # nobody knows the draft
        raise
    finally:
        draft.unlink(missing_ok=True)
