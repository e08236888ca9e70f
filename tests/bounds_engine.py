"""What the engine makes of a random problem, and everything that must hold of it.

`programme` writes a problem of the oracle straight into the engine's programme, response type by response type, so that
the solvers are tested apart from what builds programmes; `built` is the engine's own; `asked` goes through `ask`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from scm import CausalGraph, KnownLaw, Statement, Study, parse_quantity
from scm._resolve import read_query
from scm._syntax import Expr
from scm.bounds._known import Known
from scm.bounds._programme import Block, Limit, Polynomial, Programme, Ratio
from tests.bounds_oracle import Fact, Source, Types
from tests.bounds_problems import Problem
from tests.plain import to_text

# ---------------------------------------------------------------------------------------------------------------------
# Other words for the same


@dataclass(frozen=True)
class Naming:
    """How a problem is put to the engine.

    Attributes:
        names: what each variable is called.
        order: the variables of the graph, in any order.
        turned: those whose states are declared the other way round.
    """

    names: Mapping[str, str]
    order: tuple[str, ...]
    turned: frozenset[str] = frozenset()

    def states(self, problem: Problem) -> dict[str, tuple[int, ...]]:
        own = {n: tuple(range(problem.graph.states[n])) for n in self.order}
        return {self.names[n]: s[::-1] if n in self.turned else s for n, s in own.items()}

    def graph(self, problem: Problem) -> CausalGraph:
        name = self.names
        return CausalGraph(
            tuple(name[n] for n in self.order),
            tuple((name[a], name[b]) for a, b in problem.graph.edges),
            tuple((name[a], name[b]) for a, b in problem.graph.confounded),
        )

    def said(self, part: Any) -> Any:
        """A plain query or event in these names."""
        match part:
            case ("var", name, world):
                return ("var", self.names[name], self.said(world))
            case ("set", name, x):
                return ("set", self.names[name], self.said(x))
            case tuple():
                return tuple(map(self.said, part))
        return part

    def law(self, source: Source, name: str = "") -> KnownLaw:
        axes = (*source.do, *source.variables)
        table = source.table.astype(float)
        for i, axis in enumerate(axes):
            if axis in self.turned:
                table = np.flip(table, i)
        variables, do = (tuple(self.names[n] for n in own) for own in (source.variables, source.do))
        return KnownLaw(variables, table, do, name)


def plain_naming(problem: Problem) -> Naming:
    return Naming({n: n for n in problem.graph.names}, problem.graph.names)


def expr(event: Any, states: Mapping[str, tuple[Any, ...]]) -> Expr | None:
    """An event in the engine's syntax."""
    if event is None:
        return None
    found: Any = read_query(to_text(("prob", event, None)), states)
    return found.event


def text(query: Any) -> str:
    return to_text(query)


def known_of_fact(fact: Fact, naming: Naming, states: Mapping[str, tuple[Any, ...]], source: int) -> Known:
    low = -np.inf if fact.low is None else float(fact.low)
    high = np.inf if fact.high is None else float(fact.high)
    return Known(tuple((float(w), expr(naming.said(e), states)) for w, e in fact.combination), low, high, source)


# ---------------------------------------------------------------------------------------------------------------------
# Programmes


def decomposed(array: Any) -> list[tuple[float, dict[int, tuple[float, ...]]]]:
    """An array over components as a sum of products of one row for each."""
    wide = [c for c in range(array.ndim) if array.shape[c] > 1]
    if not wide:
        return [(float(array.item()), {})] if array.item() else []
    first = wide[0]
    if len(wide) == 1:
        return [(1.0, {first: tuple(map(float, array.ravel()))})] if array.any() else []
    slices = np.moveaxis(array, first, 0)
    flat = [tuple(s.ravel()) for s in slices]
    out: list[tuple[float, dict[int, tuple[float, ...]]]] = []
    for k, row in enumerate(dict.fromkeys(flat)):
        del k
        where = tuple(float(other == row) for other in flat)
        part = np.expand_dims(np.array(row).reshape(slices.shape[1:]), first)
        out += [(w, {**rows, first: where}) for w, rows in decomposed(part)]
    return out


class Writer:
    """Collects the forms of each block."""

    def __init__(self, types: Types) -> None:
        self.types = types
        self.forms: list[dict[tuple[float, ...], int]] = [{} for _ in types.graph.components]

    def polynomial(self, array: Any) -> Polynomial:
        parts = decomposed(np.asarray(array))
        factors = np.full((len(parts), len(self.forms)), -1, dtype=np.intp)
        for t, (_, rows) in enumerate(parts):
            for c, row in rows.items():
                factors[t, c] = self.forms[c].setdefault(row, len(self.forms[c]))
        return Polynomial(np.array([w for w, _ in parts], dtype=float), factors)

    def blocks(self) -> tuple[Block, ...]:
        out: list[Block] = []
        for c, members in enumerate(self.types.graph.components):
            size = self.types.graph.sizes[c]
            forms = np.array(list(self.forms[c]), dtype=float).reshape(-1, size)
            relaxed = "" if self.types.graph.clique(members) else "no one hidden cause"
            nothing = np.zeros((size, 0), dtype=np.int16)
            groups = np.zeros(size, dtype=np.intp)
            out.append(Block(f"the hidden cause of {members}", members, (), nothing, forms, groups, relaxed))
        return tuple(out)


def programme(problem: Problem, sources: Sequence[Source] | None = None) -> Programme:
    """The problem as a programme, nothing merged and nothing left out."""
    writer, limits = Writer(problem.types), list[Limit]()
    given = problem.sources if sources is None else sources
    for number, source in enumerate(given):
        for fact in source.facts:
            array, below = fact.array(problem.types)
            low = -np.inf if fact.low is None else float(fact.low)
            high = np.inf if fact.high is None else float(fact.high)
            polynomial = writer.polynomial(array.astype(float) / below)
            limits.append(Limit(polynomial, low, high, number))
    query: list[Ratio] = []
    for k, above, below in problem.types.ratios(problem.query):
        sure = below.size == 1 and below.item() == 1
        query.append(Ratio(float(k), writer.polynomial(above), None if sure else writer.polynomial(below)))
    floor, ceiling = ends_of_range(problem)
    words = tuple(f"{source.kind} {i}" for i, source in enumerate(given))
    return Programme(writer.blocks(), tuple(limits), tuple(query), words, floor, ceiling)


def ends_of_range(problem: Problem) -> tuple[float, float]:
    """Ends that hold whatever is known."""
    low, high = Fraction(0), Fraction(0)
    for k, above, _ in problem.types.ratios(problem.query):
        a, b = int(above.min()), int(above.max())
        low, high = low + min(k * a, k * b), high + max(k * a, k * b)
    return float(low), float(high)


def built(problem: Problem, naming: Naming, sources: Sequence[Source] | None = None) -> Programme:
    """The engine's own programme."""
    from scm.bounds._canonical import programme_of

    given = problem.sources if sources is None else sources
    states = naming.states(problem)
    laws = [naming.law(source) for source in given if source.kind == "law"]
    rest = [source for source in given if source.kind != "law"]
    words = [f"law {i}" for i in range(len(laws))] + [f"{source.kind} {i}" for i, source in enumerate(rest)]
    known = [
        known_of_fact(fact, naming, states, len(laws) + i) for i, source in enumerate(rest) for fact in source.facts
    ]
    query = read_query(to_text(naming.said(problem.query)), states)
    return programme_of(naming.graph(problem), states, query, laws, known, words)


def study(problem: Problem, naming: Naming, sources: Sequence[Source] | None = None) -> Study:
    """The problem as a study."""
    given = problem.sources if sources is None else sources
    items: list[Any] = []
    for number, source in enumerate(given):
        if source.kind == "law":  # only one law has no name
            items.append(naming.law(source, f"law {number}" if items else ""))
        elif source.kind == "statement":
            about = parse_quantity(to_text(naming.said(source.query)))
            low, high = float(source.low), float(source.high)
            items.append(Statement(about, (low + high) / 2, low, high))
        else:
            for fact in source.facts:
                about = parse_quantity(to_text(naming.said(("prob", fact.combination[0][1], None))))
                items.append(Statement(about, 0.0, 0.0, 0.0))
    return Study(naming.graph(problem), *items, states=naming.states(problem))
