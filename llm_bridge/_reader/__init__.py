"""The offline reader: controlled causal English to a `Problem`, without a language model.

It abstains rather than guesses: every word of the text must have a place in a pattern, otherwise the Problem says in
`cannot` which words it could not place, and what to try.
"""

from __future__ import annotations

from .._problem import Problem
from ._bare import read_bare
from ._english import read_english
from ._story import Unreadable, cannot
from ._world import read_world, says_graph

MAX_TEXT = 100_000
"""Longest text that is read, in characters."""


def read(text: str) -> Problem:
    """The causal question that `text` asks.

    Args:
        text: rules, what was seen, and a question, in plain English.

    Returns:
        A Problem; one that only says `cannot` where the text is not understood completely. No text makes it raise.
    """
    if len(text) > MAX_TEXT:
        return cannot(f"The text has {len(text):,} characters; at most {MAX_TEXT:,} are read. Cut it to the story.")
    if not text.strip():
        return cannot("The text is empty. Say what causes what, what was seen, and what you want to know.")
    try:
        return read_bare(text) or _read_notes(text) or _read_listed(text) or _read_other(text)
    except Unreadable as why:
        return _read_granted(text) or cannot(str(why))


def _read_granted(text: str) -> Problem | None:
    """A text that grants a shape beside what is read; None for any other text."""
    low = text.lower()
    if not any(word in low for word in ("never", "nobody", "no one", "in no case", "defier", "no p", "no unit")):
        return None
    from ._granted import grants, read_granted  # patterns that few texts need

    if not grants(text):
        return None
    try:
        return read_granted(text, read)
    except Unreadable as why:
        return cannot(str(why))


def _read_notes(text: str) -> Problem | None:
    """Rules and clinical notes; None for any other text, and for notes with something that has no place."""
    if not any(heading in text for heading in ("Genetic", "History:", "history:", "edications:")):
        return None
    from ._notes import read_notes, says_notes  # patterns that few texts need

    if not says_notes(text):
        return None
    try:
        return read_notes(text)
    except Unreadable as why:
        try:
            return _read_listed(text) or _read_other(text)
        except Unreadable:
            raise why from None


def _read_listed(text: str) -> Problem | None:
    """A text that lists independences; None for any other text."""
    low = text.lower()
    if not any(stem in low for stem in ("dependent", "correlat", "associat")):
        return None
    from ._independences import read_independences  # patterns that cost a twentieth of a second

    return read_independences(text)


def _read_other(text: str) -> Problem:
    """A text in sentences: what English takes first, unless it gives its graph as word problems do."""
    if says_graph(text):
        return read_world(text)
    try:
        return read_english(text)
    except Unreadable as why:
        try:
            return read_world(text)
        except Unreadable:
            raise why from None
