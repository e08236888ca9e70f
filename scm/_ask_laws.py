"""`ask` where whole laws are known: identification, then the estimand on exact tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ._answer import Answer, Told
from ._ask_bounds import bounded, identifying, refuted
from ._errors import ScmError, ZeroCell
from ._finding import Statuses, Step
from ._identified import (
    BEYOND,
    distribution_states,
    effect_ends,
    first_stage,
    granted_reason,
    identified,
    refused,
    weak_instrument,
)
from ._query import Probability, Query, query_terms
from ._study import KnownLaw, Study
from ._syntax import Expr, print_expr
from ._text import number_text
from .bounds._granted import Grants
from .identify import Available, identify, probabilities_in
from .solvers import JointLaws, evaluate_estimand

NAME = "laws"
NONE = 1e-15
"""A probability below this is a zero that was rounded."""


def named(laws: Sequence[KnownLaw]) -> tuple[KnownLaw, ...]:
    """The laws with a name each: an experiment that has none is called after what it imposes.

    Where several impose the same, they are called after what they measure too.
    """
    bare = [law.do for law in laws if law.do and not law.name]
    return tuple(
        law
        if law.name or not law.do
        else replace(
            law, name=_regime(law) if bare.count(law.do) == 1 else f"{_regime(law)} of {', '.join(law.variables)}"
        )
        for law in laws
    )


def _regime(law: KnownLaw) -> str:
    return f"do({', '.join(law.do)})"


def ask_laws(study: Study, query: Query, grants: Grants, seconds: float | None = None) -> Answer:
    """Answer a query from the laws of a study.

    Args:
        study: of known laws alone.
        query: with names and states checked.
        grants: what the user grants.
        seconds: how long bounds may take at each end.

    Returns:
        `exact`; `bounds` where the query is not identified, or where the estimand divides by the probability of a
        stratum that has none; `contradiction` where no model over the graph has these laws; `undefined` where the
        condition of the query has no probability; `refused` where an instrument does not change the cause.

    Raises:
        InvalidQuery, UnknownName: the query is about a hidden variable, or a law cannot be.
    """
    laws = named(study.laws)
    states = distribution_states(study.states, query)
    available = [Available(law.variables, law.do, law.name) for law in laws]
    base, how = identified(study.graph, query, available, identifying(study, query, grants), study.states)
    source = JointLaws(laws)
    if (impossible := _impossible(study, query, available, source)) is not None:
        step = Step("undefined", f"P({print_expr(impossible)}) = 0", "the query conditions on it")
        account = Told((*how.derivation, step))
        return replace(base, finding="undefined", status=Statuses(("undefined",)), account=account)
    if how.estimand is None or base.finding == "refused":
        return bounded(study, query, grants, base, seconds=seconds)
    try:
        if reason := weak_instrument(how, lambda part: float(evaluate_estimand(part, source, study.states))):
            return refused(base, NAME, reason)
        value = evaluate_estimand(how.estimand, source, study.states, axes=how.axes)
    except ZeroCell as empty:
        return bounded(study, query, grants, refused(base, NAME, str(empty)), seconds=seconds)
    if how.states and (step := _beyond(study, query, available, source)) is not None:
        account = Told((*how.derivation, step))
        return replace(base, finding="contradiction", status=Statuses(("contradiction",)), account=account)
    if how.method == "instrument" and isinstance(value, float):
        below = first_stage(how)
        compliers = None if below is None else float(evaluate_estimand(below, source, study.states))
        if reason := granted_reason(how, effect_ends(how, study.states), value, compliers):
            account = Told((*how.derivation, Step("contradiction", "the laws contradict what is granted", reason)))
            return replace(base, finding="contradiction", status=Statuses(("contradiction",)), account=account)
    shown = number_text(value) if isinstance(value, float) else "a law"
    step = Step("evaluation", f"{query} = {shown}", "the value of the estimand at the known laws")
    found = replace(base, finding="exact", value=frozen(value), states=states, account=Told((*how.derivation, step)))
    return refuted(study, query, grants, found, seconds=seconds) or found


def _beyond(study: Study, query: Query, available: Sequence[Available], laws: JointLaws) -> Step | None:
    """That the laws contradict each other, where a difference of two shows it."""
    for term in probabilities_in(query, study.states):
        try:
            how = identify(study.graph, term, available, states=study.states)
            value = None if how.estimand is None else float(evaluate_estimand(how.estimand, laws, study.states))
        except ScmError:  # a part that is not needed by itself
            continue
        if value is not None and not -BEYOND <= value <= 1 + BEYOND:
            reason = "a probability lies between 0 and 1: no one population over this graph has all these laws"
            return Step("contradiction", f"{term} would be {number_text(value)}", reason)
    return None


def frozen(value: Any) -> Any:
    """A value that nobody writes to: an answer is a value."""
    if not isinstance(value, float):
        value.flags.writeable = False
    return value


def _impossible(study: Study, query: Query, available: Sequence[Available], laws: JointLaws) -> Expr | None:
    """A condition of the query that has no probability, where the laws say so."""
    for term in query_terms(query):
        if term.given is None:
            continue
        try:
            how = identify(study.graph, Probability(term.given), available, states=study.states)
            if how.estimand is not None and evaluate_estimand(how.estimand, laws, study.states) < NONE:
                return term.given
        except ScmError:  # what cannot be known of the condition is not needed for the query
            continue
    return None
