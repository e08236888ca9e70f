"""Rows grouped by the question that they ask: which cells are empty, and which values coincide."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ._bind import replace_placeholders
from ._codes import NOT_OBSERVED
from ._domain import Domain, Real
from ._memo import by_identity
from ._query import (
    Query,
    query_nodes,
)
from ._rows import without_facts
from ._syntax import (
    Const,
    Op,
    Placeholder,
    Set,
    Var,
    World,
    carrier_of,
)

Token: TypeAlias = Const | Placeholder


@dataclass(frozen=True)
class Group:
    """Rows that ask one question: the same cells are empty, and the same values coincide.

    Attributes:
        rows: which rows they are.
        replace: placeholders equal to a constant of the query or to another placeholder, and that.
        unobserved: placeholders whose cells are empty; the facts that they stand in are left out.
        whole: whether these are all rows, in order.
    """

    rows: NDArray[np.intp]
    replace: Mapping[Placeholder, Const | Placeholder]
    unobserved: frozenset[str] = frozenset()
    whole: bool = False

    def query(self, query: Query) -> Query:
        """What these rows ask."""
        if not self.unobserved and not self.replace:
            return query
        return _asked(query, self.unobserved, tuple(self.replace.items()))

    def columns(self, columns: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """The values of the placeholders that `query` leaves open, for these rows."""
        gone = self.unobserved | {placeholder.name for placeholder in self.replace}
        return {name: c if self.whole else c[self.rows] for name, c in columns.items() if name not in gone}


@by_identity
def _asked(
    query: Query, unobserved: frozenset[str], same: tuple[tuple[Placeholder, Const | Placeholder], ...]
) -> Query:
    observed = without_facts(query, unobserved) if unobserved else query
    return replace_placeholders(observed, dict(same)) if same else observed


def row_groups(
    query: Query,
    columns: Mapping[str, NDArray[Any]],
    rows: int,
    domains: Mapping[str, Domain],
    empty: Sequence[str] = (),
) -> Iterator[Group]:
    """Rows grouped by which cells are empty and which values coincide, so that each finds what it would find alone.

    Two values can only meet at one instance if they belong to the same variable, or to variables tied by nesting; only
    those are compared.
    """
    tokens, pairs = meeting_pairs(query)
    marks = itertools.chain(
        (not_seen(columns[name]) for name in empty), (_equal(a, b, columns, domains) for a, b in pairs)
    )
    for where, pattern in _patterns(marks, rows):
        met = [pair for pair, equal in zip(pairs, pattern[len(empty) :], strict=True) if equal]
        unobserved = frozenset(name for name, is_empty in zip(empty, pattern, strict=False) if is_empty)
        at = np.arange(rows) if where is None else where
        yield Group(at, _stand_ins(tokens, met), unobserved, where is None)


@by_identity
def meeting_pairs(query: Query) -> tuple[list[Token], list[tuple[Token, Token]]]:
    """What may meet somewhere, constants first, and which two may meet each other."""
    meeting = _meeting(query)
    tokens = sorted(dict.fromkeys(t for group in meeting for t in group), key=lambda t: isinstance(t, Placeholder))
    pairs = dict.fromkeys(pair for group in meeting for pair in itertools.combinations(group, 2))
    return tokens, [pair for pair in pairs if not all(isinstance(token, Const) for token in pair)]


def _patterns(
    marks: Iterable[NDArray[np.bool_]], rows: int
) -> Iterator[tuple[NDArray[np.intp] | None, tuple[bool, ...]]]:
    """Rows by the marks that they have, several to a machine word; None for all rows."""
    key: NDArray[np.int64] | None = None
    tuples: list[tuple[bool, ...]] = [()]
    for mark in marks:
        if mark.all() or not mark.any():
            tuples = [(*t, bool(rows and mark[0])) for t in tuples]
            continue
        # Numbered anew after each mark, so that the key stays below twice the number of patterns met.
        wide = mark.astype(np.int64) if key is None else 2 * key + mark
        present = np.bincount(wide, minlength=2 * len(tuples)) > 0
        key = (np.cumsum(present) - 1)[wide]
        tuples = [(*tuples[k // 2], bool(k % 2)) for k in np.flatnonzero(present).tolist()]
    if key is None:
        yield None, tuples[0]
        return
    order = np.argsort(key.astype(np.uint16) if len(tuples) < 1 << 16 else key, kind="stable")
    ends = np.cumsum(np.bincount(key, minlength=len(tuples)))
    yield from zip(np.split(order, ends[:-1]), tuples, strict=True)


def _stand_ins(tokens: Sequence[Token], met: Iterable[tuple[Token, Token]]) -> dict[Placeholder, Token]:
    """For each placeholder that equals others, the first of them, constants first."""
    met = tuple(met)
    if not met:
        return {}
    place = {token: i for i, token in enumerate(tokens)}
    kin = _Kin()
    for a, b in met:
        first, second = (kin.find(str(place[t])) for t in (a, b))
        if first != second:
            low, high = sorted((first, second), key=int)
            kin.tie(high, low)
    found = {t: tokens[int(kin.find(str(place[t])))] for t in tokens if isinstance(t, Placeholder)}
    return {name: token for name, token in found.items() if token != name}


def not_seen(column: NDArray[Any]) -> NDArray[np.bool_]:
    """Which cells of a column of codes, or of numbers, are empty."""
    return np.isnan(column) if column.dtype.kind == "f" else column == NOT_OBSERVED


def _equal(a: Token, b: Token, columns: Mapping[str, NDArray[Any]], domains: Mapping[str, Domain]) -> NDArray[np.bool_]:
    """In which rows two tokens have the same value (states of different variables may stand in another order)."""
    first, second = (((t.value,) if isinstance(t, Const) else domains[t.name]) for t in (a, b))
    if isinstance(first, Real) or isinstance(second, Real):
        one, other = (columns[t.name] if isinstance(t, Placeholder) else t.value for t in (a, b))
        return np.asarray(one == other)  # an empty cell, NaN, equals nothing
    # An empty cell, at place -1, equals nothing.
    same = np.zeros((len(first) + 1, len(second) + 1), dtype=bool)
    same[:-1, :-1] = [[x == y for y in second] for x in first]
    at = tuple(columns[t.name] if isinstance(t, Placeholder) else 0 for t in (a, b))
    return np.asarray(same[at])


def _meeting(query: Query) -> list[list[Token]]:
    """Groups of constants and placeholders that may meet at one instance."""
    kin = _Kin()
    uses: list[tuple[str, Token]] = []
    for node in query_nodes(query):
        if isinstance(node, Op) and node.op in ("=", "in"):
            uses += _compared(node)
        elif isinstance(node, Var):
            uses += _imposed(node.world, kin)
    groups: dict[str, dict[Token, None]] = {}
    for variable, token in uses:
        groups.setdefault(kin.find(variable), {})[token] = None
    return [list(group) for group in groups.values()]


def _compared(comparison: Op) -> Iterator[tuple[str, Token]]:
    """Each variable of a comparison with each value it is compared with."""
    for variable in (a for a in comparison.args if isinstance(a, Var)):
        yield from ((variable.name, a) for a in comparison.args if isinstance(a, (Const, Placeholder)))


def _imposed(world: World, kin: _Kin) -> Iterator[tuple[str, Token]]:
    """Each variable that a world sets, with its value; one that is set to another variable is tied to it."""
    for a in world:
        if isinstance(a, Set):
            carrier = carrier_of(a)
            if isinstance(a.value, Var):
                kin.tie(carrier, a.value.name)
            else:
                yield carrier, a.value


class _Kin:
    """Variables tied by nesting (union-find)."""

    def __init__(self) -> None:
        self.parent: dict[str, str] = {}

    def find(self, name: str) -> str:
        while self.parent.get(name, name) != name:
            name = self.parent[name]
        return name

    def tie(self, a: str, b: str) -> None:
        self.parent[self.find(a)] = self.find(b)
