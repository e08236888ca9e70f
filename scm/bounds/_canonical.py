"""Canonical models: a query and what is known as a programme over laws of response types.

Balke & Pearl (1994) for one c-component; Rosset, Gisin & Wolfe (2018), Zhang, Tian & Bareinboim (2022) and Duarte et
al. (2023) for any. Only what a query or something known reads becomes a coordinate, and only columns that it tells
apart are kept.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from .._evaluate import evaluate, truth
from .._graph import CausalGraph
from .._query import Query, query_nodes
from .._relevance import relevant_world
from .._study import KnownLaw
from .._syntax import Assignment, Const, Expr, Set, Value, Var, terms, walk, world
from ._columns import Forms, block_of, tidied
from ._events import Rows, enumerated
from ._factors import Given, closed, factored, smaller
from ._frame import Frame, States
from ._independent import independent
from ._known import Known
from ._moments import ends, fractions
from ._polynomials import on_blocks, reads
from ._programme import Array, Block, Limit, Polynomial, Programme, Ratio, TooLarge
from ._sums import Sums

SAME = 1e-12
"""Two numbers of one form that are closer are one."""
_NONE: Mapping[str, Expr] = {}


def programme_of(
    graph: CausalGraph,
    states: States,
    query: Query,
    laws: Sequence[KnownLaw],
    known: Sequence[Known],
    sources: Sequence[str],
    *,
    equations: Mapping[str, Expr] = _NONE,
) -> Programme:
    """The programme whose ends are the sharp bounds of a query (outer ones where a block is relaxed).

    Args:
        graph: the causal graph; hidden variables that nothing is said of are projected out.
        states: of each variable.
        query: with names and states checked; placeholders bound.
        laws: whole laws; the k-th comes from `sources[k]`.
        known: what else is known.
        sources: what laws, statements and assumptions come from, in words.
        equations: mechanisms that are known: formulas of a variable's parents.

    Raises:
        TooLarge: too many terms or response types, with a forecast.
        InvalidQuery: a query that is no sum of ratios, or worlds that cannot be.
    """
    kept = _mentioned(query, laws, known) | set(equations) | {t.name for e in equations.values() for t in terms(e)}
    frame = Frame.of(graph, states, kept, equations)
    sums = Sums(lambda moment: enumerated(frame, moment.event, moment.weight))
    return _Assembly(frame, laws, known, sums).programme(query, tuple(sources))


def _mentioned(query: Query, laws: Sequence[KnownLaw], known: Sequence[Known]) -> set[str]:
    """The variables that something is asked, imposed or known of."""
    found = {name for law in laws for name in (*law.variables, *law.do)}
    events = [event for item in known for _, event in item.combination if event is not None]
    for node in (*query_nodes(query), *(node for event in events for node in walk(event))):
        if isinstance(node, Var):
            found.add(node.name)
            for a in node.world:
                found |= {a.target} | ({a.parent} if a.parent is not None else set())
    return found


@dataclass
class _Assembly:
    """Everything that is read, before and after the blocks are known."""

    frame: Frame
    laws: Sequence[KnownLaw]
    known: Sequence[Known]
    sums: Sums
    given: list[Given] = field(default_factory=lambda: [])
    cells: list[tuple[Rows, Array, int]] = field(default_factory=lambda: [])

    def programme(self, query: Query, sources: tuple[str, ...]) -> Programme:
        """Read everything, find the blocks, and write the polynomials."""
        parts = fractions(query, self.number)
        self.sums.read(parts, self.known)
        for source, law in enumerate(self.laws):
            if len(closed(self.frame, law)) < len(law.variables):
                self.cells.append(self.by_cell(law, source))
        forms = Forms(self.frame.blocks(self.names()))
        every = self.frame.blocks(self.names(every=True))
        for source, law in enumerate(self.laws):
            self.given += factored(self.frame, law, source, every)
            for block in every:
                if self.frame.relaxed(block):
                    self.given += smaller(self.frame, law, source, block)
        ratios = [self.sums.ratio(forms, fraction) for fraction in parts]
        limits = [*self.limits(forms)]
        wanted = self.touched(ratios, limits)
        limits += self.whole(forms)
        relaxed = {b: reason for b, block in enumerate(forms.blocks) if (reason := self.frame.relaxed(block))}
        for b in [b for b in relaxed if forms.found[b]]:
            rows, exact = independent(self.frame, forms, b, self.laws)
            limits += rows
            if exact:
                del relaxed[b]
        floor, ceiling = ends(query, self.frame.states)
        blocks = self.blocks(forms, wanted, relaxed)
        kept = [b for b, block in enumerate(blocks) if block is not None]
        lost = {b for b, block in enumerate(blocks) if block is None and forms.found[b]}
        return Programme(
            tuple(block for block in blocks if block is not None),
            tuple(
                replace(x, polynomial=on_blocks(x.polynomial, kept)) for x in limits if not reads(x.polynomial) & lost
            ),
            tuple(ratio.each(lambda polynomial: on_blocks(polynomial, kept)) for ratio in ratios),
            sources,
            floor,
            ceiling,
            self.frame.states,
        )

    def by_cell(self, law: KnownLaw, source: int) -> tuple[Rows, Array, int]:
        """A law that is not closed under causes, all its cells at once; an axis for what is imposed comes first."""
        found: list[Rows] = []
        sizes = [range(self.frame.size(name)) for name in law.do]
        cells = int(np.prod([self.frame.size(name) for name in law.variables]))
        for k, imposed in enumerate(itertools.product(*sizes)):
            values = (Const(self.frame.states[n][i]) for n, i in zip(law.do, imposed, strict=True))
            here = world(*(Set(name, value) for name, value in zip(law.do, values, strict=True)))
            rows = enumerated(self.frame, None, by=[Var(name, here) for name in law.variables])
            found.append(replace(rows, cell=rows.cell + k * cells))
        # Worlds that impose different values on the same variables have the same instances.
        whole = Rows(
            found[0].variables,
            np.concatenate([rows.codes for rows in found]),
            np.concatenate([rows.weights for rows in found]),
            np.concatenate([rows.cell for rows in found]),
        )
        return whole, np.asarray(law.array, dtype=float).reshape(-1), source

    def names(self, every: bool = False) -> set[str]:
        """The variables whose mechanism is read; those too, if wanted, whose equation is known."""
        found = self.sums.variables | {name for rows, _, _ in self.cells for name in rows.variables}
        told = {name for law in self.laws for name in closed(self.frame, law)}
        return found | (told if every else told - set(self.frame.equations))

    def number(self, event: Expr) -> float | None:
        """The probability of an event that one law measures, in its own world."""
        read = terms(event)
        for law in self.laws:
            where = [_row_of(self.frame, law, t) for t in read]
            if read and all(w is not None and w == where[0] for w in where):
                return _in_law(self.frame, law, event, where[0] or ())
        return None

    # -----------------------------------------------------------------------------------------------------------------

    def limits(self, forms: Forms) -> Iterator[Limit]:
        """What is known that no closed law says."""
        yield from (self.sums.limit(forms, item) for item in self.known)
        for rows, values, source in self.cells:
            factors = forms.read(rows.variables, rows.codes)
            order = np.argsort(rows.cell, kind="stable")
            starts = np.searchsorted(rows.cell[order], np.arange(len(values) + 1))
            for k, value in enumerate(values.tolist()):
                own = order[starts[k] : starts[k + 1]]
                yield Limit(tidied(rows.weights[own], factors[own]), value, value, source)

    def whole(self, forms: Forms) -> Iterator[Limit]:
        """What closed laws say of one block each, each number once."""
        said: dict[tuple[float, ...], list[float]] = {}
        for given in self.given:
            own = [i for i, name in enumerate(given.variables) if name not in self.frame.equations]
            factors = forms.read([given.variables[i] for i in own], given.codes[:, own])
            for row, follows, value in zip(factors, self.follows(given), given.values.tolist(), strict=True):
                key = (*row.tolist(), follows)
                before = said.setdefault(key, [])
                if all(abs(value - x) > SAME for x in before):
                    before.append(value)
                    yield Limit(Polynomial(np.full(1, follows), row[None]), value, value, given.source)

    def follows(self, given: Given) -> Array:
        """1 where the variables whose equation is known follow it, 0 where the form is impossible; shape (forms,)."""
        found = np.ones(len(given.codes))
        for i, name in enumerate(given.variables):
            if name in self.frame.equations:
                place = given.codes[:, i] - self.frame.first[name] * self.frame.widest
                row, state = np.divmod(place, self.frame.widest)
                found *= self.frame.followed(name)[row] == state
        return found

    def touched(self, ratios: Iterable[Ratio], limits: Iterable[Limit]) -> set[int]:
        """The blocks that the query reads, and those that something known reads together with others."""
        asked = [p for ratio in ratios for p in (ratio.above, ratio.below) if p is not None]
        return set[int]().union(*map(reads, [*asked, *(limit.polynomial for limit in limits)]))

    def blocks(self, forms: Forms, wanted: set[int], relaxed: Mapping[int, str]) -> list[Block | None]:
        """The blocks that something reads; one that only whole laws read is left out where it is too large."""
        found: list[Block | None] = []
        for b, members in enumerate(forms.blocks):
            try:
                own = list(forms.found[b])
                found.append(block_of(self.frame, members, own, relaxed.get(b, "")) if own else None)
            except TooLarge:
                if b in wanted:
                    raise
                found.append(None)
        return found


def _row_of(frame: Frame, law: KnownLaw, term: Var) -> tuple[int, ...] | None:
    """The values imposed in a law, where the law measures the term under them."""
    if term.name not in law.variables:
        return None
    place = _imposed(relevant_world(frame.graph, term.name, term.world))
    if place is None or set(place) != set(law.do):
        return None
    return tuple(frame.place[name][place[name].value] for name in law.do)


def _imposed(assignments: Iterable[Assignment]) -> dict[str, Const] | None:
    found: dict[str, Const] = {}
    for a in assignments:
        if not isinstance(a, Set) or a.parent is not None or not isinstance(a.value, Const):
            return None
        found[a.target] = a.value
    return found


def _in_law(frame: Frame, law: KnownLaw, event: Expr, row: tuple[int, ...]) -> float:
    """The probability of an event in a law."""
    table = np.asarray(law.array, dtype=float)[row]
    read = sorted({t.name for t in terms(event)}, key=law.variables.index)
    joint = table.sum(axis=tuple(i for i, name in enumerate(law.variables) if name not in read))
    total = 0.0
    for cell in np.argwhere(joint > 0):
        values: dict[str, Value] = {name: frame.states[name][int(i)] for name, i in zip(read, cell, strict=True)}
        if truth(evaluate(event, partial(_named, values))):
            total += float(joint[tuple(cell)])
    return total


def _named(values: Mapping[str, Value], term: Var) -> Value:
    return values[term.name]
