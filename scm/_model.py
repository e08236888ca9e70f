"""`Model`: a graph with a mechanism for every variable and a law for every noise.

A value: `do` returns another model.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ._assemble import build_mechanism
from ._errors import InvalidModel, InvalidQuery, UnknownName
from ._graph import CausalGraph
from ._mechanism import Mechanism, Table
from ._model_json import items_from_json, items_to_json
from ._noise import Noise
from ._resolve import state_of
from ._sample import sample
from ._syntax import Const, Value
from ._variable import Variable, inputs_of, with_states

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ._sample import PRNGKey


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
            if not isinstance(item, (Variable, Noise)):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
                raise InvalidModel(f"A Model is made of Variable and Noise, got {type(item).__name__}.")
        if not self.variables:
            raise InvalidModel("A Model needs at least one Variable.")
        count = Counter([*(v.name for v in self.variables), *(n.name for n in self._declared_noises)])
        if twice := [name for name, times in count.items() if times > 1]:
            raise InvalidModel(f"The name {twice[0]!r} is declared twice. Variables and noises need different names.")
        _ = self.graph, self.mechanisms

    @cached_property
    def variables(self) -> tuple[Variable, ...]:
        """As declared."""
        return tuple(item for item in self.items if isinstance(item, Variable))

    @cached_property
    def noises(self) -> Mapping[str, Noise]:
        """Every noise, a variable's own and shared ones."""
        return {n.name: n for n in self._declared_noises}

    @property
    def _declared_noises(self) -> tuple[Noise, ...]:
        return tuple(n for item in self.items for n in (item.noise if isinstance(item, Variable) else (item,)))

    @cached_property
    def graph(self) -> CausalGraph:
        """The causal graph; variables that share a noise are joined by a bidirected edge."""
        names = tuple(v.name for v in self.variables)
        known = {*names, *self.noises}
        edges: list[tuple[str, str]] = []
        users: dict[str, list[str]] = {}
        for v in self.variables:
            for name in inputs_of(v, known):
                if name in self.noises:
                    users.setdefault(name, []).append(v.name)
                else:
                    edges.append((name, v.name))
        confounded = [pair for who in users.values() for pair in itertools.combinations(who, 2)]
        for cause, effect in edges:
            if cause not in names:
                raise UnknownName(cause, known, f"The mechanism of {effect!r}")
        return CausalGraph(names, tuple(dict.fromkeys(edges)), tuple(dict.fromkeys(confounded)))

    @cached_property
    def _resolved(self) -> tuple[Mapping[str, Mechanism], Mapping[str, tuple[Value, ...]]]:
        by_name = {v.name: v for v in self.variables}
        states: dict[str, tuple[Value, ...]] = {n.name: n.law.states for n in self.noises.values()}
        mechanisms: dict[str, Mechanism] = {}
        known = {*by_name, *self.noises}
        for name in self.graph.order:
            inputs = inputs_of(by_name[name], known)
            try:
                mechanisms[name], states[name] = build_mechanism(by_name[name], inputs, states)
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

    @cached_property
    def counted(self) -> frozenset[str]:
        """Variables whose tables are counts."""
        return frozenset(n for n, m in self.mechanisms.items() if isinstance(m, Table) and m.totals is not None)

    @cached_property
    def plans(self) -> dict[Any, Any]:
        """Plans that queries of this model left behind for reuse; solvers fill it."""
        return {}

    def __getstate__(self) -> tuple[Variable | Noise, ...]:
        return self.items

    def __setstate__(self, items: tuple[Variable | Noise, ...]) -> None:
        object.__setattr__(self, "items", items)

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
                out += [noise for noise in item.noise if self._readers(noise.name) - {item.name}]
            else:
                out.append(item if isinstance(item, Noise) else with_states(item, self.states[item.name]))
        return Model(*out)

    def _readers(self, noise: str) -> set[str]:
        """Variables whose mechanisms read a noise."""
        return {name for name, mechanism in self.mechanisms.items() if noise in mechanism.inputs}

    def sample(self, n: int, *, key: PRNGKey) -> dict[str, NDArray[Any]]:
        """`n` units drawn from the model: one array of `n` states for each variable.

        Args:
            n: how many.
            key: a JAX random key, e.g. `jax.random.key(0)`; the same key draws the same units.

        Raises:
            InvalidModel: a noise has an unknown law.
        """
        drawn = sample(self.noises, self.mechanisms, self.states, n, key=key)
        return {v.name: drawn[v.name] for v in self.variables}

    def to_json(self, *, indent: int | None = 2) -> str:
        """The model as versioned JSON text."""
        return items_to_json(self.items, indent=indent)

    @staticmethod
    def from_json(text: str) -> Model:
        """The model that a JSON text describes; no code is run.

        Raises:
            InvalidFile: the text is no model file; the message names the place.
            InvalidModel, InvalidGraph, UnknownName, QuerySyntaxError: a model that cannot be.
        """
        return Model(*items_from_json(text))

    def __repr__(self) -> str:
        return f"Model({', '.join(v.name for v in self.variables)})"


def with_mechanism(model: Model, name: str, mechanism: Mechanism) -> Model:
    """The same model with one mechanism changed, its inputs and states kept; nothing is checked again."""
    copy = object.__new__(Model)
    object.__setattr__(copy, "items", model.items)
    # Cached properties live in `__dict__`: filled here, they are never worked out from the items.
    copy.__dict__["graph"] = model.graph
    copy.__dict__["_resolved"] = ({**model.mechanisms, name: mechanism}, model.states)
    return copy
