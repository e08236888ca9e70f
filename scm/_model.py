"""`Model`: a graph with a mechanism for every variable and a law for every noise.

A value: `do` returns another model.
"""

from __future__ import annotations

import itertools
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from ._assemble import build_mechanism
from ._assemble_columns import build_columnar, is_columnar
from ._continuous import ContinuousNoise
from ._domain import Domain, Real
from ._errors import InvalidModel, InvalidQuery, UnknownName
from ._graph import CausalGraph
from ._mechanism import Mechanism, Table
from ._model_file import save_items
from ._model_json import items_from_json, items_to_json
from ._noise import Noise, plain
from ._resolve import state_of
from ._sample import sample
from ._sample_columns import sample_columns
from ._syntax import Const, Value
from ._variable import Variable, inputs_of, with_states
from .mechanisms._law_table import noise_domains
from .mechanisms._types import Forward

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ._sample import PRNGKey


class _Declared(NamedTuple):
    """What a model is made of by kind, the noises of its variables among the others."""

    variables: tuple[Variable, ...]
    noises: tuple[Noise, ...]
    continuous: tuple[ContinuousNoise, ...]


class _Resolved(NamedTuple):
    """The parts of a model, worked out one after the other in topological order."""

    mechanisms: Mapping[str, Mechanism]
    columnar: Mapping[str, Forward]
    domains: Mapping[str, Domain]
    states: Mapping[str, tuple[Value, ...]]


@dataclass(frozen=True, init=False)
class Model:
    """Variables and shared noises; checked whole when built.

    Args:
        *items: `Variable`s, and `Noise`s or `ContinuousNoise`s that several variables share. In any order.

    Raises:
        InvalidModel, InvalidGraph, UnknownName, UnknownState: with what was got, wanted, and what to try.
    """

    items: tuple[Variable | Noise | ContinuousNoise, ...]

    def __init__(self, *items: Variable | Noise | ContinuousNoise) -> None:
        """Check everything."""
        object.__setattr__(self, "items", items)
        if not self.variables:
            raise InvalidModel("A Model needs at least one Variable.")
        names = [v.name for v in self.variables]
        names += [n.name for n in self._declared.noises]
        names += self.continuous_names
        if len(set(names)) < len(names):
            twice = next(name for name, times in Counter(names).items() if times > 1)
            raise InvalidModel(f"The name {twice!r} is declared twice. Variables and noises need different names.")
        _ = self.graph, self.mechanisms

    @cached_property
    def _declared(self) -> _Declared:
        return _by_kind(self.items)

    @property
    def variables(self) -> tuple[Variable, ...]:
        """As declared."""
        return self._declared.variables

    @cached_property
    def noises(self) -> Mapping[str, Noise]:
        """Every finite noise, a variable's own and shared ones."""
        return {n.name: n for n in self._declared.noises}

    @property
    def continuous_noises(self) -> tuple[ContinuousNoise, ...]:
        """Every continuous noise with its law: blocks that are independent of one another."""
        return self._declared.continuous

    @property
    def continuous_names(self) -> tuple[str, ...]:
        """The names of the continuous noises."""
        return tuple([name for block in self.continuous_noises for name in block.names])

    @cached_property
    def graph(self) -> CausalGraph:
        """The causal graph; variables whose noises are shared, or depend on one another, have a bidirected edge."""
        inputs, noises = self._inputs, self._noise_names
        edges: dict[tuple[str, str], None] = {}
        users: dict[str, list[str]] = {}
        for name, own in inputs.items():
            for read in own:
                if read in noises:
                    users.setdefault(read, []).append(name)
                elif read in inputs:
                    edges[read, name] = None
                else:
                    raise UnknownName(read, {*inputs, *noises}, f"The mechanism of {name!r}")
        confounded = [pair for who in users.values() for pair in itertools.combinations(who, 2)]
        for one, other in (pair for block in self.continuous_noises for pair in block.dependent):
            confounded += [(a, b) for a in users.get(one, ()) for b in users.get(other, ()) if a != b]
        return CausalGraph(tuple(inputs), tuple(edges), tuple(dict.fromkeys(confounded)))

    @cached_property
    def _noise_names(self) -> frozenset[str]:
        """Of every noise, finite or continuous."""
        return frozenset((*self.noises, *self.continuous_names))

    @cached_property
    def _inputs(self) -> Mapping[str, tuple[str, ...]]:
        """What the mechanism of each variable reads, as declared."""
        known = {*[v.name for v in self.variables], *self._noise_names}
        return {v.name: inputs_of(v, known) for v in self.variables}

    @cached_property
    def _resolved(self) -> _Resolved:
        by_name = {v.name: v for v in self.variables}
        domains: dict[str, Domain] = {n.name: n.law.states for n in self.noises.values()}
        for block in self.continuous_noises:
            domains |= noise_domains(block)
        states = _finite(domains)
        mechanisms: dict[str, Mechanism] = {}
        columnar: dict[str, Forward] = {}
        for name in self.graph.order:
            v, inputs = by_name[name], self._inputs[name]
            try:
                if is_columnar(v, inputs, domains):
                    columnar[name] = build_columnar(v, inputs, domains, self._noise_names)
                    domains[name] = domain = columnar[name].domain
                    if not isinstance(domain, Real):
                        states[name] = domain
                else:
                    mechanisms[name], states[name] = build_mechanism(v, inputs, states)
                    domains[name] = states[name]
            except UnknownName as wrong:
                raise UnknownName(wrong.name, {*by_name, *self._noise_names}, f"The mechanism of {name!r}") from None
            except InvalidQuery as wrong:
                raise InvalidModel(f"The equation of {name!r}: {wrong}") from None
        return _Resolved(mechanisms, columnar, domains, states)

    @property
    def mechanisms(self) -> Mapping[str, Mechanism]:
        """How each finite variable with finite inputs gets its value, in topological order."""
        return self._resolved.mechanisms

    @property
    def columnar(self) -> Mapping[str, Forward]:
        """How each continuous variable, and each with a continuous input, gets its value, in topological order."""
        return self._resolved.columnar

    @property
    def domains(self) -> Mapping[str, Domain]:
        """What every variable and noise can be: states, or real numbers."""
        return self._resolved.domains

    @property
    def is_finite(self) -> bool:
        """Whether every variable and every noise has finitely many states."""
        return not self.columnar and not self.continuous_noises

    @property
    def states(self) -> Mapping[str, tuple[Value, ...]]:
        """The states of every finite variable and noise."""
        return self._resolved.states

    @cached_property
    def reals(self) -> Mapping[str, Real]:
        """The continuous variables, and the interval that each is in."""
        found = {v.name: self.domains[v.name] for v in self.variables}
        return {name: domain for name, domain in found.items() if isinstance(domain, Real)}

    @cached_property
    def variable_states(self) -> Mapping[str, tuple[Value, ...]]:
        """The states of the finite variables alone."""
        states = self.states
        return {v.name: states[v.name] for v in self.variables if v.name in states}

    @cached_property
    def counted(self) -> frozenset[str]:
        """Variables whose tables are counts."""
        return frozenset(n for n, m in self.mechanisms.items() if isinstance(m, Table) and m.totals is not None)

    @cached_property
    def plans(self) -> dict[Any, Any]:
        """Plans that queries of this model left behind for reuse; solvers fill it."""
        return {}

    def __getstate__(self) -> tuple[Variable | Noise | ContinuousNoise, ...]:
        return self.items

    def __setstate__(self, items: tuple[Variable | Noise | ContinuousNoise, ...]) -> None:
        object.__setattr__(self, "items", items)

    def do(self, settings: Mapping[str, Value] | None = None, /, **more: Value) -> Model:
        """The model in which variables are set: `model.do(X=1)` or `model.do({"stone size": "small"})`.

        Raises:
            UnknownName, UnknownState: a setting that the model does not have.
        """
        wanted = {name: cast(Value, plain(value)) for name, value in {**(settings or {}), **more}.items()}
        names = [v.name for v in self.variables]
        for name in wanted:
            if name not in names:
                raise UnknownName(name, names, "do()")
        out: list[Variable | Noise | ContinuousNoise] = []
        for item in self.items:
            if isinstance(item, Variable) and item.name in wanted:
                out += self._set(item, wanted[item.name])
            elif isinstance(item, Variable) and item.name in self.states:
                out.append(with_states(item, self.states[item.name]))
            else:
                out.append(item)
        return Model(*out)

    def _set(self, item: Variable, value: Value) -> list[Variable | Noise | ContinuousNoise]:
        """A variable that is set, and those of its noises that others read."""
        domain = self.domains[item.name]
        if isinstance(domain, Real):
            if value not in domain:
                raise InvalidQuery(f"do({item.name}={value!r}): {item.name!r} takes {domain}.")
            own = Const(float(value))
        else:
            own = Const(state_of(item.name, value, domain))
        kept = [n for n in item.noise if self._readers(n.name) - {item.name}]
        continuous = [c for c in item.continuous if self._readers(c.names[0]) - {item.name}]
        return [Variable(item.name, domain, equation=own, description=item.description), *kept, *continuous]

    def _readers(self, noise: str) -> set[str]:
        """Variables whose mechanisms read a noise."""
        finite = {name for name, mechanism in self.mechanisms.items() if noise in mechanism.inputs}
        return finite | {name for name, mechanism in self.columnar.items() if noise in mechanism.noises}

    def sample(self, n: int, *, key: PRNGKey | int) -> dict[str, NDArray[Any]]:
        """`n` units drawn from the model: an array of `n` states for each variable, or of floats for a continuous one.

        Args:
            n: how many.
            key: a JAX random key, e.g. `jax.random.key(0)`, or a whole number; the same key draws the same units.

        Raises:
            InvalidModel: a noise has an unknown law, or a mechanism gives what it may not (with its row).
        """
        if not self.is_finite:
            drawn = sample_columns(
                self.noises,
                self.continuous_noises,
                self.mechanisms,
                self.columnar,
                self.domains,
                self.graph.order,
                n,
                key=key,
            )
            return {v.name: drawn[v.name] for v in self.variables}
        drawn = sample(self.noises, self.mechanisms, self.states, n, key=key)
        return {v.name: drawn[v.name] for v in self.variables}

    def to_json(self, *, indent: int | None = 2) -> str:
        """The model as versioned JSON text; `from_json` gives an equal one back.

        Of a Python function as a mechanism, the text has the name alone; of a `Flow`, the arrays.

        Raises:
            InvalidModel: a mechanism of a class of your own, a function without a name, or very large arrays.
        """
        return items_to_json(self.items, indent=indent)

    @staticmethod
    def from_json(text: str, *, functions: Mapping[str, Any] | None = None) -> Model:
        """The model that a JSON text describes; no code is run.

        Args:
            text: as `to_json` writes it.
            functions: the Python functions that the text names, by those names; for a `Flow` of Y, a flow of the same
                build as `"Y.flow"`.

        Raises:
            InvalidFile: the text is no model file, or names a function that is not given; the message names the place.
            InvalidModel, InvalidGraph, UnknownName, QuerySyntaxError: a model that cannot be.
        """
        return Model(*items_from_json(text, functions))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model to a file, whole or not at all; `read_model` gives an equal one back.

        Args:
            path: a name in `.json` or `.json.gz`, or in `.safetensors`, which holds the arrays of mechanisms as such.

        Raises:
            InvalidFile: another extension, or a place that cannot be written.
            InvalidModel: see `to_json`.
        """
        save_items(self.items, os.fspath(path))

    def __repr__(self) -> str:
        return f"Model({', '.join(v.name for v in self.variables)})"


def _finite(domains: Mapping[str, Domain]) -> dict[str, tuple[Value, ...]]:
    """Those of them that have states."""
    return {name: domain for name, domain in domains.items() if not isinstance(domain, Real)}


def _by_kind(items: Sequence[object]) -> _Declared:
    variables: list[Variable] = []
    noises: list[Noise] = []
    continuous: list[ContinuousNoise] = []
    for item in items:
        if isinstance(item, Variable):
            variables.append(item)
            noises += item.noise
            continuous += item.continuous
        elif isinstance(item, Noise):
            noises.append(item)
        elif isinstance(item, ContinuousNoise):
            continuous.append(item)
        else:
            raise InvalidModel(f"A Model is made of Variable, Noise and ContinuousNoise, got {type(item).__name__}.")
    return _Declared(tuple(variables), tuple(noises), tuple(continuous))
