"""`ask` where whole laws are known: identification, then the estimand on exact tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from ._answer import Answer
from ._errors import InvalidQuery, ZeroCell, listing
from ._finding import Statuses, Step
from ._query import Distribution, Query, query_terms
from ._study import KnownLaw, Study
from ._syntax import print_expr
from ._text import number_text
from .identify import Available, Identification, identify
from .solvers import JointLaws, check_estimand, evaluate_estimand


def named(laws: Sequence[KnownLaw]) -> tuple[KnownLaw, ...]:
    """The laws with a name each: an experiment that has none is called after what it imposes."""
    return tuple(law if law.name or not law.do else replace(law, name=f"do({', '.join(law.do)})") for law in laws)


def ask_laws(study: Study, query: Query, step: Literal[1, 2, 3]) -> Answer:
    """Answer a query from the laws of a study."""
    laws = named(study.laws)
    if hidden := [name for law in laws for name in (*law.variables, *law.do) if name in study.graph.hidden]:
        raise InvalidQuery(f"A law speaks of {listing(hidden)}, which the graph calls hidden. Declare it as measured.")
    found = identify(study.graph, query, [Available(law.variables, law.do, law.name) for law in laws])
    base = Answer(
        query,
        "not_identified",
        rung=step,
        assumptions=found.assumptions,
        account=_Steps(found.derivation),
        estimand=found.estimand,
        identification=found,
    )
    return base if found.estimand is None else _evaluated(study, base, found, laws)


def _evaluated(study: Study, base: Answer, found: Identification, laws: tuple[KnownLaw, ...]) -> Answer:
    check = check_estimand(found)
    if check.status == "failed" or found.estimand is None:
        reason = f"the estimand found for the query {check.text}"
        return Answer(base.query, "refused", rung=base.rung, status=Statuses(()), refusals=(("laws", reason),))
    try:
        value = evaluate_estimand(found.estimand, JointLaws(laws), study.states, axes=found.axes)
    except ZeroCell as empty:
        steps = (*found.derivation, Step("undefined", f"{empty.stratum} = 0", "the formula divides by it"))
        return replace(base, finding="undefined", status=Statuses(("undefined",)), account=_Steps(steps), check=check)
    of = next((term.of for term in query_terms(base.query) if isinstance(term, Distribution)), ())
    shown = number_text(value) if isinstance(value, float) else "a law"
    steps = (*found.derivation, Step("evaluation", f"{base.query} = {shown}", "the estimand on the known laws"))
    if isinstance(value, np.ndarray):
        value.flags.writeable = False
    return replace(
        base,
        finding="exact",
        value=value,
        states=tuple((print_expr(term), study.states[term.name]) for term in of),
        account=_Steps(steps),
        check=check,
    )


class _Steps:
    """An account that was worked out already."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self.steps = tuple(steps)

    def __call__(self) -> tuple[Step, ...]:
        return self.steps
