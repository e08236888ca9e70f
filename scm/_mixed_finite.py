"""The finite part of a model: what depends on finite variables alone is answered by the solvers of finite models."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._domain import Real
from ._errors import ScmError
from ._model import Model
from ._noise import Categorical, Noise
from ._query import Distribution, Expectation, Probability, Query, query_nodes
from ._relevance import relevant_world
from ._rows import carriers
from ._syntax import Const, Expr, Op, Placeholder, Var, conjunction, substitute, terms, walk
from ._variable import Variable, with_states
from ._worlds import Own, Worlds, build_worlds
from .solvers import DEFAULT, Record, Refusal, Setting, Solution, Task, split_given


def finite_model(model: Model, query: Query, others: Iterable[str] = ()) -> Model | None:
    """The part of a model that a query and further variables depend on, where that is finite; else None.

    Args:
        model: the model.
        query: names and states checked.
        others: variables whose values rows give.
    """
    names = set(others)
    for node in query_nodes(query):
        if isinstance(node, Var):
            names.add(node.name)
            names |= {name for a in node.world for name in (a.target, a.parent) if name is not None}
    needed = {cause for name in names for cause in model.graph.ancestors[name]} | names
    return _part(model, needed, ()) if needed and needed <= model.mechanisms.keys() else None


def _part(model: Model, own: Iterable[str], free: Iterable[str]) -> Model:
    """A finite model of these variables, kept for the next question about them.

    Args:
        model: the model.
        own: variables that keep their mechanisms.
        free: variables whose values are always given.
    """
    own, free = frozenset(own), frozenset(free)
    key = ("finite part", own, free)
    if key not in model.plans:
        items: list[Variable | Noise] = []
        read = {n for v in own for n in model.mechanisms[v].inputs}
        for item in model.items:
            if isinstance(item, Variable) and item.name in own:
                items.append(with_states(item, model.states[item.name]))
            elif isinstance(item, Variable):
                items += [noise for noise in item.noise if noise.name in read]
                if item.name in free:
                    states = model.states[item.name]
                    law = Categorical(dict.fromkeys(states, 1 / len(states)))
                    items.append(Variable(item.name, states, noise={f"given {item.name}": law}))
            elif isinstance(item, Noise) and item.name in read:
                items.append(item)
        model.plans[key] = Model(*items)
    return model.plans[key]


@dataclass(frozen=True, slots=True)
class Finite:
    """Tasks that finite variables alone decide, by the solvers of finite models."""

    name: str = "finite"

    def solve(self, task: Task) -> Solution:
        """See `TaskSolver.solve`."""
        model, query = self.reduced(task)
        setting = setting_of(task, model, query)
        reasons: list[str] = []
        for solver in DEFAULT:
            try:
                found = solver.solve(setting, query)
            except Refusal as refusal:
                reasons.append(f"{solver.name}: {refusal}")
                continue
            if np.array_equal(found.lower, found.upper, equal_nan=True):
                return found
            reasons.append("a law that is not known leaves only bounds; ask about the finite variables by themselves.")
        raise Refusal(" ".join(dict.fromkeys(reasons)))

    def reduced(self, task: Task) -> tuple[Model, Probability | Expectation]:
        """A finite model and a query that mean the task.

        Raises:
            Refusal: the task depends on a continuous variable.
        """
        worlds, model = task.worlds, task.model
        own = {x.variable for x in worlds.instances if isinstance(x.mechanism, Own)}
        read = {n for x in worlds.instances for n in (x.variable, *(n for n, _ in x.slots))}
        for name in sorted(read, key=model.graph.place.__getitem__):
            if isinstance(model.domains[name], Real):
                raise Refusal(f"it depends on {name!r}, which is continuous.")
            if name in own and name not in model.mechanisms:
                raise Refusal(f"{name!r} is finite, but its mechanism reads what is continuous.")
        try:
            part = _part(model, own, read - own)
            query = _query(task, part)
            if _same(_worlds(part, query), worlds, own):
                return part, query
        except ScmError:
            pass  # a name that the part does not have
        raise Refusal("its finite part cannot be asked about by itself.")


def setting_of(task: Task, model: Model, query: Query) -> Setting:
    """What the finite solvers are given for a query of the finite part."""
    domains = {name: model.states[who[0]] for name, who in carriers(query).items()}
    limits = task.budget
    return Setting(
        model,
        task.grants,
        limits,
        {name: np.asarray(task.columns[name]) for name in domains},
        domains,
        task.rows,
        Record(until=None if limits.seconds is None else time.monotonic() + limits.seconds),
        task.execution,
        task.key,
        model.plans,
    )


def finite_law(
    task: Task, own: Collection[str], of: Sequence[Var], facts: Sequence[tuple[Var, Const | Placeholder]]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The joint law of finite terms given others, for each row; and for which rows the facts are possible.

    Args:
        task: whose model, rows and grants they are.
        own: finite variables that keep their mechanisms.
        of: terms of them; what other variables they read is set in their worlds.
        facts: terms of the same kind, and their values.

    Returns:
        Shape (states of each term..., rows), and (rows,).

    Raises:
        Refusal: the exact solver of finite models would not answer, or the law is not determined.
    """
    seen = [node for t in (*of, *(t for t, _ in facts)) for node in walk(t) if isinstance(node, Var)]
    read = {a.parent for t in seen for a in t.world if a.parent is not None}
    model = _part(task.model, own, read - set(own))
    given = [Op("=", fact) for fact in facts]
    condition = conjunction(*given) if given else None
    query = Distribution(tuple(of), condition) if of else Expectation(Const(1.0), condition)
    solution = DEFAULT[0].solve(setting_of(task, model, query), query)
    if not np.array_equal(solution.lower, solution.upper, equal_nan=True):
        raise Refusal("the law of what is finite and not known is not determined")
    return np.where(solution.defined, solution.lower, 0.0), solution.defined


def _query(task: Task, part: Model) -> Probability | Expectation:
    """The task as a query of its finite part."""

    def trimmed(node: Const | Placeholder | Var) -> Expr:
        if not isinstance(node, Var):
            return node
        return Var(node.name, relevant_world(task.model.graph, node.name, node.world))

    worlds = task.worlds
    facts = [
        Op("=", (trimmed(t), worlds.fixed[slot]))
        for t, slot in worlds.terms.items()
        if isinstance(slot, int) and slot in worlds.fixed
    ]
    known = {name: value for name, value in _given(task).items() if name in part.mechanisms}
    facts += [Op("=", (Var(name), value)) for name, value in known.items()]
    parts = [*dict.fromkeys(facts), *(substitute(c, trimmed) for c in task.conditions)]
    given = conjunction(*parts) if parts else None
    asked = substitute(task.asked, trimmed)
    return Probability(asked, given) if task.event else Expectation(asked, given)


def _given(task: Task) -> Mapping[str, Const | Placeholder]:
    """Variables without an instance here, and the value that every instance reads of them."""
    own = {x.variable for x in task.worlds.instances}
    found: dict[str, Any] = {}
    for x in task.worlds.instances:
        for name, slot in x.slots:
            if name not in own and not isinstance(slot, int) and found.setdefault(name, slot) != slot:
                found[name] = None  # two worlds give two values: their terms say so themselves
    return {name: value for name, value in found.items() if value is not None}


def _worlds(part: Model, query: Probability | Expectation) -> Worlds:
    """The worlds that the finite solvers will make of a query."""
    facts, rest = split_given(part, query.given)
    asked = query.event if isinstance(query, Probability) else query.expr
    return build_worlds(part.graph, [t for e in (asked, *rest) for t in terms(e)], facts)


def _same(found: Worlds, wanted: Worlds, own: Collection[str]) -> bool:
    """Whether two worlds have the same instances of the variables that keep their mechanisms."""
    number: dict[tuple[Any, ...], int] = {}
    return not found.impossible and _instances(found, own, number) == _instances(wanted, own, number)


def _instances(worlds: Worlds, own: Collection[str], number: dict[tuple[Any, ...], int]) -> set[int]:
    """A number for every instance, the same for one with the same inputs and the same value fixed of it."""
    made: list[int] = []
    for i, x in enumerate(worlds.instances):
        slots = sorted(((n, made[s] if isinstance(s, int) else s) for n, s in x.slots), key=lambda slot: slot[0])
        made.append(number.setdefault((x.variable, x.mechanism, tuple(slots), worlds.fixed.get(i)), len(number)))
    return {made[i] for i, x in enumerate(worlds.instances) if x.variable in own}
