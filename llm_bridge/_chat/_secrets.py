"""What must not be kept: keys, wherever in a text they stand."""

from __future__ import annotations

import os
import re

MASK = "[key]"

_MAKERS = ("sk", "pk", "rk", "gsk", "xai", "hf", "nvapi")
"""What keys begin with, by who gives them out."""
_LOOKS_LIKE_ONE = re.compile(rf"\b(?:{'|'.join(_MAKERS)})[-_][A-Za-z0-9_\-]{{16,}}")
_LONG_ENOUGH = re.compile(r"[-_][A-Za-z0-9_\-]{16}")  # quick to look for, and rare
_BEGINNINGS = tuple(f"{name}{sign}" for name in _MAKERS for sign in "-_")
_SHORTEST = 6

_given: set[str] = set()


def hide(key: str) -> None:
    """From now on, mask a key that was given by hand: it stands in no environment."""
    if len(key) >= _SHORTEST:
        _given.add(key)


def masked(text: str) -> str:
    """The text with `[key]` for every key: those given or set in the environment, and what looks like one.

    A name or a long word is left alone: what is kept must still say what was said.
    """
    # As they are sent: a line end behind a key is no part of it.
    there = [os.environ.get(name, "").strip() for name in os.environ if name.endswith("_API_KEY")]
    for key in (*there, *_given):
        if len(key) >= _SHORTEST and key in text:
            text = text.replace(key, MASK)
    if not any(start in text for start in _BEGINNINGS) or not _LONG_ENOUGH.search(text):
        return text
    return _LOOKS_LIKE_ONE.sub(MASK, text)
