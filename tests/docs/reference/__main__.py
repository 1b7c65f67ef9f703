"""`python -m tests.docs.reference` writes the generated pages, and the list of commands that no test runs."""

from __future__ import annotations

from tests.docs.not_run import write_list
from tests.docs.pages import ROOT
from tests.docs.reference.pages import GENERATED


def main() -> None:
    for page, text_of in GENERATED.items():
        (ROOT / page).write_text(text_of())
        print(f"wrote {page}")
    write_list()


if __name__ == "__main__":
    main()
