"""What a Problem holds and the text is not shown to say: an assumption, and said to be one."""

from __future__ import annotations

from collections.abc import Iterable

from scm import print_name, print_quantity

from .._guard import MODEL_SAYS, quoted
from .._problem import Problem

_MOST = 20
"""Parts named one by one in one assumption; most assumptions of the model that are kept."""
_LONGEST = 300


def with_assumptions(problem: Problem) -> Problem:
    """`problem` with an assumption for each kind of part that cites no words of the text.

    What the model takes for granted is in words of its own: it stands in quotes, marked as such.
    """
    said = tuple(f"{MODEL_SAYS}{quoted(line, _LONGEST)}" for line in problem.assumptions)
    lines = tuple(dict.fromkeys((*said[:_MOST], *_lines(problem))))
    return problem.model_copy(update={"assumptions": lines}) if lines != problem.assumptions else problem


def _lines(problem: Problem) -> Iterable[str]:
    for kind, parts in _unsupported(problem):
        if parts:
            named = ", ".join(parts[:_MOST]) + (f", and {len(parts) - _MOST} more" if len(parts) > _MOST else "")
            yield f"Nothing in the text is cited for the {kind} {named}."


def _unsupported(problem: Problem) -> Iterable[tuple[str, list[str]]]:
    """Parts without words, by kind."""
    n = print_name
    yield "variable", [n(v.name) for v in problem.variables if not v.words.strip()]
    yield "edge", [f"{n(e.cause)} -> {n(e.effect)}" for e in problem.edges if not e.words.strip()]
    yield "confounded pair", [" and ".join(map(n, c.pair)) for c in problem.confounded if not c.words.strip()]
    yield "equation of", [n(e.variable) for e in problem.equations if not e.words.strip()]
    yield "statement about", [print_quantity(s.term) for s in problem.statements if not s.words.strip()]
    yield "query", [q.text for q in problem.queries if not q.words.strip()]
