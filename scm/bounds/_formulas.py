"""`BoundFormula`: sharp ends of a query as the greatest and the least of a few linear forms of known probabilities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .._errors import InvalidQuery
from .._estimand import ONE, Estimand, Linear
from .._estimand_text import estimand_latex, print_estimand
from .._finding import Interval
from .._latex import query_latex
from .._query import Query, print_query
from .._study import KnownLaw
from .._syntax import Value
from .._text import number_text
from ..solvers import JointLaws, evaluate_estimand
from ._pool import Pool, Vectors

MISSED = 1e-9
"""By how much probability laws must miss an inequality before they are said to break it."""


@dataclass(frozen=True)
class BoundFormula:
    """Between which ends a query lies, for whatever numbers the known laws have.

    The ends are sharp: the list of terms is that of all vertices of the dual polyhedron, found in whole numbers (Balke
    & Pearl 1994; Sachs et al. 2023), and no term is implied by the others. Each is written in as few probabilities as
    what adds up to one allows.

    Attributes:
        query: what is bounded.
        lower: it is at least the greatest of these.
        upper: and at most the least of these.
        below: what both are divided by, or None.
        inequalities: each is at most zero wherever the laws belong to a model over the graph; laws that break one,
            such as the instrumental inequality, refute it. Those that hold for all probabilities are left out.
        sharp: whether the ends are attained; False where the graph was relaxed on the way.
        floor, ceiling: ends that hold anyway.
    """

    query: Query
    lower: tuple[Estimand, ...]
    upper: tuple[Estimand, ...]
    below: Estimand | None = None
    inequalities: tuple[Estimand, ...] = ()
    sharp: bool = True
    floor: float = -np.inf
    ceiling: float = np.inf

    def __str__(self) -> str:
        return self.to_text()

    def to_text(self) -> str:
        """The ends, one term a line."""
        over = "" if self.below is None else f", over {print_estimand(self.below)}"
        lines = [print_query(self.query)]
        for word, terms, which in ((">=", self.lower, "greatest"), ("<=", self.upper, "least")):
            head = "" if len(terms) == 1 else f"the {which} of"
            first = f"  {word} {head or print_estimand(terms[0])}{over}"
            lines += [first] if not head else [f"{first}:", *(f"    {print_estimand(t)}" for t in terms)]
        if self.inequalities:
            lines.append("  (laws of a model over this graph have each of these at most 0:")
            lines += [f"    {print_estimand(t)}" for t in self.inequalities]
            lines[-1] += ")"
        return "\n".join(lines)

    def to_latex(self) -> str:
        """The two inequalities as LaTeX, to stand in an `align*`."""
        asked = query_latex(self.query)
        parts: list[str] = []
        for sign, name, terms in ((r"\geq", "max", self.lower), (r"\leq", "min", self.upper)):
            shown = [estimand_latex(t) for t in terms]
            text = shown[0]
            if len(shown) > 1:
                listed = r" \\ ".join(shown)
                text = rf"\{name} \left\{{ \begin{{array}}{{l}} {listed} \end{{array}} \right\}}"
            over = "" if self.below is None else rf"\frac{{1}}{{{estimand_latex(self.below)}}} "
            inner = rf"\left( {text} \right)" if over and len(shown) == 1 else text
            parts.append(rf"{asked} &{sign} {over}{inner}")
        return " \\\\\n".join(parts)

    def at(self, laws: Sequence[KnownLaw], states: Mapping[str, tuple[Value, ...]] | None = None) -> Interval:
        """The ends where the laws are these.

        Args:
            laws: the known laws, with the names that the formula calls them by.
            states: of the variables; by default 0, 1, ... as far as the arrays go.

        Raises:
            InvalidQuery: the laws break one of `inequalities`, or what both ends are divided by is zero.
            ZeroCell: a probability that a term divides by is zero.
        """
        known = _states_of(laws) if states is None else states
        source = JointLaws(laws)

        def value(term: Estimand) -> float:
            return float(evaluate_estimand(term, source, known))

        for term in self.inequalities:
            if (missed := value(term)) > MISSED:
                raise InvalidQuery(
                    f"No model over this graph has these laws: {print_estimand(term)} is {number_text(missed)}, and it "
                    "is at most 0 in all of them. Check the numbers, or draw a graph that allows them."
                )
        below = 1.0 if self.below is None else value(self.below)
        if below <= 0:
            raise InvalidQuery("The condition of the query has probability zero in these laws.")
        low, high = max(map(value, self.lower)) / below, min(map(value, self.upper)) / below
        low, high = max(min(low, high), self.floor), min(max(low, high), self.ceiling)
        inner = (low, high) if self.sharp else (np.nan, np.nan)
        return Interval(*inner, low, high, self.sharp)


def _states_of(laws: Sequence[KnownLaw]) -> dict[str, tuple[Value, ...]]:
    sizes = {n: s for law in laws for n, s in zip((*law.do, *law.variables), np.shape(law.array), strict=True)}
    return {name: tuple(range(size)) for name, size in sizes.items()}


def formula_of(pool: Pool, labels: Sequence[Estimand], query: Query) -> BoundFormula:
    """The formula that a complete pool stands for.

    Args:
        pool: complete; see `tidied` for few terms.
        labels: what each right-hand side that varies is called.
        query: what is bounded.
    """
    form = pool.standard
    assert pool.complete
    lower = Vectors(pool.lower.values, pool.lower.constants + form.constant)
    upper = Vectors(pool.upper.values, pool.upper.constants + form.constant)
    below = None if pool.below is None else _forms(pool.below, labels)[0]
    return BoundFormula(
        query, _forms(lower, labels), _forms(upper, labels), below, _forms(pool.rays, labels), not form.relaxed,
        form.floor, form.ceiling,
    )  # fmt: skip


def _forms(vectors: Vectors, labels: Sequence[Estimand]) -> tuple[Estimand, ...]:
    """Linear forms, the short ones first."""
    made: list[tuple[tuple[float, str], Estimand]] = []
    for row, constant in zip(vectors.values, vectors.constants, strict=True):
        parts = [(float(x), label) for x, label in zip(row, labels, strict=True) if x]
        parts.sort(key=lambda part: part[0] < 0)  # what is added first
        form: Estimand = Linear(tuple(parts), float(constant))
        if len(parts) == 1 and parts[0][0] == 1.0 and not constant:
            form = parts[0][1]
        if not parts and constant == 1.0:
            form = ONE
        size = len(parts) + 0.5 * bool(constant)
        made.append(((size, print_estimand(form)), form))
    return tuple(form for _, form in sorted(made, key=lambda one: one[0]))
