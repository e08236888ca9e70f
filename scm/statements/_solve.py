"""A query answered from statements: seen in one world directly, else by every estimand that identification finds."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from .._errors import listing
from .._estimand import Estimand
from .._estimand_parts import laws_of
from .._graph import CausalGraph
from .._query import Distribution, Probability, Query, Term, query_terms, term_parts
from .._statement import Correlation, Quantity, Statement
from .._syntax import Expr, Value, Var, conjuncts, walk
from ..identify import Available, Identification
from ._arithmetic import Arithmetic, Shown
from ._atoms import MAX_ATOMS, Atoms, Cell, Regime
from ._clash import clashing, impossible
from ._composed import composed
from ._ends import Ends, ends
from ._formula import CellLaw, Formula, Line
from ._intake import settled
from ._pinned import pinned
from ._readings import Read, read
from ._recipes import Stated
from ._system import System
from ._terms import flat


class Identify(Protocol):
    """`identify`, with what is granted."""

    def __call__(
        self,
        graph: CausalGraph,
        query: Query,
        available: Sequence[Available] | None = None,
        *,
        states: Mapping[str, tuple[Value, ...]] | None = None,
    ) -> Identification:
        """Whether a query is identified."""
        ...


MOST_BY_STATES = 8
"""Sets of variables over which it is tried whether experiments and known states help."""
MOST_ORDERS = 12
"""Statements that are tried as the first one where numbers coincide."""
SMALL_SYSTEM = 64
"""Most atoms of a system that is settled again in other orders."""
EMPTY = 1e-12
"""A condition less likely than this is impossible."""


class TooLarge(ValueError):
    """Too many combinations of states to look at; the text is fit for a user."""


@dataclass(frozen=True)
class Found:
    """What statements say about a query.

    Attributes:
        read: the number with what is left open; None where it is not determined.
        identification: how the query was brought down to laws; None for what is only seen.
        laws: the laws that are used, with their numbers at face value and these in stated numbers.
        arithmetic: the estimand with its numbers.
        missing: the laws that are not determined, for the estimand that lacks fewest.
        ends: where the number can lie, if it is not determined and that was proved.
        clash: positions of statements that cannot hold together.
        unused: positions of statements that nothing was made of.
        pinned: the statements pin the number down, by equations that are not linear and not solved here.
        stratum: a condition of probability zero, where that makes the answer undefined.
    """

    read: Read | None = None
    identification: Identification | None = None
    laws: Mapping[CellLaw, tuple[float, Shown | None]] = field(default_factory=lambda: {})
    arithmetic: Shown | None = None
    missing: tuple[CellLaw, ...] = ()
    ends: Ends | None = None
    clash: tuple[int, ...] = ()
    stratum: tuple[Cell, ...] = ()
    unused: tuple[int, ...] = ()
    pinned: bool = False

    @property
    def firm(self) -> bool:
        """Whether `read` stands: a number, or none because the query divides by what has probability zero."""
        return self.read is not None and (not np.isnan(self.read.value) or bool(self.stratum))


class Statements:
    """The statements of a study, ready for queries."""

    def __init__(
        self,
        graph: CausalGraph,
        states: Mapping[str, tuple[Value, ...]],
        statements: Sequence[Statement],
        identify: Identify | None,
    ) -> None:
        self.graph, self.states, self.statements, self.identify = graph, states, tuple(statements), identify
        self.spoken = frozenset(name for s in statements for name in names_of(s.quantity))
        self._systems: dict[tuple[tuple[str, ...], int | None], System] = {}
        self._clash: dict[tuple[str, ...], tuple[int, ...]] = {}

    def system(self, query: Query, more: frozenset[str] = frozenset(), first: int | None = None) -> System:
        """The system over the variables that the statements and `query` speak of, and `more`; see `settled`.

        Raises:
            TooLarge: too many atoms.
        """
        wanted = self.spoken | names_of(query) | more
        names = tuple(name for name in self.graph.order if name in wanted)
        if (names, first) not in self._systems:
            regimes = sorted({r for s in self.statements for r in regimes_of(self.graph, s.quantity)} | {()})
            atoms = Atoms(names, self.states, tuple(regimes))
            if atoms.size > MAX_ATOMS:
                raise TooLarge(
                    f"the statements and the query speak of {listing(names)}: {atoms.size:,} combinations of states, "
                    f"more than the {MAX_ATOMS:,} that are looked at"
                )
            self._systems[names, first] = settled(self.graph, atoms, self.statements, first)
        return self._systems[names, first]

    def clash(self, system: System) -> tuple[int, ...]:
        """Statements that cannot hold together."""
        key = system.atoms.variables
        if key not in self._clash:
            self._clash[key] = impossible(self.statements)[:1] or clashing(system, self.statements)
        return self._clash[key]

    def answer(self, query: Query, *, pins: bool = True) -> Found:
        """What the statements say about `query`; `pins` for whether equations beyond those solved here pin it down."""
        query = composed(self.graph, query)
        system = self.system(query)
        if clash := self.clash(system):
            return Found(clash=clash)
        if (said := self._said(query)) is not None:
            number = system.add(Stated(said))
            return Found(read(system, number, self.statements))
        tried: list[Found] = []
        for found in self._tried(system, query):
            if found.read is not None:
                return found if found.firm else self._otherwise(query, found)
            tried.append(replace(found, unused=tuple(system.unused)))
        if not tried:
            return Found()
        if bounded := [found for found in tried if found.ends is not None and found.ends.tell(query)]:
            return min(bounded, key=_width)
        best = min(tried, key=lambda found: (not found.missing, len(found.missing)))
        return replace(
            best, pinned=pins and any(self._pinned(system, query, found) for found in tried if found.missing)
        )

    def part(self, query: Query, estimand: Estimand) -> Read | None:
        """The number of a part of an estimand of `query`; None where it is not determined."""
        spoken = frozenset(n for law in laws_of(estimand) for n, _ in (*law.of, *law.given, *law.do))
        system = self.system(query, spoken)
        line = Formula(system).estimand(estimand, {})
        return None if line is None or line.parts else read(system, line.constant, self.statements)

    def _otherwise(self, query: Query, found: Found) -> Found:
        """The same number where the equations that gave it say nothing, since some of their numbers coincide.

        P(Y=1) = 0.3 with P(Y=1 | Z) = 0.3 for every Z does not give P(Z), as other numbers would. A statement that was
        not needed may: each is taken in before the others in turn, as long as the system is small.
        """
        few = MOST_ORDERS if self.system(query).atoms.size <= SMALL_SYSTEM else 0
        for first in range(min(len(self.statements), few)):
            for other in self._tried(self.system(query, first=first), query, first):
                if other.read is not None and other.firm:
                    return other
        open_laws = tuple(law for law, (value, _) in found.laws.items() if not np.isfinite(value))
        return Found(identification=found.identification, missing=complements_dropped(open_laws, self.states))

    def _said(self, query: Query) -> int | None:
        """The statement that says the query as it stands, in several worlds: such statements give no rows."""
        if isinstance(query, Probability) and flat(self.graph, query) is None:
            for k, given in enumerate(self.statements):
                if given.relation == "=" and isinstance(given.quantity, Probability):
                    stated = composed(self.graph, given.quantity)
                    if isinstance(stated, Probability) and _parts(stated) == _parts(query):
                        return k
        return None

    def _pinned(self, system: System, query: Query, found: Found) -> bool:
        how = found.identification
        if how is not None and how.estimand is not None:
            return pinned(self.graph, system.atoms, self.statements, how.estimand)
        return pinned(self.graph, system.atoms, self.statements, query)

    def _tried(self, system: System, query: Query, first: int | None = None) -> Iterator[Found]:
        """The query itself, then each of its estimands: a number, or else ends and what is missing."""
        plain = Formula(system)
        line = plain.query(query)
        if line is not None:
            yield self._told(query, system, line, plain, None)
            if all(term_world(system.graph, term) for term in query_terms(query)):
                return
        for identification in self._identified(query):
            if identification.estimand is None:
                yield Found(identification=identification)
                continue
            laws = laws_of(identification.estimand)
            wider = self.system(query, frozenset(n for law in laws for n, _ in (*law.of, *law.given, *law.do)), first)
            formula = Formula(wider)
            yield self._told(query, wider, formula.estimand(identification.estimand, {}), formula, identification)

    def _told(
        self, query: Query, system: System, line: Line | None, formula: Formula, how: Identification | None
    ) -> Found:
        missing = complements_dropped(formula.missing, self.states)
        if line is None:
            return Found(identification=how, missing=missing)
        if line.parts:
            return Found(identification=how, missing=missing, ends=ends(system, line, self.statements))
        found = read(system, line.constant, self.statements)
        stated = np.array([s.value for s in self.statements], dtype=float)
        arithmetic = Arithmetic(system, stated[:, np.newaxis])
        laws = {law: (arithmetic.value(number), arithmetic.law(law)) for law, number in formula.laws.items()}
        if not np.isfinite(found.value):
            return Found(found, how, laws, stratum=self._empty(system, arithmetic, formula.laws))
        estimand = None if how is None else how.estimand
        total = arithmetic.query(query) if estimand is None else arithmetic.estimand(estimand, {})
        return Found(found, how, laws, total)

    def _empty(self, system: System, arithmetic: Arithmetic, laws: Iterable[CellLaw]) -> tuple[Cell, ...]:
        """A condition among `laws` that has probability zero."""
        for _, given, regime in laws:
            number = system.number(system.reading.law(given, (), regime)) if given else None
            if number is not None and abs(arithmetic.value(number)) < EMPTY:
                return given
        return ()

    def _identified(self, query: Query) -> Iterator[Identification]:
        """Identifications from the laws of ever more of the variables that statements speak of."""
        if self.identify is None:
            return
        asked = names_of(query)
        others = [v for v in self.graph.order if v in self.spoken - asked]
        unidentified: Identification | None = None
        identified = False
        for size in range(len(others) + 1):
            for more in itertools.combinations(others, size):
                found = self._over(query, asked | set(more))
                if found.identified:
                    identified = True
                    yield found
                else:
                    unidentified = found
        for found in () if identified else self._by_states(query, others):
            identified = True
            yield found
        if not identified:
            rest = {*self.graph.observed} | asked | self.spoken
            if rest - asked - set(others):
                unidentified = self._over(query, rest)
            if unidentified is not None:
                yield unidentified

    def _by_states(self, query: Query, others: Sequence[str]) -> Iterator[Identification]:
        """Identifications that use the states, and the experiments that statements are about beside what is seen."""
        asked = names_of(query)
        chosen = (more for size in range(len(others) + 1) for more in itertools.combinations(others, size))
        sets = [*itertools.islice(chosen, MOST_BY_STATES), tuple(others)]
        for names in dict.fromkeys(asked.union(more) for more in sets):
            found = self._over(query, names, by_states=True)
            if found.identified:
                yield found

    def _over(self, query: Query, names: frozenset[str] | set[str], by_states: bool = False) -> Identification:
        assert self.identify is not None
        graph = replace(self.graph, hidden=tuple(v for v in self.graph.variables if v not in names))
        if not by_states:
            return self.identify(graph, query)
        regimes = {r for s in self.statements for r in regimes_of(self.graph, s.quantity)} | {()}
        imposed = sorted({tuple(name for name, _ in r) for r in regimes if {name for name, _ in r} <= names})
        laws = [
            Available(tuple(v for v in graph.observed if v not in do), do, f"do({', '.join(do)})" if do else "")
            for do in imposed
        ]
        return self.identify(graph, query, laws, states=self.states)


def _parts(query: Probability) -> tuple[frozenset[Expr], frozenset[Expr]]:
    """What is asked and what is given, in whatever order."""
    return frozenset(conjuncts(query.event)), frozenset(conjuncts(query.given))


def _width(found: Found) -> float:
    return np.inf if found.ends is None else found.ends.high - found.ends.low


def term_world(graph: CausalGraph, term: Term) -> bool:
    """Whether a term is about what is seen only."""
    one = None if isinstance(term, Distribution) else flat(graph, term)
    return one is not None and one.regime == ()


def complements_dropped(laws: Iterable[CellLaw], states: Mapping[str, tuple[Value, ...]]) -> tuple[CellLaw, ...]:
    """Laws without those of a first state whose other states are all there."""
    kept = dict.fromkeys(laws)
    for law in list(kept):
        of, given, regime = law
        if len(of) != 1 or of[0][1] != states[of[0][0]][0]:
            continue
        name = of[0][0]
        if all((((name, other),), given, regime) in kept for other in states[name][1:]):
            del kept[law]
    return tuple(kept)


def parts_of(quantity: Query | Quantity) -> Iterator[Expr]:
    """The expressions of a query or quantity."""
    if isinstance(quantity, Correlation):
        yield from (Var(quantity.first), Var(quantity.second), *conjuncts(quantity.given))
    else:
        for term in query_terms(quantity):
            yield from term_parts(term)


def names_of(quantity: Query | Quantity) -> frozenset[str]:
    """Every variable that a query or quantity speaks of, imposed ones included."""
    found: set[str] = set()
    for node in (node for part in parts_of(quantity) for node in walk(part)):
        if isinstance(node, Var):
            found |= {node.name, *(a.target for a in node.world), *(a.parent for a in node.world if a.parent)}
    return frozenset(found)


def regimes_of(graph: CausalGraph, quantity: Quantity) -> set[Regime]:
    """The regimes of the terms of a statement."""
    if isinstance(quantity, Correlation):
        return set()
    flats = [flat(graph, term) for term in query_terms(quantity) if not isinstance(term, Distribution)]
    return {one.regime for one in flats if one is not None}
