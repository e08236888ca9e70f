"""Between which ends a query can lie, worked out over every response type in rational numbers.

Slow, exact, and it shares no code with the engine. A state of a c-component's hidden cause says how each of its members
responds to its parents (Balke & Pearl 1994): here all of them are written out, and every event across worlds is told
for every combination of them. What is known are linear conditions on the laws of these types, and the ends of a query
are those of linear (or linear-fractional) programmes in rational numbers.

Queries and events are the plain tuples of `tests.oracle`; a state is its number.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from tests.rational_lp import Polytope

Array = Any
MOST_TYPES = 40_000
"""Most combinations of response types that are written out."""


class Beyond(Exception):
    """This oracle does not work out the ends of such a problem."""


@dataclass(frozen=True)
class Graph:
    """Variables causes first, with how many states each has; pairs that share a hidden cause."""

    states: Mapping[str, int]
    edges: tuple[tuple[str, str], ...]
    confounded: tuple[tuple[str, str], ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.states)

    def parents(self, name: str) -> list[str]:
        return [n for n in self.names if (n, name) in self.edges]

    def rows(self, name: str) -> list[tuple[int, ...]]:
        """The states of the parents of a variable."""
        return list(itertools.product(*(range(self.states[p]) for p in self.parents(name))))

    @cached_property
    def components(self) -> list[tuple[str, ...]]:
        """The c-components."""
        found = {name: {name} for name in self.names}
        for a, b in self.confounded:
            both = found[a] | found[b]
            for name in both:
                found[name] = both
        return [tuple(n for n in self.names if n in c) for c in dict.fromkeys(frozenset(s) for s in found.values())]

    def clique(self, members: Sequence[str]) -> bool:
        """Whether every two of the members share a hidden cause, so that one cause of all is no relaxation."""
        pairs = {frozenset(p) for p in self.confounded}
        return all(frozenset(p) in pairs for p in itertools.combinations(members, 2))

    def types(self, name: str) -> int:
        return self.states[name] ** len(self.rows(name))

    @cached_property
    def sizes(self) -> list[int]:
        """How many response types each component has."""
        return [math.prod(self.types(name) for name in members) for members in self.components]


class Types:
    """Every variable in every world, for every combination of response types: one axis for each component."""

    def __init__(self, graph: Graph) -> None:
        if math.prod(graph.sizes) > MOST_TYPES:
            raise Beyond(f"{graph.sizes} response types")
        self.graph = graph
        self.tables: dict[str, Array] = {}
        self.memo: dict[Any, Array] = {}
        for axis, members in enumerate(graph.components):
            places = np.unravel_index(range(graph.sizes[axis]), [graph.types(name) for name in members])
            for name, own in zip(members, places, strict=True):
                shape = [graph.states[p] for p in graph.parents(name)]
                every = np.array(list(itertools.product(range(graph.states[name]), repeat=len(graph.rows(name)))))
                table = every[own].reshape([graph.sizes[axis], *shape])
                self.tables[name] = table

    def axis(self, name: str) -> int:
        return next(i for i, members in enumerate(self.graph.components) if name in members)

    def value(self, name: str, world: Any = ()) -> Array:
        """The state of a variable in a world, an array that broadcasts over all components."""
        if (name, world) not in self.memo:
            self.memo[name, world] = self._value(name, world)
        return self.memo[name, world]

    def _value(self, name: str, world: Any) -> Array:
        carried = {a[1]: a[3] for a in world if a[0] == "edge" and a[2] == name}
        for a in world:
            if a[0] == "set" and a[1] == name:
                return self.number(a[2])
        axis, count = self.axis(name), len(self.graph.components)
        shape = [1] * count
        shape[axis] = self.graph.sizes[axis]
        own = np.arange(self.graph.sizes[axis]).reshape(shape)
        parents = [self.number(carried[p]) if p in carried else self.value(p, world) for p in self.graph.parents(name)]
        return self.tables[name][(own, *parents)]

    def number(self, x: Any) -> Array:
        match x:
            case ("const", value):
                return np.array(value).reshape([1] * len(self.graph.components))
            case ("var", name, world):
                return self.value(name, world)
            case ("+", a, b):
                return self.number(a) + self.number(b)
            case ("-", a, b):
                return self.number(a) - self.number(b)
            case ("*", a, b):
                return self.number(a) * self.number(b)
        raise ValueError(f"not an expression: {x!r}")

    def holds(self, event: Any) -> Array:
        """Whether an event is true, as an array of truth values."""
        match event:
            case None:
                return np.array(True).reshape([1] * len(self.graph.components))
            case ("and", *parts):
                return _fold(np.logical_and, [self.holds(part) for part in parts])
            case ("or", *parts):
                return _fold(np.logical_or, [self.holds(part) for part in parts])
            case ("not", part):
                return ~self.holds(part)
            case ("=" | "!=" | "<" | "<=" | ">" | ">=" as sign, a, b):
                compare = {"=": np.equal, "!=": np.not_equal, "<": np.less, "<=": np.less_equal}
                compare |= {">": np.greater, ">=": np.greater_equal}
                return compare[sign](self.number(a), self.number(b))
        raise ValueError(f"not an event: {event!r}")

    def ratios(self, query: Any) -> list[tuple[Fraction, Array, Array]]:
        """The query as a sum of coefficient * E[above] / E[below], each an array of whole numbers."""
        if query[0] == "sum":
            return [(Fraction(c) * k, a, b) for c, part in query[1] for k, a, b in self.ratios(part)]
        kind, asked, given = query
        below = self.holds(given).astype(int)
        above = self.number(asked) if kind == "expect" else self.holds(asked).astype(int)
        return [(Fraction(1), above * below, below)]


def _fold(join: Any, parts: list[Array]) -> Array:
    out = parts[0]
    for part in parts[1:]:
        out = join(out, part)
    return out


Laws = Sequence[Sequence[Fraction]]
"""For each component, the law of its response types."""


def mean(array: Array, laws: Laws) -> Fraction:
    """The expectation of an array over independent components."""
    out: Any = array
    for law in reversed(laws):
        if out.shape[-1] == 1:
            out = out[..., 0]
            continue
        # whole numbers over one denominator add up much faster than fractions
        below = math.lcm(*(p.denominator for p in law))
        weights = np.array([p.numerator * (below // p.denominator) for p in law], dtype=object)
        out = out.astype(object) @ weights
        out = out * Fraction(1, below) if isinstance(out, np.ndarray) else Fraction(out) / below
    return Fraction(out.item() if isinstance(out, np.ndarray) else out)


def value(types: Types, laws: Laws, query: Any) -> Fraction | None:
    """The query under laws of the types; None where its condition is impossible."""
    total = Fraction(0)
    for k, above, below in types.ratios(query):
        if (under := mean(below, laws)) == 0:
            return None
        total += k * mean(above, laws) / under
    return total


# ---------------------------------------------------------------------------------------------------------------------
# What is known


@dataclass(frozen=True)
class Fact:
    """`low <= sum of weight * P(event) <= high`; an end may be None."""

    combination: tuple[tuple[Any, Any], ...]
    low: Any
    high: Any

    def array(self, types: Types) -> tuple[Array, int]:
        """The sum for each combination of types, in whole numbers over one denominator."""
        below = math.lcm(*(Fraction(w).denominator for w, _ in self.combination))
        parts = [int(Fraction(w) * below) * types.holds(e).astype(object) for w, e in self.combination]
        return _fold(np.add, parts), below


@dataclass(frozen=True)
class Source:
    """Something known: a law of `variables` under `do`, or single facts.

    Attributes:
        facts: what it says.
        kind: "law", "statement" or "shape".
        variables, do: of a law; do gives all imposed variables, at all their values.
        table: of a law, with the axes do..., variables...; fractions.
        query, low, high: of a statement.
    """

    kind: str
    facts: tuple[Fact, ...]
    variables: tuple[str, ...] = ()
    do: tuple[str, ...] = ()
    table: Any = None
    query: Any = None
    low: Any = None
    high: Any = None


def equal(name: str, x: int, world: Any = ()) -> Any:
    return ("=", ("var", name, world), ("const", x))


def all_of(parts: Iterable[Any]) -> Any:
    """The conjunction; no part is no condition."""
    parts = list(parts)
    return None if not parts else parts[0] if len(parts) == 1 else ("and", *parts)


def setting(do: Mapping[str, int]) -> Any:
    """The world where `do` is imposed."""
    return tuple(("set", name, ("const", x)) for name, x in do.items())


def law_source(types: Types, laws: Laws, variables: Sequence[str], do: Sequence[str] = ()) -> Source:
    """The law of some variables under some interventions, as a model has it."""
    states = types.graph.states
    axes = (*do, *variables)
    table = np.empty([states[name] for name in axes], dtype=object)
    facts: list[Fact] = []
    for cell in itertools.product(*(range(states[name]) for name in axes)):
        at = dict(zip(axes, cell, strict=True))
        world = setting({name: at[name] for name in do})
        event = all_of(equal(name, at[name], world) for name in variables)
        table[cell] = mean(types.holds(event).astype(int), laws)
        facts.append(Fact(((1, event),), table[cell], table[cell]))
    return Source("law", tuple(facts), tuple(variables), tuple(do), table)


def statement_source(query: Any, low: Any, high: Any) -> Source:
    """That a query (no sum of conditional ones) lies between two ends."""
    if query[0] == "sum":
        if any(part[2] is not None for _, part in query[1]):
            raise Beyond("a sum of conditional probabilities")
        facts = (Fact(tuple((c, part[1]) for c, part in query[1]), low, high),)
    elif query[2] is None:
        facts = (Fact(((1, query[1]),), low, high),)
    else:
        both = ("and", query[1], query[2])
        ends = [(Fact(((1, both), (-low, query[2])), 0, None)), Fact(((1, both), (-high, query[2])), None, 0)]
        facts = (Fact(((1, both), (-low, query[2])), 0, 0),) if low == high else tuple(ends)
    return Source("statement", facts, query=query, low=low, high=high)


def impossible(event: Any) -> Source:
    """That an event never happens."""
    return Source("shape", (Fact(((1, event),), 0, 0),))


# ---------------------------------------------------------------------------------------------------------------------
# Ends


def exact_ends(types: Types, sources: Sequence[Source], query: Any, laws: Laws) -> tuple[Fraction, Fraction] | None:
    """Least and greatest value of the query over all laws of the types that meet what is known.

    Where there are several components, one of the sources must be the law of all variables, with no impossible cell,
    and everything else that is known must speak of one component alone once that law is known: the laws of the
    components can then be chosen apart, and the query, which is linear in each, has its ends at their vertices.

    Args:
        laws: laws that meet what is known; the law of each component given its parents is read off them.

    Returns:
        The ends; None where the condition of the query is impossible whatever the laws.

    Raises:
        Beyond: it is not such a problem.
    """
    graph, facts = types.graph, [fact for source in sources for fact in source.facts]
    count = len(graph.components)
    problem = _Problem(types, laws, [Polytope(n, [([1] * n, 1)]) for n in graph.sizes])
    if count > 1:
        whole = next((s for s in sources if not s.do and set(s.variables) == set(graph.names)), None)
        if whole is None or min(whole.table.ravel()) == 0:
            raise Beyond("several components without a positive law of all variables")
        for c in range(count):
            problem.known_factor(c)
        facts = [fact for source in sources if source is not whole for fact in source.facts]
    for fact in facts:
        problem.known(fact)
    return problem.query_ends(query)


@dataclass
class _Problem:
    types: Types
    laws: Laws
    polytopes: list[Polytope]
    bases: dict[int, Any] = field(default_factory=dict)

    def known_factor(self, c: int) -> None:
        """The law of a component given its parents follows from that of all variables."""
        graph, members = self.types.graph, self.types.graph.components[c]
        outside = [p for p in graph.names if p not in members and any(p in graph.parents(m) for m in members)]
        for at in itertools.product(*(range(graph.states[n]) for n in (*members, *outside))):
            state = dict(zip((*members, *outside), at, strict=True))
            world = setting({n: state[n] for n in outside})
            row = self.types.holds(all_of(equal(n, state[n], world) for n in members)).ravel().astype(int)
            share = sum((p for p, x in zip(self.laws[c], row, strict=True) if x), Fraction(0))
            self.polytopes[c].equal.append((list(row), share))

    def known(self, fact: Fact) -> None:
        """One more condition on one component."""
        array, below = fact.array(self.types)
        parts, array = self.reduced(array)
        low, high = (None if end is None else Fraction(end) * below for end in (fact.low, fact.high))
        if not parts:
            return  # true, since a model is behind it
        if len(parts) > 1:
            raise Beyond("a condition on several components")
        row, own = list(array.ravel()), self.polytopes[parts[0]]
        if low is not None and low == high:
            own.equal.append((row, low))
        else:
            own.within.append((row, low, high))

    def reduced(self, array: Array) -> tuple[list[int], Array]:
        """Without the components that the array does not read, or only through what is known of them."""
        if len(self.laws) == 1:
            return [0], np.broadcast_to(array, self.types.graph.sizes)
        for c in range(len(self.laws)):
            if array.shape[c] > 1 and self.determined(c, array):
                moved = np.moveaxis(array, c, -1).astype(object) @ np.array(self.laws[c], dtype=object)
                array = np.expand_dims(np.asarray(moved, dtype=object), c)
        return [c for c in range(len(self.laws)) if array.shape[c] > 1], array

    def determined(self, c: int, array: Array) -> bool:
        """Whether equations known of component c fix the array's mean over it, whatever the other types are."""
        known = np.array([[float(x) for x in row] for row, _ in self.polytopes[c].equal])
        read = np.unique(np.moveaxis(array, c, -1).reshape(-1, array.shape[c]).astype(float), axis=0)
        if c not in self.bases or self.bases[c][0] != len(known):
            _, sizes, rows = np.linalg.svd(known, full_matrices=False)
            self.bases[c] = len(known), rows[sizes > 1e-9 * sizes[0]]
        rows = self.bases[c][1]
        return bool(np.abs(read - read @ rows.T @ rows).max() < 1e-8)

    def query_ends(self, query: Any) -> tuple[Fraction, Fraction] | None:
        """The ends, over the vertices of all but one component."""
        ratios = [(k, self.reduced(above), self.reduced(below)) for k, above, below in self.types.ratios(query)]
        same = all(np.array_equal(r[2][1], ratios[0][2][1]) for r in ratios)
        fixed = [self.number(below) for _, _, (_, below) in ratios]
        if any(x == 0 for x in fixed):
            return None
        if all(x is not None for x in fixed):
            above = _fold(
                np.add, [k / (x or 1) * r.astype(object) for (k, (_, r), _), x in zip(ratios, fixed, strict=True)]
            )
            below = None
        elif same:
            above = _fold(np.add, [k * r.astype(object) for k, (_, r), _ in ratios])
            below = ratios[0][2][1]
        else:
            raise Beyond("a sum of ratios with different conditions")
        return self.over_vertices(above, below)

    def number(self, below: Array) -> Fraction | None:
        """The probability of a condition, where what is known fixes it."""
        if below.size == 1:
            return Fraction(below.item())
        if len(self.laws) > 1 or not self.determined(0, below):
            return None
        return mean(below, self.laws)

    def over_vertices(self, above: Array, below: Array | None) -> tuple[Fraction, Fraction] | None:
        """Ends of a mean, or of a ratio of two."""
        shape = np.broadcast_shapes(above.shape, (1,) * above.ndim if below is None else below.shape)
        parts = [c for c in range(len(shape)) if shape[c] > 1] or [0]
        arrays = [np.broadcast_to(a, shape) for a in ([above] if below is None else [above, below])]
        last = max(parts, key=lambda c: shape[c])
        corners = [self.polytopes[c].vertices() for c in parts if c != last]
        kept = [np.moveaxis(a, [c for c in parts if c != last], range(len(parts) - 1)) for a in arrays]
        found: list[tuple[Fraction, Fraction]] = []
        for choice in itertools.product(*corners):
            rows: list[Any] = [_contracted(a, choice) for a in kept]
            ends = self.one(last, rows)
            if ends is not None:
                found.append(ends)
        return (min(a for a, _ in found), max(b for _, b in found)) if found else None

    def one(self, c: int, rows: list[Any]) -> tuple[Fraction, Fraction] | None:
        """The programme of one component, its equal columns merged."""
        own, size = self.polytopes[c], self.types.graph.sizes[c]
        rows = [list(np.broadcast_to(row, (size,))) for row in rows]
        table = [row for row, _ in own.equal] + [row for row, _, _ in own.within] + rows
        columns = list(dict.fromkeys(zip(*table, strict=True)))
        back = [list(row) for row in zip(*columns, strict=True)]
        equal, within = len(own.equal), len(own.within)
        small = Polytope(
            len(columns),
            [(row, to) for row, (_, to) in zip(back, own.equal, strict=False)],
            [(row, lo, hi) for row, (_, lo, hi) in zip(back[equal:], own.within, strict=False)],
        )
        asked = back[equal + within :]
        return small.ends(asked[0]) if len(asked) == 1 else small.ratio_ends(asked[0], asked[1])


def _contracted(array: Array, choice: Sequence[Sequence[Fraction]]) -> Array:
    out: Any = array.astype(object)
    for law in choice:
        out = np.tensordot(np.array(law, dtype=object), out, axes=(0, 0))
    return np.asarray(out, dtype=object).reshape(-1)
