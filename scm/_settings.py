"""What `imagine` is to set: numbers, columns, policies and grids, read into the worlds of the query syntax."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from ._errors import InvalidQuery, UnknownName
from ._model import Model
from ._noise import as_number, plain
from ._parse import parse_expression
from ._resolve import resolve_expr, state_of
from ._syntax import Assignment, Const, Expr, Placeholder, Set, Soft, Value, Var, World, substitute, walk, world

Setting: TypeAlias = "Value | Sequence[float] | Sequence[str] | NDArray[Any]"
"""A value, `"?column"`, the text of a policy, or numbers that make a grid."""
Settings: TypeAlias = Mapping[str, Setting]

ONLY = "do"
"""The name of the one world, where worlds are not named."""
LONG_GRID = 500
"""A grid of more points than this is never as long as the rows by chance."""
_POINT = "\0point of "


@dataclass(frozen=True)
class Imposed:
    """One world that is imagined.

    Attributes:
        world: what is imposed.
        grid: for each variable that takes several values, those, in order; they go together.
    """

    world: World
    grid: Mapping[str, tuple[float, ...]]

    @property
    def points(self) -> int | None:
        """How many points the grid has; None without one."""
        return len(next(iter(self.grid.values()))) if self.grid else None


def point_of(name: str) -> str:
    """The placeholder that a grid of `name` fills."""
    return _POINT + name


def read_worlds(model: Model, do: Settings | Mapping[str, Settings]) -> dict[str, Imposed]:
    """The worlds by name; one that is not named is `ONLY`.

    Raises:
        UnknownName, UnknownState, QuerySyntaxError, InvalidQuery: as their messages say.
    """
    if not isinstance(do, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
        raise InvalidQuery(
            f"do= takes {{variable: value}}, or {{world: {{variable: value}}}}, got {type(do).__name__}."
        )
    nested = [isinstance(value, Mapping) for value in do.values()]
    if not nested or not all(nested):
        if any(nested):
            raise InvalidQuery("do= has worlds and variables side by side. Give every world a name, or none.")
        return {ONLY: _imposed(model, cast(Settings, do))}
    return {str(name): _imposed(model, settings) for name, settings in cast("Mapping[str, Settings]", do).items()}


def check_grids(worlds: Mapping[str, Imposed], units: int) -> None:
    """That no long grid has as many points as there are units: it was meant as one value a unit.

    Raises:
        InvalidQuery: one has.
    """
    for imposed in worlds.values():
        for name, points in imposed.grid.items():
            if len(points) == units > LONG_GRID:
                raise InvalidQuery(
                    f"do={{{name!r}: ...}} has {units:,} values, as many as there are units, and a sequence is a grid: "
                    f"every unit would get every value. For one value a unit, put them into a column of the rows and "
                    f"name it: do={{{name!r}: '?column'}}. For a grid, take another number of points."
                )


def _imposed(model: Model, settings: Settings) -> Imposed:
    names = [v.name for v in model.variables]
    grid: dict[str, tuple[float, ...]] = {}
    assignments: list[Assignment] = []
    for name, setting in settings.items():
        if name not in names:
            raise UnknownName(name, names, "do=")
        if isinstance(setting, str) or np.ndim(cast(Any, setting)) == 0:
            assignments.append(_assignment(model, name, cast(Value, setting)))
        else:
            grid[name] = _points(model, name, cast("Sequence[float]", setting))
            assignments.append(Set(name, Placeholder(point_of(name))))
    if len({len(points) for points in grid.values()}) > 1:
        raise InvalidQuery(f"The grids of {sorted(grid)} differ in length; one value each makes a point.")
    return Imposed(world(*assignments), grid)


def _points(model: Model, name: str, values: Sequence[float]) -> tuple[float, ...]:
    """Grid points as columns hold them: numbers, or positions among states."""
    if name in model.reals:
        return tuple(_number(model, name, value) for value in values) or _no_points(name)
    states = model.states[name]
    found = (state_of(name, cast(Value, plain(value)), states) for value in values)
    return tuple(float(states.index(state)) for state in found) or _no_points(name)


def _no_points(name: str) -> tuple[float, ...]:
    raise InvalidQuery(f"The grid of {name!r} is empty; at least one value is wanted.")


def _number(model: Model, name: str, value: object) -> float:
    if isinstance(value, (bool, np.bool_)):
        raise InvalidQuery(
            f"do={{{name!r}: {value!r}}}: {name!r} is continuous. Write {int(cast(bool, value))} for {value}."
        )
    number = as_number(value)
    try:
        found = math.nan if number is None else float(number)
    except OverflowError:  # a whole number that no float holds
        found = math.inf
    if not math.isfinite(found):
        raise InvalidQuery(f"do={{{name!r}: {str(value)[:60]}}}: a finite number is wanted.")
    if found not in model.reals[name]:
        raise InvalidQuery(f"do={{{name!r}: {value!r}}}: {name!r} takes {model.reals[name]}.")
    return found


def _assignment(model: Model, name: str, setting: Value) -> Assignment:
    states = model.variable_states.get(name)
    setting = cast(Value, plain(setting))
    if isinstance(setting, str) and not (states is not None and setting in states):
        return _written(model, name, setting)
    value = _number(model, name, setting) if states is None else state_of(name, setting, states)
    return Set(name, Const(value))


def _written(model: Model, name: str, text: str) -> Assignment:
    """A column, or a policy."""
    expr = parse_expression(text)
    states = model.variable_states.get(name)
    if isinstance(expr, Placeholder):
        return Set(name, factual(model, expr) if expr.name in model.domains else expr)
    if any(isinstance(node, Placeholder) for node in walk(expr)):
        raise InvalidQuery(
            f"do={{{name!r}: {text!r}}}: a policy is a formula of the unit's variables, without columns."
        )
    found = resolve_expr(expr, model.variable_states, states or (), f"The policy for {name!r}", reals=model.reals)
    if isinstance(found, Const):
        return _assignment(model, name, found.value)
    return Soft(name, found)


def factual(model: Model, placeholder: Placeholder) -> Var:
    """`?name` of a variable: what the unit's own row has."""
    if placeholder.name not in {v.name for v in model.variables}:
        raise UnknownName(placeholder.name, [v.name for v in model.variables])
    return Var(placeholder.name)


def formula(model: Model, text: str, imposed: World) -> Expr:
    """A formula of variables in an imagined world, and of `?name` in the unit's own row.

    Raises:
        QuerySyntaxError, UnknownName, UnknownState, InvalidQuery: as their messages say.
    """
    if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
        raise InvalidQuery(f"A formula is text, got {type(text).__name__}.")
    names = {v.name for v in model.variables}

    def leaf(node: Const | Placeholder | Var) -> Expr:
        if isinstance(node, Placeholder):
            return Var(node.name) if node.name in names else node
        if isinstance(node, Var) and not node.world and node.name in names:
            return Var(node.name, imposed)
        return node

    where = f"The formula {text!r}"
    found = substitute(parse_expression(text), leaf)
    return resolve_expr(found, model.variable_states, (), where, reals=model.reals)
