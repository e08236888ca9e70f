"""`ask` where mechanisms are not known: a graph with statements, laws or samples."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ._answer import Answer
from ._errors import InvalidQuery, listing
from ._finding import Assumption, Statuses, Step, Uncertainty
from ._query import Query, placeholders, query_terms, term_parts
from ._relevance import rung
from ._resolve import read_query
from ._statement_text import print_statement
from ._study import Study
from ._syntax import print_const, print_name
from ._text import number_text
from .identify import identify
from .statements import Found, Law, Statements, TooLarge, names_of

NAME = "statements"


@dataclass(frozen=True)
class _Told:
    steps: tuple[Step, ...]

    def __call__(self) -> tuple[Step, ...]:
        return self.steps


def ask_study(study: Study, query: str | Query) -> Answer:
    """Answer a query from what is known of the laws over a graph.

    Raises:
        QuerySyntaxError, UnknownName, UnknownState, InvalidQuery: the question cannot be meant; a variable is hidden.
    """
    asked = read_query(query, study.states)
    if open_ones := placeholders(asked):
        raise InvalidQuery(f"The query leaves {listing(open_ones)} open, and a study takes no rows. Write the values.")
    step = _rung(study, asked)
    knowledge = Statements(study.graph, study.states, study.statements, identify)
    _check_hidden(study, knowledge, asked)
    try:
        found = knowledge.answer(asked)
    except TooLarge as refusal:
        return Answer(asked, "refused", rung=step, status=Statuses(()), refusals=((NAME, str(refusal)),))
    return _answer(study, asked, step, found)


def _rung(study: Study, query: Query) -> Literal[1, 2, 3]:
    steps: list[Literal[1, 2, 3]] = [1, *(rung(study.graph, term_parts(term)) for term in query_terms(query))]
    return max(steps)


def _check_hidden(study: Study, knowledge: Statements, query: Query) -> None:
    """Nobody measures a hidden variable; only numbers that a statement gives for it can say anything about it."""
    for name in sorted(names_of(query) & set(study.graph.hidden)):
        if name not in knowledge.spoken:
            raise InvalidQuery(
                f"The query is about {name!r}, which is hidden: no law of it is known. Ask about the variables that "
                f"are measured ({listing(study.graph.observed)}), or state numbers for {name!r}."
            )


def _answer(study: Study, query: Query, step: Literal[1, 2, 3], found: Found) -> Answer:
    if found.clash:
        return _clash(study, query, step, found.clash)
    how = found.identification
    steps = (*(how.derivation if how is not None else ()), *_arithmetic(study, query, found))
    assumed = how.assumptions if how is not None else ()
    if found.read is None:
        return Answer(
            query,
            "not_identified",
            rung=step,
            assumptions=assumed,
            account=_Told((*steps, *_missing(found))),
            diagnostics={"missing": [law_text(law) for law in found.missing]},
        )
    if not math.isfinite(found.read.value):
        return Answer(query, "undefined", rung=step, status=Statuses(("undefined",)), account=_Told(steps))
    counted = found.read.error is not None
    return Answer(
        query,
        "estimate" if counted else "exact",
        value=found.read.value,
        rung=step,
        uncertainty=Uncertainty(sampling=found.read.error, rounding=found.read.rounding),
        assumptions=(*assumed, *_population(study, found)),
        account=_Told(steps),
    )


def _clash(study: Study, query: Query, step: Literal[1, 2, 3], clash: Sequence[int]) -> Answer:
    said = [print_statement(study.statements[k]) for k in clash]
    claim = f"{said[0]} cannot be" if len(said) == 1 else f"{'; '.join(said)} cannot hold together"
    reason = "no law over this graph meets them, even within what their printed digits leave open"
    return Answer(
        query,
        "contradiction",
        rung=step,
        status=Statuses(("contradiction",)),
        account=_Told((Step("contradiction", claim, reason),)),
        diagnostics={"clash": said, "statements": [int(k) for k in clash]},
    )


def _population(study: Study, found: Found) -> tuple[Assumption, ...]:
    counts = [study.statements[k] for k in found.read.used if study.statements[k].total] if found.read else []
    if not counts:
        return ()
    text = "the units behind each counted share are drawn at random from the population the answer speaks of"
    return (Assumption(text, "the method"),)


def _arithmetic(study: Study, query: Query, found: Found) -> tuple[Step, ...]:
    if found.read is None:
        return ()
    said = "; ".join(print_statement(study.statements[k]) for k in found.read.used)
    steps = [
        Step("law", f"{law_text(law)} = {number_text(value)}", "it follows from the statements")
        for law, value in found.laws.items()
    ]
    return (*steps, Step("arithmetic", f"{query} = {number_text(found.read.value)}", f"the statements say {said}"))


def _missing(found: Found) -> tuple[Step, ...]:
    if not found.missing:
        return ()
    lacks = ", ".join(law_text(law) for law in found.missing)
    verb = "is" if len(found.missing) == 1 else "are"
    return (Step("missing numbers", f"{lacks} {verb} missing", "the statements do not determine it"),)


def law_text(law: Law) -> str:
    """`P(Y=1 | X=0)`."""
    of, given, regime = law
    sides = [", ".join(f"{print_name(name)}={print_const(value)}" for name, value in side) for side in (of, given)]
    imposed = ", ".join(f"{print_name(name)}={print_const(value)}" for name, value in regime)
    conditions = ", ".join(part for part in (f"do({imposed})" if imposed else "", sides[1]) if part)
    return f"P({sides[0]}{' | ' + conditions if conditions else ''})"
