"""Tasks made by hand, and mechanisms for tests that need no other part of the package than the solver."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from scm._query import Expectation, Probability
from scm._resolve import read_query
from scm._syntax import Const, Op, Placeholder, Var, conjuncts, terms
from scm._worlds import build_worlds
from scm.solvers._task import Task


def task_of(model, query, rows=None, key=None, grants=(), **more):
    """The task that a query is on a model; rows of evidence are {placeholder: column}, states as declared."""
    asked = read_query(query, model.variable_states, model.reals)
    assert isinstance(asked, (Probability, Expectation))
    facts, conditions = split(asked.given)
    expr = asked.event if isinstance(asked, Probability) else asked.expr
    wanted = [*terms(expr), *(t for c in conditions for t in terms(c))]
    columns, count = {}, 1
    of = {p.name: t.name for t, p in facts if isinstance(p, Placeholder)}
    for name, column in (rows or {}).items():
        states = model.states.get(of.get(name, name))
        found = [states.index(x) for x in column] if states else np.asarray(column, dtype=float)
        columns[name] = np.asarray(found)
        count = len(found)
    worlds = build_worlds(model.graph, wanted, facts)
    event = isinstance(asked, Probability)
    return Task(model, worlds, expr, event, tuple(conditions), columns, count, tuple(grants), key, **more)


def split(given):
    facts, conditions = [], []
    for part in conjuncts(given):
        match part:
            case Op("=", (Var() as term, (Const() | Placeholder()) as value)):
                facts.append((term, value))
            case Op("=", ((Const() | Placeholder()) as value, Var() as term)):
                facts.append((term, value))
            case _:
                conditions.append(part)
    return facts, conditions


@dataclass(frozen=True)
class Probit:
    """`sum of weights times parents + standard normal noise > 0`, as a mechanism that knows its law and its hindsight.

    Without `knows` it can only be run forward.
    """

    weights: tuple[float, ...]
    shift: float = 0.0
    knows: bool = True

    def reads(self, parents, known):
        return tuple(parents or ())

    def bind(self, scope):
        kind = _BoundProbit if self.knows else _ForwardProbit
        return kind(self.weights, self.shift, scope.parents, scope.noises)


@dataclass(frozen=True)
class _ForwardProbit:
    weights: tuple[float, ...]
    shift: float
    parents: tuple[str, ...]
    noises: tuple[str, ...]
    domain: Any = (False, True)

    def line(self, values):
        return self.shift + sum(w * values[p] for w, p in zip(self.weights, self.parents, strict=True))

    def forward(self, values, xp):
        return xp.asarray(self.line(values) + values[self.noises[0]] > 0, dtype=int)


class _BoundProbit(_ForwardProbit):
    def log_probability(self, value, values, xp):
        if xp is np:
            from scipy.special import log_ndtr
        else:
            from jax.scipy.special import log_ndtr
        return log_ndtr((2 * xp.asarray(value) - 1.0) * self.line(values))

    def noise_given(self, value, values, key):
        import jax
        import jax.numpy as jnp

        line = jnp.asarray(self.line(values), dtype=float)
        sign = 2.0 * value - 1.0
        found = jax.random.truncated_normal(key, -sign * line, jnp.inf, jnp.shape(value), line.dtype)
        return {self.noises[0]: sign * found}


@dataclass(frozen=True)
class Choice:
    """A softmax of slopes times one parent: a law over states, and no noise."""

    slopes: tuple[float, ...]
    states: tuple[Any, ...]

    def reads(self, parents, known):
        return tuple(parents or ())

    def bind(self, scope):
        return _BoundChoice(self.slopes, scope.parents, self.states)


@dataclass(frozen=True)
class _BoundChoice:
    slopes: tuple[float, ...]
    parents: tuple[str, ...]
    domain: tuple[Any, ...]
    noises: tuple[str, ...] = ()

    def forward(self, values, xp):
        raise AssertionError("it has no noise to run forward with")

    def laws(self, values, xp):
        logits = xp.asarray(self.slopes)[:, None] * xp.asarray(values[self.parents[0]])[None]
        weight = xp.exp(logits - logits.max(axis=0))
        return weight / weight.sum(axis=0)

    def log_probability(self, value, values, xp):
        return xp.log(xp.take_along_axis(self.laws(values, xp), xp.asarray(value)[None], axis=0)[0])
