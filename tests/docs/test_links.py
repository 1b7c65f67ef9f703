"""Every link on every page leads to a file, and to a heading in it, and every page of docs/ is in the index."""

from __future__ import annotations

import re

import pytest

from tests.docs.pages import PAGES, ROOT, page_lines, prose

LINK = re.compile(r"\]\((?!https?:|mailto:)([^)\s]+)\)")


def anchors(page: str) -> set[str]:
    """The headings of a page as GitHub names them: the second of the same name gets a `-1`."""
    seen: dict[str, int] = {}
    names = set()
    for _, line in prose(page):
        if heading := re.fullmatch(r"#+ (.+)", line):
            text = re.sub(r"\[([^]]+)\]\([^)]*\)", r"\1", heading[1])
            name = re.sub(r"[^\w -]", "", text.lower()).replace(" ", "-")
            count = seen[name] = seen.get(name, -1) + 1
            names.add(f"{name}-{count}" if count else name)
    return names


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_to_a_file_and_a_heading(page: str) -> None:
    for number, line in prose(page):
        for address in LINK.findall(line):
            name, _, heading = address.partition("#")
            target = ((ROOT / page).parent / name).resolve() if name else ROOT / page
            assert target.exists(), f"{page}:{number}: {address}"
            if heading:
                found = str(target.relative_to(ROOT))
                assert heading in anchors(found), f"{page}:{number}: {address}"


def test_the_index_names_every_page() -> None:
    index = "\n".join(page_lines("docs/README.md"))
    pages = {page.removeprefix("docs/") for page in PAGES if page.startswith("docs/") and "/runbooks/" not in page}
    assert {page for page in pages - {"README.md"} if not re.search(rf"\({re.escape(page)}[)#]", index)} == set()
