"""`Model`: a graph with a mechanism for every variable and a law for every noise. A value: `do` returns another model."""

from __future__ import annotations

import itertools
import math
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from ._errors import InvalidModel, InvalidQuery, UnknownName
from ._graph import CausalGraph
from ._mechanism import Equation, Mechanism, NoiseTable, Rows, Table
from ._noise import BOOLEAN, Noise, NoiseLaw, check_law, check_states
from ._parse import parse_expression
from ._resolve import resolve_expr, state_of
from ._syntax import Const, Expr, Op, Value, Var, print_const, terms, walk
from ._values import possible_values

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_ROWS = 1 << 20
"""Most rows that one table may have."""

Key = tuple[Value, ...]


def _items(rows: Rows | None) -> tuple[tuple[Key, object], ...] | None:
    if rows is None:
        return None
    if not isinstance(rows, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
        rows = {(): rows}
    out: list[tuple[Key, object]] = []
    for key, row in rows.items():
        held = (
            tuple(row.items())
            if isinstance(row, Mapping)
            else tuple(row)
            if isinstance(row, Sequence) and not isinstance(row, str)
            else row
        )
        out.append((key if isinstance(key, tuple) else (key,), cast(object, held)))
    return tuple(out)


@dataclass(frozen=True, init=False)
class Variable:
    """A variable with its mechanism, as a user writes it.

    Args:
        name: any text; in queries, names with spaces are quoted.
        states: ordered; by default those the equation can take, or False and True.
        parents: the inputs of `table`, `counts` or `function`, in the order of their keys (shared noises may be listed).
        equation: a formula of parents and noises, e.g. `"order or u_nervous"`.
        table: P(variable | parents) as {parents' states: probabilities in the order of `states`, or {state: p}}; for a
            root, the law itself.
        counts: like `table`, with counts of observed units; answers are then estimates.
        function: the outcome for {parents' states..., own noises' states...}: an explicit noise table.
        noise: a law (of the noise `u_<name>`), or {noise name: law}. Without any mechanism the variable is its noise.
        description: what it means, in words.

    Raises:
        InvalidModel: two mechanisms, or none.
    """

    name: str
    states: tuple[Value, ...] | None
    parents: tuple[str, ...] | None
    equation: Expr | None
    table: tuple[tuple[Key, object], ...] | None
    counts: tuple[tuple[Key, object], ...] | None
    function: tuple[tuple[Key, object], ...] | None
    noise: tuple[Noise, ...]
    description: str

    def __init__(
        self,
        name: str,
        states: Sequence[Value] | None = None,
        *,
        parents: Sequence[str] | None = None,
        equation: str | Expr | None = None,
        table: Rows | Sequence[float] | None = None,
        counts: Rows | Sequence[float] | None = None,
        function: Rows | None = None,
        noise: NoiseLaw | Mapping[str, NoiseLaw] | None = None,
        description: str = "",
    ) -> None:
        """Keep what was given, as values."""
        if not isinstance(name, str) or not name.strip():  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidModel(f"A variable's name is text, got {name!r}.")
        given = [
            k
            for k, v in (("equation", equation), ("table", table), ("counts", counts), ("function", function))
            if v is not None
        ]
        if len(given) > 1:
            raise InvalidModel(f"{name!r} has {' and '.join(given)}; one mechanism is wanted.")
        if isinstance(parents, str):
            raise InvalidModel(f"{name!r} has parents={parents!r}; a tuple of names is wanted: parents=({parents!r},).")
        if (given in ([], ["equation"])) and parents is not None and not given:
            raise InvalidModel(
                f"{name!r} has parents but no equation, table, counts or function. Say how it depends on them."
            )
        if not given and noise is None:
            raise InvalidModel(
                f"{name!r} has no mechanism. Give an equation, table, counts, function or noise (noise=Unknown() if nothing is known)."
            )
        if noise is not None and given and given[0] in ("table", "counts"):
            raise InvalidModel(
                f"{name!r} has a table and a noise. A table has no explicit noise; use function= or equation=."
            )
        own = noise.items() if isinstance(noise, Mapping) else () if noise is None else ((f"u_{name}", noise),)
        values = {
            "name": name,
            "states": None if states is None else check_states(states, f"Variable {name!r}"),
            "parents": None if parents is None else tuple(parents),
            "equation": parse_expression(equation) if isinstance(equation, str) else equation,
            "table": _items(cast(Rows, table)),
            "counts": _items(cast(Rows, counts)),
            "function": _items(function),
            "noise": tuple(Noise(n, law) for n, law in own),
            "description": description,
        }
        for field, value in values.items():
            object.__setattr__(self, field, value)


@dataclass(frozen=True, init=False)
class Model:
    """Variables and shared noises; checked whole when built.

    Args:
        *items: `Variable`s, and `Noise`s that several variables share. Variables may come in any order.

    Raises:
        InvalidModel, InvalidGraph, UnknownName, UnknownState: with what was got, wanted, and what to try.
    """

    items: tuple[Variable | Noise, ...]

    def __init__(self, *items: Variable | Noise) -> None:
        """Check everything."""
        object.__setattr__(self, "items", items)
        for item in items:
            if not isinstance(item, (Variable, Noise)):  # pyright: ignore[reportUnnecessaryIsInstance]
                raise InvalidModel(f"A Model is made of Variable and Noise, got {type(item).__name__}.")
        if not self.variables:
            raise InvalidModel("A Model needs at least one Variable.")
        names = [v.name for v in self.variables] + [n.name for n in self.noises.values()]
        own = [n.name for item in items for n in (item.noise if isinstance(item, Variable) else (item,))]
        for name in {*names, *own}:
            if names.count(name) > 1 or own.count(name) > 1:
                raise InvalidModel(f"The name {name!r} is declared twice. Variables and noises need different names.")
        _ = self.graph, self.mechanisms

    @cached_property
    def variables(self) -> tuple[Variable, ...]:
        """As declared."""
        return tuple(item for item in self.items if isinstance(item, Variable))

    @cached_property
    def noises(self) -> Mapping[str, Noise]:
        """Every noise, a variable's own and shared ones."""
        found = [n for item in self.items for n in (item.noise if isinstance(item, Variable) else (item,))]
        return {n.name: n for n in found}

    @cached_property
    def graph(self) -> CausalGraph:
        """The causal graph; variables that share a noise are joined by a bidirected edge."""
        names = tuple(v.name for v in self.variables)
        known = {*names, *self.noises}
        edges: list[tuple[str, str]] = []
        users: dict[str, list[str]] = {}
        for v in self.variables:
            for name in _inputs(v, known):
                if name in self.noises:
                    users.setdefault(name, []).append(v.name)
                else:
                    edges.append((name, v.name))
        confounded = [pair for who in users.values() for pair in itertools.combinations(who, 2)]
        for v in self.variables:
            for cause, _ in (e for e in edges if e[1] == v.name):
                if cause not in names:
                    raise UnknownName(cause, (*names, *self.noises), f"The mechanism of {v.name!r}")
        return CausalGraph(names, tuple(dict.fromkeys(edges)), tuple(dict.fromkeys(confounded)))

    @cached_property
    def _resolved(self) -> tuple[Mapping[str, Mechanism], Mapping[str, tuple[Value, ...]]]:
        by_name = {v.name: v for v in self.variables}
        states: dict[str, tuple[Value, ...]] = {n.name: n.law.states for n in self.noises.values()}
        mechanisms: dict[str, Mechanism] = {}
        for name in self.graph.order:
            inputs = _inputs(by_name[name], {*by_name, *self.noises})
            try:
                mechanisms[name], states[name] = _mechanism(by_name[name], inputs, states)
            except UnknownName as wrong:
                raise UnknownName(wrong.name, (*by_name, *self.noises), f"The mechanism of {name!r}") from None
            except InvalidQuery as wrong:
                raise InvalidModel(f"The equation of {name!r}: {wrong}") from None
        return mechanisms, states

    @property
    def mechanisms(self) -> Mapping[str, Mechanism]:
        """How each variable gets its value, in topological order."""
        return self._resolved[0]

    @property
    def states(self) -> Mapping[str, tuple[Value, ...]]:
        """The states of every variable and noise."""
        return self._resolved[1]

    @cached_property
    def variable_states(self) -> Mapping[str, tuple[Value, ...]]:
        """The states of the variables alone: what a query may speak of."""
        return {v.name: self.states[v.name] for v in self.variables}

    def do(self, settings: Mapping[str, Value] | None = None, /, **more: Value) -> Model:
        """The model in which variables are set: `model.do(X=1)` or `model.do({"stone size": "small"})`.

        Raises:
            UnknownName, UnknownState: a setting that the model does not have.
        """
        wanted = {**(settings or {}), **more}
        for name in wanted:
            if name not in self.variable_states:
                raise UnknownName(name, self.variable_states, "do()")
        out: list[Variable | Noise] = []
        for item in self.items:
            if isinstance(item, Variable) and item.name in wanted:
                states = self.states[item.name]
                value = state_of(item.name, wanted[item.name], states)
                out.append(Variable(item.name, states, equation=Const(value), description=item.description))
            else:
                out.append(item if isinstance(item, Noise) else replace_states(item, self.states[item.name]))
        return Model(*out)

    def sample(self, n: int, *, key: Any) -> dict[str, NDArray[Any]]:
        """`n` units drawn from the model: one array of `n` states for each variable.

        Args:
            n: how many.
            key: a JAX random key, e.g. `jax.random.key(0)`; the same key draws the same units.

        Raises:
            InvalidModel: a noise has an unknown law.
        """
        from ._sample import sample  # array code is imported when used

        return sample(self, n, key=key)

    def to_json(self, *, indent: int | None = 2) -> str:
        """The model as versioned JSON text."""
        from ._model_json import model_to_json

        return model_to_json(self, indent=indent)

    @staticmethod
    def from_json(text: str) -> Model:
        """The model that a JSON text describes; no code is run.

        Raises:
            InvalidFile: the text is no model file; the message names the place.
            InvalidModel, InvalidGraph, UnknownName, QuerySyntaxError: a model that cannot be.
        """
        from ._model_json import model_from_json

        return model_from_json(text)

    def __repr__(self) -> str:
        return f"Model({', '.join(v.name for v in self.variables)})"


def replace_states(variable: Variable, states: tuple[Value, ...]) -> Variable:
    """`variable` with its states spelt out, so that they no longer depend on its parents' mechanisms."""
    copy = object.__new__(Variable)
    for field in Variable.__dataclass_fields__:
        object.__setattr__(copy, field, states if field == "states" else getattr(variable, field))
    return copy


# ---------------------------------------------------------------------------------------------------------------------
# From what was written to mechanisms


def _inputs(v: Variable, known: Container[str]) -> tuple[str, ...]:
    """Everything the mechanism reads: parents, shared noises, own noises."""
    own = tuple(n.name for n in v.noise)
    if v.equation is not None:
        # Any other bare name is a label, or is refused when the equation is resolved.
        return tuple(dict.fromkeys(t.name for t in terms(v.equation) if t.name in known))
    if v.table is None and v.counts is None and v.function is None:
        return own
    return (*(v.parents or ()), *own)


def _mechanism(
    v: Variable, inputs: tuple[str, ...], states: Mapping[str, tuple[Value, ...]]
) -> tuple[Mechanism, tuple[Value, ...]]:
    if v.table is not None or v.counts is not None:
        return _table(v, inputs, states)
    if v.function is not None:
        return _noise_table(v, inputs, states)
    if v.equation is None:
        if len(inputs) != 1:
            raise InvalidModel(f"{v.name!r} has {len(inputs)} noises and no equation. Say how they make its value.")
        own = states[inputs[0]]
        if v.states is not None and set(own) - set(v.states):
            if own != BOOLEAN or len(v.states) != 2:
                raise InvalidModel(f"{v.name!r} equals its noise, whose states {own} are not among {v.states}.")
            expr: Expr = _two_states(inputs[0], v.states)
            return Equation(expr, inputs), v.states
        return Equation(Var(inputs[0]), inputs), v.states or own
    scope = {name: states[name] for name in inputs}
    expr = resolve_expr(v.equation, scope, v.states or (), f"The equation of {v.name!r}")
    return Equation(expr, inputs), _equation_states(v, expr, scope)


def _two_states(noise: str, states: tuple[Value, ...]) -> Expr:
    """A truth value of the noise, told as the second of two states."""
    return Op("if", (Var(noise), Const(states[1]), Const(states[0])))


def _equation_states(v: Variable, expr: Expr, scope: Mapping[str, tuple[Value, ...]]) -> tuple[Value, ...]:
    for node in walk(expr):
        if isinstance(node, Var) and node.world:
            raise InvalidModel(
                f"The equation of {v.name!r} has the term {node.name}[...]; equations speak of one world only."
            )
    values, reached = possible_values(expr, scope, f"The equation of {v.name!r}")
    if v.states is not None:
        strangers = [x for x in values if x not in v.states]
        if strangers and reached:
            raise InvalidModel(
                f"The equation of {v.name!r} gives {print_const(strangers[0])}, which is not among its states {v.states}."
            )
        return v.states
    if all(not isinstance(x, str) and x in (0, 1) for x in values):
        return BOOLEAN if any(isinstance(x, bool) for x in values) else (0, 1)
    return tuple(sorted(values, key=lambda x: (isinstance(x, str), x)))


def _grid(v: Variable, inputs: Sequence[str], states: Mapping[str, tuple[Value, ...]]) -> list[Key]:
    size = math.prod(len(states[name]) for name in inputs)
    if size > MAX_ROWS:
        raise InvalidModel(
            f"{v.name!r} needs {size:,} rows; at most {MAX_ROWS:,} are kept. Split it, or use an equation."
        )
    return list(itertools.product(*(states[name] for name in inputs)))


def _rows(
    v: Variable, items: tuple[tuple[Key, object], ...], inputs: tuple[str, ...], states: Mapping[str, tuple[Value, ...]]
) -> dict[Key, object]:
    """Rows by canonical key, complete and without strangers."""
    found: dict[Key, object] = {}
    for key, row in items:
        if len(key) != len(inputs):
            raise InvalidModel(f"{v.name!r} has a row for {key}; a key has one state for each of {inputs}.")
        found[tuple(state_of(n, x, states[n]) for n, x in zip(inputs, key, strict=True))] = row
    for key in _grid(v, inputs, states):
        if key not in found:
            named = ", ".join(f"{n} = {x!r}" for n, x in zip(inputs, key, strict=True))
            raise InvalidModel(f"{v.name!r} has no row for {named}. Every combination of its inputs' states needs one.")
    return found


def _root_law(v: Variable, items: tuple[tuple[Key, object], ...]) -> tuple[tuple[Key, object], ...]:
    """A root's table may be the law itself: {state: p}."""
    if not (v.parents or ()) and items and all(len(key) == 1 for key, _ in items):
        return (((), tuple((key[0], p) for key, p in items)),)
    return items


def _table(
    v: Variable, inputs: tuple[str, ...], states: Mapping[str, tuple[Value, ...]]
) -> tuple[Table, tuple[Value, ...]]:
    items = _root_law(v, v.table if v.table is not None else v.counts or ())
    for name in inputs:
        if name not in states:
            raise UnknownName(name, states, f"The table of {v.name!r}")
    own = v.states or _states_of_rows(items)
    rows = _rows(v, items, inputs, states)
    laws: list[tuple[float, ...]] = []
    totals: list[float] = []
    for key in _grid(v, inputs, states):
        where = (
            f"P({v.name} | {', '.join(f'{n} = {x!r}' for n, x in zip(inputs, key, strict=True))})"
            if key
            else f"P({v.name})"
        )
        row = _in_order(v.name, rows[key], own, where)
        if v.counts is not None:
            total = _total(row, where)
            totals.append(total)
            row = [cast(float, x) / total for x in row]
        laws.append(check_law(own, row, where))
    return Table(inputs, tuple(laws), tuple(totals) if v.counts is not None else None), own


def _total(row: Sequence[object], where: str) -> float:
    for x in row:
        if isinstance(x, (bool, str)) or not isinstance(x, (int, float)) or not math.isfinite(x) or x < 0:
            raise InvalidModel(f"{where} has the count {x!r}; counts are numbers from 0 up.")
    total = math.fsum(cast("Sequence[float]", row))
    if total <= 0:
        raise InvalidModel(f"{where} was never observed (all counts are 0): its law cannot be estimated.")
    return total


def _states_of_rows(items: tuple[tuple[Key, object], ...]) -> tuple[Value, ...]:
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


def _noise_table(
    v: Variable, inputs: tuple[str, ...], states: Mapping[str, tuple[Value, ...]]
) -> tuple[NoiseTable, tuple[Value, ...]]:
    rows = _rows(v, v.function or (), inputs, states)
    found = [rows[key] for key in _grid(v, inputs, states)]
    outcomes = [cast(Value, x) for x in found]
    check_states(dict.fromkeys(outcomes), f"The outcomes of {v.name!r}")
    own = v.states or tuple(dict.fromkeys(outcomes))
    return NoiseTable(inputs, tuple(state_of(v.name, x, own) for x in outcomes)), own
