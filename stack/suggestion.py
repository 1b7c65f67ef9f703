"""What someone may have meant who wrote a word that nobody knows."""

from __future__ import annotations

from collections.abc import Collection


def suggestion(word: str, known: Collection[str], all_are: str = "known are") -> str:
    """`did you mean "…"?` where something known is near `word`, else everything that is known."""
    from difflib import get_close_matches

    near = get_close_matches(word, known, n=1)
    return f'did you mean "{near[0]}"?' if near else f"{all_are} {', '.join(known)}"
