"""The checks of a Problem beside the words that it cites: they occur in the text, they speak of what they support."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from scm import print_quantity

from .._problem import Confounded, Edge, Equation, Problem, ProblemQuery, ProblemVariable, Statement
from ._reading import Fault, Reading
from ._text import Scan, fold, folded_sentences, scan

Part: TypeAlias = ProblemVariable | Edge | Confounded | Equation | Statement | ProblemQuery

_ASIDE = re.compile(r"\([^()]*\)")
_SPACE = re.compile(r"\s+")
LONGEST = 160
"""Words quoted in a message are cut to this."""


def quoted(words: str) -> str:
    """`words` in quotes, which marks inside them cannot end; cut if they are long."""
    clean = " ".join(words.split()).replace('"', "'")
    return f'"{clean if len(clean) <= LONGEST else clean[: LONGEST - 3] + "..."}"'


_CITING = ("variables", "edges", "confounded", "equations", "statements", "queries")
"""The parts of a Problem that can cite words."""


def _about(one: Part) -> str:
    """What a part is, for a message."""
    match one:
        case ProblemVariable():
            return f"the variable {one.name!r}"
        case Edge():
            return f"the edge {one.cause!r} -> {one.effect!r}"
        case Confounded():
            return f"the confounded pair {one.pair[0]!r}, {one.pair[1]!r}"
        case Equation():
            return f"the equation of {one.variable!r}"
        case Statement():
            return f"the statement {one.value or one.counts}"
        case ProblemQuery():
            return f"the query {one.text}"


def spans(reading: Reading) -> Iterable[Fault]:
    """Words that are cited and do not stand in the text."""
    text = scan(reading.text)
    for kind in _CITING:
        parts: tuple[Part, ...] = getattr(reading.problem, kind)
        for i, one in enumerate(parts):
            if one.words and not _stands(fold(one.words), text):
                yield Fault(
                    "spans",
                    f"{kind}[{i}]",
                    f"For {_about(one)} the words {quoted(one.words)} are cited, which do not stand in the text. "
                    "Wanted: words copied from the text as they are. Copy the sentence that says it; if no sentence "
                    "says it, it is no part of the Problem.",
                )
    yield from _uncited(reading.problem)


def _stands(piece: str, text: Scan) -> bool:
    return piece in text.folded or _pieces(piece, text.folded, folded_sentences(text))


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
