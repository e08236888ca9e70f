"""Finite mechanisms as mechanisms over columns: tables that positions are looked up in."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from .._domain import Domain, Real
from .._errors import InvalidModel
from .._mechanism import Equation, NoiseTable, Table
from .._model import Model
from .._noise import probabilities
from .._syntax import Expr, Value, Var
from .._values import outcomes
from ..mechanisms._formula import Formula, bind_formula
from ..mechanisms._types import Column, Columns, Forward, Scope

MAX_TABLE = 1 << 16
"""Most combinations of states that are tabulated; larger equations are worked out as they are written."""

States: TypeAlias = tuple[Value, ...]


@dataclass(frozen=True, eq=False)
class FiniteMap:
    """A finite variable that its parents and noises determine.

    Attributes:
        parents, noises: what it reads.
        domain: its states.
        sizes: how many states each input has; inputs are parents, then noises.
        table: the position of the outcome, shape `sizes`.
        possible: for each noise its states that can occur.
    """

    parents: tuple[str, ...]
    noises: tuple[str, ...]
    domain: States
    sizes: tuple[int, ...]
    table: NDArray[np.int32]
    possible: tuple[NDArray[np.bool_], ...]

    def forward(self, values: Columns, xp: Any) -> Column:
        """See `Forward`."""
        return look_up(self.table, [values[n] for n in (*self.parents, *self.noises)], xp)

    @cached_property
    def _seen(self) -> NDArray[np.bool_]:
        """Whether an outcome follows from a state of the noises that can occur: parents..., outcome, noises."""
        found = self.table.reshape(*self.table.shape[: len(self.parents)], 1, *self.table.shape[len(self.parents) :])
        states = np.arange(len(self.domain)).reshape(-1, *(1 for _ in self.noises))
        able = np.ones(self.table.shape[len(self.parents) :], dtype=bool)
        for axis, one in enumerate(self.possible):
            able &= one.reshape([-1 if k == axis else 1 for k in range(len(self.noises))])
        return (found == states) & able

    @cached_property
    def admitted(self) -> NDArray[np.bool_]:
        """Whether an outcome can occur: axes parents..., outcome."""
        axes = tuple(range(len(self.parents) + 1, len(self.parents) + 1 + len(self.noises)))
        return cast("NDArray[np.bool_]", self._seen.any(axis=axes))

    @cached_property
    def shown(self) -> NDArray[np.int32] | None:
        """The state of the noise behind an outcome, -1 where none is; None where it may be one of several."""
        if len(self.noises) != 1 or (self._seen.sum(axis=-1) > 1).any():
            return None
        return np.where(self.admitted, self._seen.argmax(axis=-1), -1).astype(np.int32)


@dataclass(frozen=True, eq=False)
class FiniteLaw:
    """A finite variable of which only the law given its parents is known.

    Attributes:
        parents: what it reads.
        domain: its states.
        admitted: whether an outcome can occur: axes parents..., outcome.
    """

    parents: tuple[str, ...]
    domain: States
    admitted: NDArray[np.bool_]
    noises: tuple[str, ...] = ()


UnitMechanism: TypeAlias = "Forward | FiniteLaw"


def look_up(table: NDArray[Any], positions: list[Column], xp: Any) -> Column:
    """Entries of a table at a position for each of its axes."""
    if not positions:
        return xp.asarray(table)
    flat: Any = None
    for size, column in zip(table.shape, positions, strict=True):
        own = xp.asarray(column).astype(np.int32)
        flat = own if flat is None else flat * size + own
    return xp.take(xp.asarray(table.reshape(-1)), flat, mode="clip")


def mechanisms_of(model: Model) -> Mapping[str, UnitMechanism]:
    """Every variable's mechanism over columns; kept with the model."""
    found = model.plans.get(("unit mechanisms",))
    if found is None:
        found = {name: _of(model, name) for name in (*model.mechanisms, *model.columnar)}
        model.plans["unit mechanisms",] = found
    return found


def _of(model: Model, name: str) -> UnitMechanism:
    if name in model.columnar:
        return model.columnar[name]
    mechanism, own = model.mechanisms[name], model.states[name]
    parents = tuple(n for n in mechanism.inputs if n not in model.noises)
    sizes = tuple(len(model.states[n]) for n in mechanism.inputs)
    match mechanism:
        case Table():
            return FiniteLaw(parents, own, (mechanism.array > 0).reshape(*sizes, len(own)))
        case NoiseTable(_, found):
            return _map(model, name, mechanism.inputs, found)
        case Equation(expr, inputs):
            if math.prod(sizes) > MAX_TABLE:
                noises = tuple(n for n in inputs if n in model.noises)
                return Formula(expr, parents, noises, own, {n: model.domains[n] for n in inputs})
            domains = tuple(model.states[n] for n in inputs)
            return _map(model, name, inputs, outcomes(expr, tuple(Var(n) for n in inputs), domains))


def _map(model: Model, name: str, inputs: tuple[str, ...], found: tuple[Value, ...]) -> FiniteMap:
    """A map from the outcomes of every combination of the inputs' states, in mixed-radix order."""
    own = model.states[name]
    parents = tuple(n for n in inputs if n not in model.noises)
    noises = tuple(n for n in inputs if n in model.noises)
    sizes = {n: len(model.states[n]) for n in inputs}
    table = positions_of(found, own, f"The mechanism of {name!r}").reshape([sizes[n] for n in inputs])
    table = table.transpose([inputs.index(n) for n in (*parents, *noises)])
    laws = [probabilities(model.noises[n].law) for n in noises]
    possible = tuple(
        np.ones(sizes[n], dtype=bool) if law is None else np.array(law) > 0 for n, law in zip(noises, laws, strict=True)
    )
    return FiniteMap(parents, noises, own, table.shape, table, possible)


def positions_of(found: tuple[Value, ...], own: States, where: str) -> NDArray[np.int32]:
    """Where each value stands among states.

    Raises:
        InvalidModel: one is none of them.
    """
    at = {state: i for i, state in enumerate(own)}
    for value in found:
        if value not in at:
            raise InvalidModel(f"{where} gives {value!r}, which is not among the states {own}.")
    return np.array([at[value] for value in found], dtype=np.int32)


def policy_map(expr: Expr, inputs: Mapping[str, Domain], own: Domain, variable: str) -> UnitMechanism:
    """A policy as a mechanism without noise.

    Raises:
        InvalidModel: it gives what is no state of the variable.
    """
    names = tuple(inputs)
    finite = {n: d for n, d in inputs.items() if not isinstance(d, Real)}
    if isinstance(own, Real) or len(finite) < len(inputs) or math.prod(map(len, finite.values())) > MAX_TABLE:
        return bind_formula(expr, Scope(variable, names, (), inputs, own))
    found = outcomes(expr, tuple(Var(n) for n in names), tuple(finite.values()))
    table = positions_of(found, own, f"The policy for {variable!r}").reshape([len(d) for d in finite.values()])
    return FiniteMap(names, (), own, table.shape, table, ())
