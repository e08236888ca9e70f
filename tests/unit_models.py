"""Small mechanisms, models and tasks for the tests of units; written apart from those that users are given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from scm import Model
from scm._domain import Real
from scm._resolve import read_query
from scm._syntax import Const, Op, Placeholder, Var, conjuncts, terms
from scm._worlds import build_worlds
from scm.mechanisms._types import Scope
from scm.solvers._task import Task

REALS = Real()


@dataclass(frozen=True, eq=False)
class Shift:
    """`variable = f(parents) + noise`, where `f` is a function of the parents' columns and the array module."""

    parents: tuple[str, ...]
    function: Callable[..., Any]
    noises: tuple[str, ...] = ()
    domain: Real = REALS

    def reads(self, parents: Any, known: Any) -> tuple[str, ...]:
        return self.parents

    def bind(self, scope: Scope) -> Shift:
        return Shift(self.parents, self.function, scope.noises, scope.own or Real())  # pyright: ignore[reportArgumentType]

    def shift(self, values: Mapping[str, Any], xp: Any) -> Any:
        return self.function(*(values[p] for p in self.parents), xp)

    def forward(self, values: Mapping[str, Any], xp: Any) -> Any:
        return self.shift(values, xp) + values[self.noises[0]]

    def noise_of(self, value: Any, values: Mapping[str, Any], xp: Any) -> Any:
        return value - self.shift(values, xp)

    def log_slope(self, value: Any, values: Mapping[str, Any], xp: Any) -> Any:
        return 0.0

    def transport(self, value: Any, old: Mapping[str, Any], new: Mapping[str, Any], xp: Any) -> Any:
        return value + (self.shift(new, xp) - self.shift(old, xp))


@dataclass(frozen=True, eq=False)
class Growth:
    """`variable = exp(f(parents) + noise)`: positive, so that other evidence is impossible; not transported."""

    parents: tuple[str, ...]
    function: Callable[..., Any]
    noises: tuple[str, ...] = ()
    domain: Real = REALS

    def reads(self, parents: Any, known: Any) -> tuple[str, ...]:
        return self.parents

    def bind(self, scope: Scope) -> Growth:
        return Growth(self.parents, self.function, scope.noises)

    def _f(self, values: Mapping[str, Any], xp: Any) -> Any:
        return self.function(*(values[p] for p in self.parents), xp)

    def forward(self, values: Mapping[str, Any], xp: Any) -> Any:
        return xp.exp(self._f(values, xp) + values[self.noises[0]])

    def noise_of(self, value: Any, values: Mapping[str, Any], xp: Any) -> Any:
        return xp.log(value) - self._f(values, xp)

    def log_slope(self, value: Any, values: Mapping[str, Any], xp: Any) -> Any:
        return -xp.log(value)


def task(model: Model, query: str, rows: Mapping[str, Any] | None = None, **more: Any) -> Task:
    """A term as a task: equalities of terms with values become facts of the worlds; columns of variables' values."""
    found: Any = read_query(query, model.variable_states, model.reals)
    facts: list[tuple[Var, Any]] = []
    conditions: list[Any] = []
    for part in conjuncts(found.given):
        if isinstance(part, Op) and part.op == "=" and isinstance(part.args[1], (Const, Placeholder)):
            facts.append((part.args[0], part.args[1]))  # pyright: ignore[reportArgumentType]
        else:
            conditions.append(part)
    event = hasattr(found, "event")
    asked = found.event if event else found.expr
    wanted = [t for e in (asked, *conditions) for t in terms(e)]
    worlds = build_worlds(model.graph, wanted, facts)
    columns: dict[str, Any] = {}
    for name, given in (rows or {}).items():
        states = model.variable_states.get(name)
        columns[name] = np.asarray([states.index(v) for v in given] if states else given)
    count = len(next(iter(columns.values()), [0]))
    return Task(model, worlds, asked, event, tuple(conditions), columns, count, **more)
