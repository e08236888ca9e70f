"""An answer as far as identification brings it: the estimand and how it was checked, or why there is none."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from ._answer import Answer, Told
from ._errors import InvalidQuery
from ._estimand import Estimand, Quotient
from ._estimand_text import print_estimand
from ._finding import Statuses, Step
from ._graph import CausalGraph
from ._query import Contrast, Distribution, Expectation, Probability, Query, print_query, query_terms, term_parts
from ._relevance import rung
from ._syntax import Op, Value, Var, print_expr, print_name
from ._text import number_text
from .identify import Available, Conflict, Hedge, Identification, identify
from .solvers import TwoModels, check_estimand, two_models


@dataclass(frozen=True)
class Witness:
    """Looks for two models that agree on what is available and differ on the query.

    Attributes:
        identification: of a query that is not identified.
        states: of the variables, where they are known: models with more of them show nothing about these.
    """

    identification: Identification
    states: Mapping[str, tuple[Value, ...]] | None = None

    def __call__(self) -> TwoModels | None:
        """The two models, if found."""
        found = two_models(self.identification)
        if found is None or self.states is None:
            return found
        made = found.first.variable_states
        return None if any(len(own) < len(made.get(name, ())) for name, own in self.states.items()) else found


ANY_STATES = Step(
    "scope",
    "the verdict is about variables of any number of states",
    "that a variable has few states can determine more; complements (what holds of one state follows from the whole "
    "and the others) were tried and do not",
)


ANY_LAWS = Step(
    "scope",
    "particular numbers could still determine it",
    "identification reads the graph alone; laws with probabilities of 0 or 1, such as everyone taking the cause, can "
    "settle what others leave open",
)


def identified(
    graph: CausalGraph,
    query: Query,
    available: Sequence[Available],
    assume: str | Sequence[str] = (),
    states: Mapping[str, tuple[Value, ...]] | None = None,
) -> tuple[Answer, Identification]:
    """What identification and its check say of a query, before any number is known.

    Returns:
        An answer without a value, and the identification. Its finding is `not_identified` also where there is an
        estimand, for the caller to fill in; `refused` where the estimand failed its check, or where neither a formula
        nor a proof that there is none was found.

    Raises:
        The errors of `identify`.
    """
    how = identify(graph, query, available, assume=assume, states=states)
    base = Answer(
        query,
        "not_identified",
        rung=rung_of(graph, query),
        assumptions=how.assumptions,
        account=Told((*how.derivation, *obstacle_steps(how))),
        estimand=how.estimand,
        identification=how,
    )
    if how.estimand is None and how.obstacle is None:
        reason = "neither a formula nor a proof that there is none was found; some law does not measure everything"
        return refused(base, "identification", reason), how
    if how.estimand is None:
        return replace(base, seek=Witness(how, states)), how
    base = replace(base, check=check_estimand(how))
    if base.check.status == "failed":
        return refused(base, "identification", f"the estimand found for the query {base.check.text}"), how
    return base, how


def refused(base: Answer, name: str, reason: str) -> Answer:
    """The same answer as a refusal."""
    return replace(base, finding="refused", status=Statuses(()), refusals=((name, reason),))


BEYOND = 1e-9
"""How far a probability may pass 0 or 1 by what the machine's rounding leaves."""
NOTHING = 1e-12
"""A difference below this is none."""


def weak_instrument(how: Identification, value: Callable[[Estimand], float]) -> str:
    """Why an instrument gives no number: it does not move the cause; '' where it does, or there is no instrument."""
    if how.method != "instrument" or not isinstance(how.estimand, Quotient):
        return ""
    below = how.estimand.below
    if abs(value(below)) >= NOTHING:
        return ""
    return (
        f"the instrument does not change the cause: {print_estimand(below)} = 0, and the formula divides by it. Of "
        "what it does not move an instrument says nothing; look for another one."
    )


def effect_ends(how: Identification | None, states: Mapping[str, tuple[Value, ...]]) -> tuple[float, float]:
    """What no effect that an instrument is granted to give can pass, by the states of the outcome."""
    if how is None or how.method != "instrument":
        return -math.inf, math.inf
    match how.query:
        case Contrast("-", Probability(), Probability()):
            return -1.0, 1.0
        case Contrast("-", Expectation(Var(name)), Expectation(Var(other))) if name == other:
            pass
        case Expectation(Op("+", (Var(name), Op("neg", (Var(other),))))) if name == other:
            pass
        case _:
            return -math.inf, math.inf
    own = [float(value) for value in states.get(name, ()) if not isinstance(value, str)]
    return (min(own) - max(own), max(own) - min(own)) if own else (-math.inf, math.inf)


def first_stage(how: Identification | None) -> Estimand | None:
    """The share of compliers, where nobody is granted to be a defier: it cannot be negative."""
    if how is None or how.method != "instrument" or not isinstance(how.estimand, Quotient):
        return None
    granted = any(a.text.startswith("no defiers") for a in how.assumptions)
    return how.estimand.below if granted else None


def granted_reason(how: Identification, ends: tuple[float, float], value: float, compliers: float | None) -> str:
    """Why what is granted to an instrument cannot hold beside the numbers; '' where it can."""
    if compliers is not None and compliers < -BEYOND:
        below = first_stage(how)
        shown = "" if below is None else f"{print_estimand(below)} = "
        return (
            f"{shown}{number_text(compliers)}, which would be the share of the compliers: with no defiers it cannot be "
            "negative, so that what is granted and these numbers cannot both hold"
        )
    if not ends[0] - BEYOND <= value <= ends[1] + BEYOND:
        return (
            f"the effect would be {number_text(value)}, and with these states of the outcome no effect lies outside "
            f"{number_text(ends[0])} to {number_text(ends[1])}: what is granted and these numbers cannot both hold"
        )
    return ""


def rung_of(graph: CausalGraph, query: Query) -> Literal[1, 2, 3]:
    """The highest rung of the terms of a query."""
    steps: list[Literal[1, 2, 3]] = [1, *(rung(graph, term_parts(term)) for term in query_terms(query))]
    return max(steps)


def distribution_states(
    states: Mapping[str, tuple[Value, ...]], query: Query
) -> tuple[tuple[str, tuple[Value, ...]], ...]:
    """For a distribution or a contrast of them, each term with its states; nothing for a number.

    Raises:
        InvalidQuery: distributions over different states, or one beside a number.
    """
    found = {
        tuple((print_expr(t), states[t.name]) for t in q.of) for q in query_terms(query) if isinstance(q, Distribution)
    }
    if not found:
        return ()
    shapes = {tuple(own for _, own in f) for f in found}
    if len(shapes) > 1 or len({isinstance(q, Distribution) for q in query_terms(query)}) > 1:
        raise InvalidQuery(
            f"{print_query(query)} combines distributions over different states, or one with a number. "
            "Ask for each by itself."
        )
    return max(found, key=lambda f: [name for name, _ in f])


def obstacle_steps(how: Identification | None) -> tuple[Step, ...]:
    """Why a query is not identified, in words."""
    match how.obstacle if how is not None else None:
        case Hedge(outer, inner, roots, cut):
            claim = f"the query is not identified for laws in general: a hedge, {_set(outer)} around {_set(inner)}"
            reason = (
                f"hidden common causes join each of the two sets, both lead to {_set(roots)}, and only the larger "
                f"meets what is imposed, {_set(cut)}: two models can agree on all that is measured and differ on the "
                "query"
            )
            return Step("hedge", claim, reason, "Shpitser & Pearl (2006), theorem 4"), ANY_LAWS
        case Conflict(kind, variable, left, right, district):
            claim = f"the query is not identified for laws in general: {kind} {left} and {right}"
            reason = f"both are in one district, {_set(district)}, so that {variable} would have to be in two worlds"
            step = Step(kind, claim, reason, "Correa, Lee & Bareinboim (2021), theorem 3")
            return step, ANY_STATES, ANY_LAWS  # hedges need no ANY_STATES: they are proved by binary models
        case _:
            return ()


def _set(names: Sequence[str]) -> str:
    return "{" + ", ".join(map(print_name, names)) + "}"
