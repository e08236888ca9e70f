"""Rows of data that fill a query's placeholders: checked, coded, and grouped so that consistency sees equal values."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from ._codes import NOT_OBSERVED, Codes, code_column, smallest_kind
from ._domain import Domain
from ._errors import InvalidQuery, InvalidRows, listing, near
from ._frames import Column, Encoded, Frame, frame_of
from ._memo import by_identity
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
    Expr,
    Op,
    Placeholder,
    Set,
    Value,
    Var,
    carrier_of,
    conjunction,
    conjuncts,
    print_expr,
    walk,
)

States = Mapping[str, tuple[Value, ...]]


@dataclass(frozen=True)
class Rows:
    """Placeholders' values as positions among their states.

    Attributes:
        columns: one position a row, for each placeholder; `NOT_OBSERVED` where the cell is empty.
        domains: what the positions stand for.
        count: how many rows.
        empty: placeholders that have an empty cell in some row.
    """

    columns: Mapping[str, Codes]
    domains: Mapping[str, tuple[Value, ...]]
    count: int
    empty: tuple[str, ...] = ()


@by_identity
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
    left = carriers(query)
    asked = with_evidence(query, tuple(name for name in names if name not in left))
    wanted = carriers(asked)
    domains = {name: _domain(name, variables, states) for name, variables in wanted.items()}
    columns = {name: frame.column(name) for name in names}
    count = row_count(frame, columns)
    empty = np.empty(0, dtype=np.intp)
    codes = {
        name: code_column(name, variables[0], columns[name], domains[name]).astype(smallest_kind(len(domains[name])))
        if name in columns
        else empty
        for name, variables in wanted.items()
    }
    missing = tuple(name for name, c in codes.items() if len(c) and c.min() == NOT_OBSERVED)
    check_observed(asked, {name: codes[name] == NOT_OBSERVED for name in missing})
    return asked, Rows(codes, domains, count, missing)


def row_variables(
    query: Query, names: Sequence[str], states: Mapping[str, Domain], ignored: Sequence[str] = ()
) -> dict[str, str]:
    """For each column that means something, the variable whose states it holds; see `read_rows`.

    Raises:
        InvalidRows: a column means nothing, or one that is wanted is not there.
    """
    left = carriers(query)
    if isinstance(ignored, str):
        raise InvalidRows(f"ignored={ignored!r}: several names are wanted, ignored=({ignored!r},).")
    for name in ignored:
        if name not in names:
            raise InvalidRows(f"There is no column {name!r} to ignore.{near(str(name), map(str, names))}")
    used = [name for name in names if name not in ignored]
    for name in used:
        if name not in left and name not in states:
            raise InvalidRows(
                f"The rows have a column {name!r} that the query does not use and that is no variable of the model. "
                f"Its placeholders are {listing(left)}; the variables are {listing(states)}."
                f"{near(str(name), [*left, *states])} If it means nothing here, leave it out: {_leave_out(name)}."
            )
    for name in left:
        if name not in used:
            raise InvalidRows(f"No column fills ?{name}. The rows have {listing(names)}.")
    spoken = carriers(query)
    return {name: (spoken[name] or [""])[0] if name in spoken else name for name in used}


def _leave_out(name: object) -> str:
    """How to, in Python and on the command line."""
    return f"ignored=({name!r},)" + (f" or --ignore {shlex.quote(name)}" if isinstance(name, str) else "")


def row_count(frame: Frame, columns: Mapping[str, Column]) -> int:
    """How many rows there are.

    Raises:
        InvalidRows: columns of different lengths.
    """
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


@by_identity
def with_evidence(query: Query, names: tuple[str, ...]) -> Query:
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


def check_observed(query: Query, empty: Mapping[str, NDArray[np.bool_]]) -> None:
    """That a cell is empty only where leaving it out means something.

    Args:
        query: with the evidence that the rows bring.
        empty: for each placeholder with an empty cell, which they are.

    Raises:
        InvalidRows: a cell is empty where a value must be.
    """
    for name, cells in empty.items():
        if where := _needed(query, name):
            row = int(np.argmax(cells)) + 1
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
