"""`bound_formulas`: the ends of a query as formulas of known laws, before any number is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ._graph import CausalGraph
from ._query import Query
from ._shapes import Shape
from ._study import Study
from ._syntax import Value
from .bounds._formulas import BoundFormula
from .identify import Available


def bound_formulas(
    knowledge: Study | CausalGraph | str,
    query: str | Query,
    available: Sequence[Available] | None = None,
    *,
    assume: str | Shape | Sequence[str | Shape] = (),
    states: Mapping[str, Sequence[Value]] | None = None,
) -> BoundFormula:
    """The sharp ends of a query as the greatest and the least of a few linear forms of known probabilities.

    They are worked out for all laws at once, by listing the vertices of a dual polyhedron (Balke & Pearl 1994; Sachs et
    al. 2023).

    Args:
        knowledge: a graph, or a study: of its laws only the variables matter, its statements and equations are used.
        query: for one number.
        available: the laws that are known, as for `identify`; by default those of the study, or else the joint law of
            all measured variables.
        assume: what is granted, as for `ask`.
        states: of the variables of a graph; by default 0 and 1.

    Returns:
        For a query that is identified, one term at each end: its estimand.

    Raises:
        InvalidQuery: the query is not linear in one unknown law (several hidden causes play together, or it divides by
            what is not known), or the formula would have too many terms. `ask` still gives numbers.
        InvalidModel, UnknownName, UnknownState, QuerySyntaxError: as for `Study` and `ask`.

    The bounds of Balke & Pearl (1994):

        bound_formulas("Z -> X -> Y, X <-> Y", "P(Y=1 | do(X=1)) - P(Y=1 | do(X=0))",
                       [Available(("X", "Y"), do=("Z",))])
    """
    from ._formula_asked import formula_asked  # a tenth of a second that a model does not need

    study = knowledge if isinstance(knowledge, Study) else Study(knowledge, states=states)
    return formula_asked(study, query, available, assume)
