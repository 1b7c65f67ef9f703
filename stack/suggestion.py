"""What someone may have meant who wrote a word that nobody knows."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches


def suggestion(word: str, known: Collection[str], all_are: str = "known are") -> str:
    """`did you mean "…"?` where something known is near `word`, else everything that is known."""
    near = get_close_matches(word, known, n=1)
    return f'did you mean "{near[0]}"?' if near else f"{all_are} {', '.join(known)}"
