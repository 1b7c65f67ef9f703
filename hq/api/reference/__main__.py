"""`python -m hq.api.reference`: docs/api.md, on standard output."""

from __future__ import annotations

import sys

from hq.api.reference.markdown import markdown
from hq.api.reference.operations import reference_of
from hq.api.reference.shipped import shipped_document

if __name__ == "__main__":
    sys.stdout.write(markdown(reference_of(shipped_document())))
