"""`BoundFormula`: sharp ends of a query as the greatest and the least of a few linear forms of known probabilities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from .._errors import InvalidModel, InvalidQuery
from .._estimand import Cells, Estimand, Law, Linear, Product, Quotient
from .._estimand_text import estimand_latex, print_estimand
from .._finding import Interval
from .._latex import query_latex
from .._query import Query, print_query
from .._study import KnownLaw, check_law
from .._syntax import Const, Value, print_const, print_name
from .._text import number_text
from ..solvers import JointLaws, evaluate_estimand

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
        inequalities: each is at most zero wherever the laws belong to a model over the graph; laws that break one,
            such as the instrumental inequality, refute it. Those that hold for all probabilities are left out.
        sharp: whether the ends are attained; False where the graph was relaxed on the way.
        floor, ceiling: ends that hold anyway.
    """

    query: Query
    lower: tuple[Estimand, ...]
    upper: tuple[Estimand, ...]
    inequalities: tuple[Estimand, ...] = ()
    sharp: bool = True
    floor: float = -np.inf
    ceiling: float = np.inf

    def __str__(self) -> str:
        return self.to_text()

    def to_text(self) -> str:
        """The ends, one term a line."""
        lines = [print_query(self.query)]
        for word, terms, which in ((">=", self.lower, "greatest"), ("<=", self.upper, "least")):
            if len(terms) == 1:
                lines.append(f"  {word} {term_text(terms[0])}")
            else:
                lines += [f"  {word} the {which} of:", *(f"    {term_text(t)}" for t in terms)]
        if self.inequalities:
            lines.append("  (laws of a model over this graph have each of these at most 0:")
            lines += [f"    {term_text(t)}" for t in self.inequalities]
            lines[-1] += ")"
        return "\n".join(lines)

    def to_latex(self) -> str:
        """The two inequalities as LaTeX, to stand in an `align*`."""
        asked = query_latex(self.query)
        parts: list[str] = []
        for sign, name, terms in ((r"\geq", "max", self.lower), (r"\leq", "min", self.upper)):
            shown = [estimand_latex(_plainly(t)) for t in terms]
            text = shown[0]
            if len(shown) > 1:
                listed = r" \\ ".join(shown)
                text = rf"\{name} \left\{{ \begin{{array}}{{l}} {listed} \end{{array}} \right\}}"
            parts.append(rf"{asked} &{sign} {text}")
        return " \\\\\n".join(parts)

    def at(self, laws: Sequence[KnownLaw], states: Mapping[str, tuple[Value, ...]] | None = None) -> Interval:
        """The ends where the laws are these.

        Args:
            laws: the known laws, with the names that the formula calls them by.
            states: of the variables; by default 0, 1, ... as far as the arrays go.

        Raises:
            InvalidModel: something that is no law.
            InvalidQuery: no law of a kind that the formula speaks of; the laws break one of `inequalities`.
            ZeroCell: a probability that a term divides by is zero.
        """
        given = _laws_of(laws)
        known = _states_of(given) if states is None else states
        for law in given:
            check_law(law, known)
        source = JointLaws([replace(law, name=law.name or _usual(law.do)) for law in given])

        def value(term: Estimand) -> float:
            return float(evaluate_estimand(term, source, known))

        for term in self.inequalities:
            if (missed := value(term)) > MISSED:
                raise InvalidQuery(
                    f"No model over this graph has these laws: {term_text(term)} is {number_text(missed)}, and it "
                    "is at most 0 in all of them. Check the numbers, or draw a graph that allows them."
                )
        low, high = max(map(value, self.lower)), min(map(value, self.upper))
        low, high = max(min(low, high), self.floor), min(max(low, high), self.ceiling)
        inner = (low, high) if self.sharp else (np.nan, np.nan)
        return Interval(*inner, low, high, self.sharp)


def _laws_of(laws: object) -> tuple[KnownLaw, ...]:
    """That these are laws, one of each stratum at a time."""
    found = (laws,) if isinstance(laws, KnownLaw) else tuple(cast("Sequence[object]", laws))
    wrong = next((law for law in found if not isinstance(law, KnownLaw)), None)
    if wrong is not None or not found:
        got = "none" if not found else type(wrong).__name__
        raise InvalidModel(f"The formula is worked out at known laws, KnownLaw(variables, array, do=), got {got}.")
    kept = tuple(law for law in found if isinstance(law, KnownLaw))
    if any(law.strata for law in kept):
        raise InvalidModel("A formula is worked out at one law each; for laws of strata, ask(study, query).")
    return kept


def _usual(do: Sequence[str]) -> str:
    """What an experiment without a name is called."""
    return f"do({', '.join(do)})" if do else ""


def _plainly(term: Estimand) -> Estimand:
    """Without the names of experiments that say no more than what is imposed."""
    match term:
        case Law(of, given, do, source) if source == _usual([name for name, _ in do]):
            return Law(of, given, do)
        case Product(factors):
            return Product(tuple(map(_plainly, factors)))
        case Quotient(above, below):
            return Quotient(_plainly(above), _plainly(below))
        case Linear(parts, constant):
            return Linear(tuple((x, _plainly(part)) for x, part in parts), constant)
        case _:
            return term


def term_text(term: Estimand) -> str:
    """A linear form as text: `1 - P(X=1, Y=0 | do(Z=0))`."""
    term = _plainly(term)
    match term:
        case Linear(parts, constant):
            shown = [(x, _law_text(part)) for x, part in parts]
            shown = [(constant, "")] * (constant > 0) + shown + [(constant, "")] * (constant < 0)
            text = "".join(_signed(x, name, first=k == 0) for k, (x, name) in enumerate(shown))
            return text or "0"
        case Quotient(above, below):
            return f"{_inner_text(above)} / {_inner_text(below)}"
        case _:
            return _law_text(term)


def _inner_text(term: Estimand) -> str:
    """In brackets where it is a sum."""
    text = term_text(term)
    return f"({text})" if isinstance(term, Linear) and len(term.parts) + bool(term.constant) > 1 else text


def _signed(number: float, name: str, *, first: bool) -> str:
    sign = ("-" if first else " - ") if number < 0 else ("" if first else " + ")
    size = number_text(abs(number))
    return sign + (size if not name else name if abs(number) == 1.0 else f"{size} {name}")


def _law_text(term: Estimand) -> str:
    """`P(Y=1 | X=0, do(Z=1))`, as in a query."""
    if isinstance(term, Product):
        return " ".join(map(_inner_text, term.factors)) or "1"
    if not isinstance(term, Law):
        return print_estimand(term)
    inside = [_cells_text(term.given)] * bool(term.given)
    inside += [f"do({_cells_text(term.do)})"] * bool(term.do)
    name = f"[{print_name(term.source)}]" if term.source else ""
    return f"P{name}({_cells_text(term.of)}{' | ' + ', '.join(inside) if inside else ''})"


def _cells_text(cells: Cells) -> str:
    return ", ".join(f"{print_name(n)}={print_const(at.value)}" for n, at in cells if isinstance(at, Const))


def _states_of(laws: Sequence[KnownLaw]) -> dict[str, tuple[Value, ...]]:
    # A shape with too few axes is said to be wrong by `check_law`.
    sizes = {n: s for law in laws for n, s in zip((*law.do, *law.variables), np.shape(law.array), strict=False)}
    return {name: tuple(range(size)) for name, size in sizes.items()}
