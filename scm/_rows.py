"""Rows of data that fill a query's placeholders: checked, coded, and grouped so that consistency sees equal values."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import TypeAlias, assert_never

import numpy as np
from numpy.typing import NDArray

from ._bind import replace_placeholders
from ._codes import NOT_OBSERVED, Codes, code_column
from ._errors import InvalidQuery, InvalidRows, listing, near
from ._frames import Column, Encoded, Frame, frame_of
from ._query import (
    Contrast,
    Distribution,
    Expectation,
    Number,
    Probability,
    Query,
    placeholders,
    query_nodes,
    query_terms,
    term_parts,
)
from ._syntax import (
    Const,
    Expr,
    Op,
    Placeholder,
    Set,
    Value,
    Var,
    World,
    carrier_of,
    conjunction,
    conjuncts,
    print_expr,
    walk,
)

States = Mapping[str, tuple[Value, ...]]
Token: TypeAlias = Const | Placeholder


@dataclass(frozen=True)
class Rows:
    """Placeholders' values as positions among their states.

    Attributes:
        columns: one position a row, for each placeholder; `NOT_OBSERVED` where the cell is empty.
        domains: what the positions stand for.
        count: how many rows.
    """

    columns: Mapping[str, Codes]
    domains: Mapping[str, tuple[Value, ...]]
    count: int


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
        observed = without_facts(query, self.unobserved) if self.unobserved else query
        return replace_placeholders(observed, self.replace) if self.replace else observed

    def columns(self, columns: Mapping[str, Codes]) -> dict[str, Codes]:
        """The values of the placeholders that `query` leaves open, for these rows."""
        gone = self.unobserved | {placeholder.name for placeholder in self.replace}
        return {name: c if self.whole else c[self.rows] for name, c in columns.items() if name not in gone}


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


def read_rows(query: Query, rows: object, states: States, ignored: Sequence[str] = ()) -> tuple[Query, Rows]:
    """The query with the evidence that the rows bring, and the rows coded; one row where nothing is left open.

    A column named as a placeholder fills it. A column named as a variable is what was observed of that variable in the
    factual world: `V = ?V` joins the condition of every term. An empty cell means that nothing was observed there: its
    fact `term = ?name` is left out for that row. Anywhere else, as the value of an intervention, in what is asked, or
    in a condition such as `Z = ?z or W = 1` or `Z != ?z`, leaving it out would ask something else, and it is refused.

    Args:
        query: names and states checked.
        rows: a mapping of columns, a list of dicts, a pandas or polars DataFrame, an Arrow table; None for none.
        states: the states of every variable.
        ignored: columns that mean nothing here.

    Raises:
        InvalidQuery: the query has placeholders but no rows came, or one that no variable gives its values.
        InvalidRows: a column is missing, means nothing, has another length, or holds a value that is no state (with
            its row); a cell is empty where a value must be.
    """
    if rows is None:
        if wanted := placeholders(query):
            raise InvalidQuery(
                f"The query leaves {listing(wanted)} open. Give rows={{name: values}}, or bind(query, name=value)."
            )
        return query, Rows({}, {}, 1)
    frame = frame_of(rows)
    # No records at all have no names either.
    names = list(row_variables(query, frame.names, states, ignored)) if frame.names or frame.count != 0 else []
    left = placeholders(query)
    asked = with_evidence(query, [name for name in names if name not in left])
    wanted = carriers(asked)
    domains = {name: _domain(name, variables, states) for name, variables in wanted.items()}
    columns = {name: frame.column(name) for name in names}
    count = _count(frame, columns)
    empty = np.empty(0, dtype=np.intp)
    codes = {
        name: code_column(name, variables[0], columns[name], domains[name]) if name in columns else empty
        for name, variables in wanted.items()
    }
    _check_observed(asked, codes)
    return asked, Rows(codes, domains, count)


def row_variables(query: Query, names: Sequence[str], states: States, ignored: Sequence[str] = ()) -> dict[str, str]:
    """For each column that means something, the variable whose states it holds; see `read_rows`.

    Raises:
        InvalidRows: a column means nothing, or one that is wanted is not there.
    """
    left = placeholders(query)
    for name in ignored:
        if name not in names:
            raise InvalidRows(f"There is no column {name!r} to ignore.{near(str(name), map(str, names))}")
    used = [name for name in names if name not in ignored]
    for name in used:
        if name not in left and name not in states:
            raise InvalidRows(
                f"The rows have a column {name!r} that the query does not use and that is no variable of the model. "
                f"Its placeholders are {listing(left)}; the variables are {listing(states)}."
                f"{near(str(name), [*left, *states])} Name it among the ignored columns if it means nothing here."
            )
    for name in left:
        if name not in used:
            raise InvalidRows(f"No column fills ?{name}. The rows have {listing(names)}.")
    spoken = carriers(query)
    return {name: (spoken[name] or [""])[0] if name in spoken else name for name in used}


def _count(frame: Frame, columns: Mapping[str, Column]) -> int:
    lengths = {name: _length(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        raise InvalidRows(f"The columns have different lengths: {lengths}. Every column needs one value a row.")
    if frame.count is None and not lengths and frame.names:  # all of them are ignored
        return _length(frame.column(frame.names[0]))
    return next(iter(lengths.values()), 1) if frame.count is None else frame.count


def _length(column: Column) -> int:
    return len(column.codes if isinstance(column, Encoded) else column.values)


def _domain(name: str, variables: Sequence[str], states: States) -> tuple[Value, ...]:
    if not variables:
        raise InvalidQuery(f"?{name} is not compared with a variable, so its values are not known. Write X = ?{name}.")
    for other in variables[1:]:
        if states[other] != states[variables[0]]:
            raise InvalidQuery(
                f"?{name} stands for {variables[0]!r} and {other!r}, whose states differ. Use a placeholder for each."
            )
    return states[variables[0]]


# ---------------------------------------------------------------------------------------------------------------------
# Evidence


def with_evidence(query: Query, names: Iterable[str]) -> Query:
    """`query` with `V = ?V`, in the factual world, joined to the condition of every term."""
    facts = tuple(Op("=", (Var(name), Placeholder(name))) for name in names)
    return _with_given(query, lambda given: (*conjuncts(given), *facts)) if facts else query


def without_facts(query: Query, unobserved: AbstractSet[str]) -> Query:
    """`query` without the facts that these placeholders stand in."""
    return _with_given(query, lambda given: tuple(p for p in conjuncts(given) if _open_fact(p) not in unobserved))


def _with_given(query: Query, change: Callable[[Expr | None], tuple[Expr, ...]]) -> Query:
    match query:
        case Number():
            return query
        case Contrast(_, left, right):
            return replace(query, left=_with_given(left, change), right=_with_given(right, change))
        case Probability() | Expectation() | Distribution():
            parts = change(query.given)
            return replace(query, given=conjunction(*parts) if parts else None)
        case _:
            assert_never(query)


def _open_fact(part: Expr) -> str | None:
    """The placeholder of a fact `term = ?name`; a term whose own world is open is no such fact."""
    match part:
        case Op("=", (Var() as term, Placeholder(name))) | Op("=", (Placeholder(name), Var() as term)):
            return None if any(isinstance(node, Placeholder) for node in walk(term)) else name
        case _:
            return None


def _check_observed(query: Query, columns: Mapping[str, Codes]) -> None:
    """That a cell is empty only where leaving it out means something."""
    for name, codes in columns.items():
        if len(codes) and codes.min() == NOT_OBSERVED and (where := _needed(query, name)):
            row = int(np.argmax(codes == NOT_OBSERVED)) + 1
            raise InvalidRows(
                f"column {name!r}: the cell is empty, but ?{name} {where}. Give a value, or leave the row out.", row=row
            )


def _needed(query: Query, name: str) -> str:
    """Why a placeholder must have a value; '' where it only stands in facts of their own."""
    for term in query_terms(query):
        asked = term_parts(replace(term, given=None))
        for part in (*asked, *(part for part in conjuncts(term.given) if _open_fact(part) != name)):
            if not _speaks(part, name):
                continue
            if any(isinstance(node, Var) and node.world and _speaks(node, name) for node in walk(part)):
                return "is imposed by an intervention"
            if part in asked:
                return "stands in what is asked"
            return f"stands in the condition {print_expr(part)}, which says nothing once a part of it is unknown"
    return ""


def _speaks(part: Expr, name: str) -> bool:
    return any(isinstance(node, Placeholder) and node.name == name for node in walk(part))


# ---------------------------------------------------------------------------------------------------------------------
# Groups


def row_groups(query: Query, columns: Mapping[str, Codes], rows: int, domains: States) -> Iterator[Group]:
    """Rows grouped by which cells are empty and which values coincide, so that each finds what it would find alone.

    Two values can only meet at one instance if they belong to the same variable, or to variables tied by nesting; only
    those are compared.
    """
    meeting = _meeting(query)
    tokens = sorted(dict.fromkeys(t for group in meeting for t in group), key=lambda t: isinstance(t, Placeholder))
    pairs = [
        pair
        for pair in dict.fromkeys(pair for group in meeting for pair in itertools.combinations(group, 2))
        if not all(isinstance(token, Const) for token in pair)
    ]
    empty = [name for name, codes in columns.items() if rows and codes.min() == NOT_OBSERVED]
    marks = itertools.chain(
        (columns[name] == NOT_OBSERVED for name in empty), (_equal(a, b, columns, domains) for a, b in pairs)
    )
    for where, pattern in _patterns(marks, rows):
        met = [pair for pair, equal in zip(pairs, pattern[len(empty) :], strict=True) if equal]
        unobserved = frozenset(name for name, is_empty in zip(empty, pattern, strict=False) if is_empty)
        at = np.arange(rows) if where is None else where
        yield Group(at, _stand_ins(tokens, met), unobserved, where is None)


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
    place = {token: i for i, token in enumerate(tokens)}
    kin = _Kin()
    for a, b in met:
        first, second = (kin.find(str(place[t])) for t in (a, b))
        if first != second:
            low, high = sorted((first, second), key=int)
            kin.tie(high, low)
    found = {t: tokens[int(kin.find(str(place[t])))] for t in tokens if isinstance(t, Placeholder)}
    return {name: token for name, token in found.items() if token != name}


def _equal(a: Token, b: Token, columns: Mapping[str, Codes], domains: States) -> NDArray[np.bool_]:
    """In which rows two tokens have the same value (states of different variables may stand in another order)."""
    first, second = (((t.value,) if isinstance(t, Const) else domains[t.name]) for t in (a, b))
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
