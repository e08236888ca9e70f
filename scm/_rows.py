"""Rows of data that fill a query's placeholders: checked, coded, and grouped so that consistency sees equal values."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from ._errors import InvalidQuery, InvalidRows, UnknownState, listing, near
from ._query import Query, placeholders, query_nodes
from ._resolve import state_of
from ._syntax import Const, Op, Placeholder, Set, Value, Var, World, carrier_of

States = Mapping[str, tuple[Value, ...]]
Codes = NDArray[np.intp]
Token: TypeAlias = Const | Placeholder


@dataclass(frozen=True)
class Rows:
    """Placeholders' values as positions among their states.

    Attributes:
        columns: one position a row, for each placeholder.
        domains: what the positions stand for.
        count: how many rows.
    """

    columns: Mapping[str, Codes]
    domains: Mapping[str, tuple[Value, ...]]
    count: int


@dataclass(frozen=True)
class Group:
    """Rows in which the same placeholders are equal to one another and to constants of the query."""

    rows: NDArray[np.intp]
    replace: Mapping[Placeholder, Const | Placeholder]


def carriers(query: Query) -> dict[str, list[str]]:
    """For each placeholder, the variables whose state it stands for."""
    found: dict[str, list[str]] = {name: [] for name in placeholders(query)}
    for node in query_nodes(query):
        if isinstance(node, Op):
            for arg in node.args:
                if isinstance(arg, Placeholder):
                    found[arg.name] += [a.name for a in node.args if isinstance(a, Var)]
        elif isinstance(node, Var):
            for a in node.world:
                if isinstance(a, Set) and isinstance(a.value, Placeholder):
                    found[a.value.name].append(carrier_of(a))
    return found


def code_rows(query: Query, rows: Mapping[str, Sequence[object]] | None, states: States) -> Rows:
    """Each placeholder's values as positions among its states; one row where there are no placeholders.

    Raises:
        InvalidQuery: the query has placeholders but no rows came.
        InvalidRows: a column is missing, unknown, of another length, or has a value that is no state (with its row).
    """
    wanted = carriers(query)
    domains = {name: _domain(name, variables, states) for name, variables in wanted.items()}
    if rows is None:
        if wanted:
            raise InvalidQuery(
                f"The query leaves {listing(wanted)} open. Give rows={{name: values}}, or bind(query, name=value)."
            )
        return Rows({}, {}, 1)
    for name in rows:
        if name not in wanted:
            raise InvalidRows(
                f"The rows have a column {name!r} that the query does not use; "
                f"its placeholders are {listing(wanted)}.{near(name, wanted)}"
            )
        if not _is_column(rows[name]):
            raise InvalidRows(f"The column {name!r} is {type(rows[name]).__name__}; a list of values is wanted.")
    lengths = {name: len(column) for name, column in rows.items()}
    if len(set(lengths.values())) > 1:
        raise InvalidRows(f"The columns have different lengths: {lengths}. Every column needs one value a row.")
    out: dict[str, Codes] = {}
    for name, variables in wanted.items():
        if name not in rows:
            raise InvalidRows(f"No column fills ?{name}. The rows have {listing(rows)}.")
        out[name] = _codes(name, variables[0], rows[name], domains[name])
    return Rows(out, domains, next(iter(lengths.values()), 1))


def _is_column(column: object) -> bool:
    """Whether values can be taken from it; arrays and the columns of data frames are no `Sequence`."""
    return isinstance(column, Sized) and isinstance(column, Iterable) and not isinstance(column, str)


def _domain(name: str, variables: Sequence[str], states: States) -> tuple[Value, ...]:
    if not variables:
        raise InvalidQuery(f"?{name} is not compared with a variable, so its values are not known. Write X = ?{name}.")
    for other in variables[1:]:
        if states[other] != states[variables[0]]:
            raise InvalidQuery(
                f"?{name} stands for {variables[0]!r} and {other!r}, whose states differ. Use a placeholder for each."
            )
    return states[variables[0]]


def _codes(name: str, variable: str, column: Sequence[object], domain: tuple[Value, ...]) -> Codes:
    known: dict[object, int] = {}
    codes = np.empty(len(column), dtype=np.intp)
    for i, raw in enumerate(column):
        item = cast(Any, raw).item() if isinstance(raw, np.generic) else raw
        try:
            if item not in known:
                known[item] = domain.index(state_of(variable, cast(Value, item), domain))
        except (UnknownState, TypeError):
            raise InvalidRows(
                f"Row {i + 1}, column {name!r}: {item!r} is not a state of {variable!r}; "
                f"its states are {listing(domain)}."
            ) from None
        codes[i] = known[item]
    return codes


def row_groups(query: Query, columns: Mapping[str, Codes], rows: int, domains: States) -> Iterator[Group]:
    """Rows grouped by which values coincide, so that a batch finds what each row alone would find.

    Two values can only meet at one instance if they belong to the same variable, or to variables tied by nesting; only
    those are compared.
    """
    if not columns:
        yield Group(np.arange(rows), {})
        return
    groups = _meeting(query)
    tokens = sorted(dict.fromkeys(t for group in groups for t in group), key=lambda t: isinstance(t, Placeholder))
    labels = _labels(tokens, groups, columns, rows, domains)
    patterns, inverse = np.unique(labels, axis=0, return_inverse=True)
    for p, pattern in enumerate(patterns):
        stand = {t: tokens[int(k)] for t, k in zip(tokens, pattern, strict=True) if isinstance(t, Placeholder)}
        replace = {name: token for name, token in stand.items() if token != name}
        yield Group(np.flatnonzero(inverse.reshape(-1) == p), replace)


def _labels(
    tokens: Sequence[Token], groups: Sequence[Sequence[Token]], columns: Mapping[str, Codes], rows: int, domains: States
) -> NDArray[np.intp]:
    """For each row and token, the first token equal to it by value, constants first; equality spreads to all groups."""
    place = {token: i for i, token in enumerate(tokens)}
    labels = np.tile(np.arange(len(tokens)), (rows, 1))
    pairs = [
        (place[a], place[b], _equal(a, b, columns, domains))
        for group in groups
        for a, b in itertools.combinations(group, 2)
    ]
    while True:
        before = labels.copy()
        for i, j, equal in pairs:
            least = np.minimum(labels[:, i], labels[:, j])
            labels[:, i] = np.where(equal, least, labels[:, i])
            labels[:, j] = np.where(equal, least, labels[:, j])
        if np.array_equal(before, labels):
            return labels


def _equal(a: Token, b: Token, columns: Mapping[str, Codes], domains: States) -> NDArray[np.bool_]:
    """In which rows two tokens have the same value (states of different variables may stand in another order)."""
    first, second = (((t.value,) if isinstance(t, Const) else domains[t.name]) for t in (a, b))
    same = np.array([[x == y for y in second] for x in first])
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
