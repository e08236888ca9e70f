"""The checks of a Problem beside the words that it cites: they occur in the text, they speak of what they support."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from scm import print_quantity

from .._problem import Problem
from ._reading import Fault, Reading
from ._text import fold, folded_sentences, scan

_ASIDE = re.compile(r"\([^()]*\)")
_SPACE = re.compile(r"\s+")
LONGEST = 160
"""Words quoted in a message are cut to this."""


class Cited(NamedTuple):
    """A part of a Problem with the words it cites.

    Attributes:
        part: where it stands, such as "edges[2]".
        about: what it is, for a message.
        words: as cited; perhaps empty.
    """

    part: str
    about: str
    words: str


def quoted(words: str) -> str:
    """`words` in quotes, which marks inside them cannot end; cut if they are long."""
    clean = " ".join(words.split()).replace('"', "'")
    return f'"{clean if len(clean) <= LONGEST else clean[: LONGEST - 3] + "..."}"'


def cited(problem: Problem) -> Iterator[Cited]:
    """Every part that can cite words."""
    for i, v in enumerate(problem.variables):
        yield Cited(f"variables[{i}]", f"the variable {v.name!r}", v.words)
    for i, e in enumerate(problem.edges):
        yield Cited(f"edges[{i}]", f"the edge {e.cause!r} -> {e.effect!r}", e.words)
    for i, c in enumerate(problem.confounded):
        yield Cited(f"confounded[{i}]", f"the confounded pair {c.pair[0]!r}, {c.pair[1]!r}", c.words)
    for i, q in enumerate(problem.equations):
        yield Cited(f"equations[{i}]", f"the equation of {q.variable!r}", q.words)
    for i, s in enumerate(problem.statements):
        yield Cited(f"statements[{i}]", f"the statement {s.value or s.counts}", s.words)
    for i, q in enumerate(problem.queries):
        yield Cited(f"queries[{i}]", f"the query {q.text}", q.words)


def spans(reading: Reading) -> Iterable[Fault]:
    """Words that are cited and do not stand in the text."""
    text = scan(reading.text)
    for one in cited(reading.problem):
        if one.words and (piece := fold(one.words)) not in text.folded and not _pieces(piece, text.folded, folded_sentences(text)):
            yield Fault(
                "spans",
                one.part,
                f"For {one.about} the words {quoted(one.words)} are cited, which do not stand in the text. Wanted: "
                "words copied from the text as they are. Copy the sentence that says it; if no sentence says it, it "
                "is no part of the Problem.",
            )
    yield from _uncited(reading.problem)


def _uncited(problem: Problem) -> Iterator[Fault]:
    """A number always comes from the text, so that a statement among others that cite words has words too."""
    if not any(s.words for s in problem.statements):
        return
    for i, statement in enumerate(problem.statements):
        if not statement.words:
            yield Fault(
                "spans",
                f"statements[{i}]",
                f"The statement {print_quantity(statement.term)} cites no words. Wanted: the words of the text that "
                "print its number. If no words say it, leave it out.",
            )


def _pieces(words: str, folded: str, sentences: Sequence[str]) -> bool:
    """Whether `words` leave out a bracket, or are pieces of one sentence in their order, joined by an ellipsis."""
    if words in _SPACE.sub(" ", _ASIDE.sub(" ", folded)):
        return True
    parts = [part.strip(" .") for part in words.replace("\u2026", "...").split("...")]
    if len(parts) < 2 or not any(parts):
        return False
    return any(_in_order([part for part in parts if part], sentence) for sentence in sentences)


def _in_order(parts: Sequence[str], sentence: str) -> bool:
    place = 0
    for part in parts:
        found = sentence.find(part, place)
        if found < 0:
            return False
        place = found + len(part)
    return True
