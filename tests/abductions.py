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
    """The task that a query is on a model, with rows of evidence: {placeholder: column}, states as they are declared."""
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
