"""From a variable as it was written to its mechanism and states: every row and every name is checked here."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import TypeAlias, cast

from ._errors import InvalidModel, UnknownName
from ._laws import Laws
from ._mechanism import Equation, Mechanism, NoiseTable, Table
from ._noise import BOOLEAN, as_number, check_law, check_laws, check_state, check_states
from ._resolve import resolve_expr, state_of
from ._syntax import MAX_NUMBER, Const, Expr, Op, Value, Var, leaves, print_const
from ._values import is_logical, ordered_states, possible_values
from ._variable import Items, Key, Variable

MAX_ROWS = 1 << 20
"""Most rows that one table may have."""

States: TypeAlias = Mapping[str, tuple[Value, ...]]


def build_mechanism(v: Variable, inputs: tuple[str, ...], states: States) -> tuple[Mechanism, tuple[Value, ...]]:
    """The mechanism that `v` describes, and the states of `v`.

    Args:
        v: the variable as written.
        inputs: what its mechanism reads, see `inputs_of`.
        states: the states of every noise, and of the variables before this one.

    Raises:
        InvalidModel, InvalidQuery, UnknownName, UnknownState: with what was got, wanted, and what to try.
    """
    if v.table is not None or v.counts is not None:
        return _table(v, inputs, states)
    if v.function is not None:
        return _noise_table(v, inputs, states)
    if v.equation is None:
        return _noise_itself(v, inputs, states)
    scope = {name: states[name] for name in inputs}
    if v.states is not None and v.states == BOOLEAN and is_logical(v.equation, scope):
        return Equation(v.equation, inputs), v.states  # whichever of the two it can be
    expr = resolve_expr(v.equation, scope, v.states or (), f"The equation of {v.name!r}")
    return Equation(expr, inputs), _equation_states(v, expr, scope)


def _noise_itself(v: Variable, inputs: tuple[str, ...], states: States) -> tuple[Equation, tuple[Value, ...]]:
    """A variable that is its noise; a truth value may be told as the second of two states."""
    if len(inputs) != 1:
        raise InvalidModel(f"{v.name!r} has {len(inputs)} noises and no equation. Say how they make its value.")
    noise, own = Var(inputs[0]), states[inputs[0]]
    if v.states is None or own == v.states or set(own) <= set(v.states):
        return Equation(noise, inputs), v.states or own
    if own != BOOLEAN or len(v.states) != 2:
        raise InvalidModel(f"{v.name!r} equals its noise, whose states {own} are not among {v.states}.")
    return Equation(Op("if", (noise, Const(v.states[1]), Const(v.states[0]))), inputs), v.states


def _equation_states(v: Variable, expr: Expr, scope: Mapping[str, tuple[Value, ...]]) -> tuple[Value, ...]:
    for term in leaves(expr):
        if term.world:
            raise InvalidModel(
                f"The equation of {v.name!r} has the term {term.name}[...]; equations speak of one world only."
            )
    values, reached = possible_values(expr, scope, f"The equation of {v.name!r}")
    if v.states is not None:
        strangers = [x for x in values if x not in v.states]
        if strangers and reached:
            raise InvalidModel(
                f"The equation of {v.name!r} gives {print_const(strangers[0])}, "
                f"which is not among its states {v.states}."
            )
        return v.states
    return ordered_states(values)


def _grid(v: Variable, inputs: Sequence[str], states: States) -> list[Key]:
    _check_size(v, inputs, states)
    return list(itertools.product(*(states[name] for name in inputs)))


def _check_size(v: Variable, inputs: Sequence[str], states: States) -> None:
    size = math.prod(len(states[name]) for name in inputs)
    if size > MAX_ROWS:
        raise InvalidModel(
            f"{v.name!r} needs {size:,} rows; at most {MAX_ROWS:,} are kept. Split it, or use an equation."
        )


def _rows(v: Variable, items: Items, inputs: tuple[str, ...], states: States) -> dict[Key, object]:
    """Rows by canonical key, complete and without strangers."""
    found: dict[Key, object] = {}
    for key, row in items:
        if len(key) != len(inputs):
            raise InvalidModel(f"{v.name!r} has a row for {key}; a key has one state for each of {inputs}.")
        place = tuple(state_of(n, x, states[n]) for n, x in zip(inputs, key, strict=True))
        if place in found:
            raise InvalidModel(f"{v.name!r} has two rows for {_named(inputs, place)}. Keep one.")
        found[place] = row
    for key in _grid(v, inputs, states):
        if key not in found:
            raise InvalidModel(
                f"{v.name!r} has no row for {_named(inputs, key)}. Every combination of its inputs' states needs one."
            )
    return found


def _named(inputs: tuple[str, ...], key: Key) -> str:
    return ", ".join(f"{n} = {x!r}" for n, x in zip(inputs, key, strict=True))


def _root_law(v: Variable, items: Items) -> Items:
    """A root's table may be the law itself: {state: p}."""
    if not (v.parents or ()) and items and all(len(key) == 1 for key, _ in items):
        return (((), tuple((key[0], p) for key, p in items)),)
    return items


def _table(v: Variable, inputs: tuple[str, ...], states: States) -> tuple[Table, tuple[Value, ...]]:
    for name in inputs:
        if name not in states:
            raise UnknownName(name, states, f"The table of {v.name!r}")
    given = v.table if v.table is not None else v.counts or ()
    if isinstance(given, Laws):
        return _array_table(v, given, inputs, states)
    items = _root_law(v, given)
    own = v.states or _states_of_rows(items)
    rows = _rows(v, items, inputs, states)
    laws: list[tuple[float, ...]] = []
    totals: list[float] = []
    for key in _grid(v, inputs, states):
        where = _place(v.name, inputs, key)
        row = _in_order(v.name, rows[key], own, where)
        if v.counts is not None:
            counts = _checked_counts(row, where)
            totals.append(math.fsum(counts))
            row = [x / totals[-1] for x in counts]
        laws.append(check_law(own, row, where))
    return Table(inputs, tuple(laws), tuple(totals) if v.counts is not None else None), own


def _place(name: str, inputs: tuple[str, ...], key: Key) -> str:
    return f"P({name} | {_named(inputs, key)})" if key else f"P({name})"


def _array_table(v: Variable, given: Laws, inputs: tuple[str, ...], states: States) -> tuple[Table, tuple[Value, ...]]:
    """A table given as an array: checked row by row in array code."""
    _check_size(v, inputs, states)
    own = v.states or BOOLEAN
    domains = [states[name] for name in inputs]
    rows = given.rows(v.name, tuple(map(len, domains)), len(own))

    def where(row: int) -> str:
        return _place(v.name, inputs, next(itertools.islice(itertools.product(*domains), row, None)))

    totals = None
    if v.counts is not None:
        for r, row in enumerate(rows.tolist()):
            _checked_counts(row, where(r) if not 0 < math.fsum(row) <= MAX_NUMBER or min(row) < 0 else v.name)
        totals = tuple(math.fsum(row) for row in rows.tolist())
        rows = rows / [[total] for total in totals]
    array = check_laws(rows, where)
    table = Table(inputs, tuple(map(tuple, array.tolist())), totals)
    array.flags.writeable = False
    table.__dict__["array"] = array  # a cached property, here filled before it is asked for
    return table, own


def _checked_counts(row: Sequence[object], where: str) -> list[float]:
    found: list[float] = []
    for x in row:
        # One comparison refuses NaN, infinity, and an integer past the range of floats.
        count = as_number(x)
        if count is None or not 0 <= count <= MAX_NUMBER:
            raise InvalidModel(f"{where} has the count {x!r}; counts are numbers from 0 up to {MAX_NUMBER:g}.")
        found.append(float(count))
    if not any(found):
        raise InvalidModel(f"{where} was never observed (all counts are 0): its law cannot be estimated.")
    return found


def _states_of_rows(items: Items) -> tuple[Value, ...]:
    row = items[0][1] if items else ()
    pairs = cast("tuple[object, ...]", row) if isinstance(row, tuple) else ()
    if pairs and all(isinstance(p, tuple) and len(cast("tuple[object, ...]", p)) == 2 for p in pairs):
        return check_states([cast("tuple[Value, float]", p)[0] for p in pairs], "A table")
    return BOOLEAN


def _in_order(name: str, row: object, own: tuple[Value, ...], where: str) -> list[object]:
    cells = cast("tuple[object, ...]", row) if isinstance(row, tuple) else None
    if cells is None:
        raise InvalidModel(f"{where} is {row!r}; probabilities of the states {own} are wanted, in that order.")
    if cells and all(isinstance(c, tuple) for c in cells):
        named = {state_of(name, s, own): p for s, p in cast("tuple[tuple[Value, float], ...]", cells)}
        return [named.get(s, 0.0) for s in own]
    return list(cells)


def _noise_table(v: Variable, inputs: tuple[str, ...], states: States) -> tuple[NoiseTable, tuple[Value, ...]]:
    rows = _rows(v, v.function or (), inputs, states)
    outcomes = [check_state(rows[key], f"The outcomes of {v.name!r}") for key in _grid(v, inputs, states)]
    own = v.states or tuple(dict.fromkeys(outcomes))
    return NoiseTable(inputs, tuple(state_of(v.name, x, own) for x in outcomes)), own
