"""`Mixture`: finite things that are not known are enumerated, and each case is linear with normal noises.

The exact answer of a conditional Gaussian model (Lauritzen 1992): the finite part weighs the cases given what is seen
of it, the density of what is seen of the rest weighs them again, and each case is answered in closed form.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._mixed_finite import finite_law
from ._mixed_fold import folded
from ._syntax import Const, Expr, Placeholder, Set, Var, substitute, terms, walk, world
from ._worlds import Instance, Own, Slot, Worlds
from .solvers import Refusal, Solution, Task
from .solvers._gaussian_moments import average
from .solvers._gaussian_pieces import Event, Pieces, both
from .solvers._gaussian_posterior import condition_on
from .solvers._gaussian_space import EPS, Form, RowsDiffer, Space
from .solvers._gaussian_system import System, build_system
from .solvers._solution import point
from .solvers.gaussian import add_condition

Array = NDArray[np.float64]
MOST_CASES = 4096
MOST_GROUPS = 256
"""Rows whose coefficients differ are solved apart, up to so many groups."""


@dataclass(frozen=True, slots=True)
class Mixture:
    """The solver; see the module."""

    name: str = "mixture"

    def solve(self, task: Task) -> Solution:
        """See `TaskSolver.solve`."""
        try:
            return _solve(task)
        except RowsDiffer as differ:
            return self._apart(task, differ)

    def _apart(self, task: Task, differ: RowsDiffer) -> Solution:
        """Rows with one coefficient each together."""
        labels = np.unique(differ.labels)
        if not 1 < len(labels) <= MOST_GROUPS:
            raise Refusal(f"{differ.what} has a coefficient that differs between rows") from None
        value, defined = np.full(task.rows, np.nan), np.zeros(task.rows, bool)
        figures: dict[str, Any] = {"error": 0.0, "cases": 0}
        for label in labels:
            rows = np.flatnonzero(differ.labels == label)
            columns = {name: np.asarray(c)[rows] for name, c in task.columns.items()}
            part = self.solve(replace(task, columns=columns, rows=len(rows)))
            value[rows], defined[rows] = part.lower, part.defined
            figures = {name: max(figures[name], part.diagnostics.get(name, 0)) for name in figures}
        return replace(point(value, defined), diagnostics=figures)


def _solve(task: Task) -> Solution:
    finite = _finite_instances(task)
    open_places = [i for i in sorted(finite) if i not in task.worlds.fixed and _is_read(task, finite, i)]
    if not open_places:
        raise Refusal("nothing finite that matters is unknown")
    states = [task.model.states[task.worlds.instances[i].variable] for i in open_places]
    count = math.prod(map(len, states))
    if count > MOST_CASES:
        raise Refusal(f"{count:,} combinations of finite things are unknown; at most {MOST_CASES:,} are tried")
    _check_placeholders(task)
    shares, possible = finite_law(task, [_term(task.worlds, i) for i in open_places], _facts(task.worlds, finite))
    cases: list[_Case] = []
    for at in itertools.product(*(range(len(own)) for own in states)):
        if not (shares[at] > 0).any():
            continue
        values = {i: Const(own[k]) for i, own, k in zip(open_places, states, at, strict=True)}
        case = _case(task, finite, values)
        if case is not None:
            with np.errstate(divide="ignore"):
                cases.append(_answered(case, np.log(shares[at])))
    return _mixed(task, cases, possible, count)


@dataclass(frozen=True)
class _Case:
    """What one combination of states gives.

    Attributes:
        value, error: the answer there, and its rounding.
        log_weight: log of the weight of the case and of the evidence in it, -inf where it is impossible.
        log_error: bound on the rounding in that.
    """

    value: Array
    error: Array
    log_weight: Array
    log_error: Array


def _mixed(task: Task, cases: Sequence[_Case], possible: NDArray[np.bool_], count: int) -> Solution:
    """The average of the cases by their weights."""
    if not cases:
        return point(np.full(task.rows, np.nan), np.zeros(task.rows, bool))
    weights = np.stack([case.log_weight for case in cases])
    top = weights.max(axis=0)
    defined = possible & np.isfinite(top)
    shares = np.exp(weights - np.where(defined, top, 0.0))
    shares = np.where(defined, shares, 0.0)
    total = np.where(defined, shares.sum(axis=0), 1.0)
    values = np.where(shares > 0, np.stack([case.value for case in cases]), 0.0)
    value = (shares * values).sum(axis=0) / total
    spread = np.abs(values - value)
    moved = [case.error + 2 * case.log_error * far for case, far in zip(cases, spread, strict=True)]
    wrong = np.where(shares > 0, np.stack(moved), 0.0)
    error = (shares * wrong).sum(axis=0) / total + len(cases) * EPS * np.abs(values).max(axis=0)
    if task.event:
        value = np.clip(value, 0.0, 1.0)
    figures = {"error": float(error[defined].max(initial=0.0)), "cases": count}
    return replace(point(np.where(defined, value, np.nan), defined), diagnostics=figures)


# ---------------------------------------------------------------------------------------------------------------------
# The finite part


def _finite_instances(task: Task) -> frozenset[int]:
    """Instances of finite variables whose mechanisms read finite things alone; they read no others."""
    worlds, model = task.worlds, task.model
    found = frozenset(
        i for i, x in enumerate(worlds.instances) if isinstance(x.mechanism, Own) and x.variable in model.mechanisms
    )
    for i in found:
        x = worlds.instances[i]
        for name, slot in x.slots:
            if isinstance(slot, int) and slot not in found:
                raise Refusal(f"{x.variable!r} reads {name!r}, which depends on continuous things")
    shared = {n for i in found for n in model.mechanisms[worlds.instances[i].variable].inputs if n in model.noises}
    for i, x in enumerate(worlds.instances):
        if i not in found and isinstance(x.mechanism, Own):
            for noise in model.columnar[x.variable].noises:
                if noise in model.noises:
                    where = " and finite variables do too" if noise in shared else ""
                    raise Refusal(f"{x.variable!r} reads the finite noise {noise!r}{where}; it is not enumerated here")
    return found


def _is_read(task: Task, finite: frozenset[int], i: int) -> bool:
    """Whether the rest, what is asked, or a condition reads a finite instance."""
    worlds = task.worlds
    if any(s == i for j, x in enumerate(worlds.instances) if j not in finite for _, s in x.slots):
        return True
    return any(worlds.terms[t] == i for part in (task.asked, *task.conditions) for t in terms(part))


def _check_placeholders(task: Task) -> None:
    """That no finite value of the rows stands in what is asked: beside a state it would be a bare position."""
    for part in (task.asked, *task.conditions):
        for node in walk(part):
            if isinstance(node, Placeholder) and np.asarray(task.columns[node.name]).dtype.kind != "f":
                raise Refusal(f"?{node.name}, a state, stands in what is asked or in a condition that is no plain fact")


def _term(worlds: Worlds, i: int) -> Var:
    """An instance as a term: what stands in each slot is imposed along its edge."""
    x = worlds.instances[i]
    imposed = [Set(x.variable, _term(worlds, s) if isinstance(s, int) else s, name) for name, s in x.slots]
    return Var(x.variable, world(*imposed))


def _facts(worlds: Worlds, finite: frozenset[int]) -> list[tuple[Var, Const | Placeholder]]:
    return [(_term(worlds, i), worlds.fixed[i]) for i in sorted(finite) if i in worlds.fixed]


# ---------------------------------------------------------------------------------------------------------------------
# One case


def _case(task: Task, finite: frozenset[int], values: Mapping[int, Const]) -> Task | None:
    """The task with the finite instances known; None where a condition does not hold then."""
    worlds = task.worlds
    known = {**{i: v for i, v in worlds.fixed.items() if i in finite}, **values}
    place = {old: new for new, old in enumerate(i for i in range(len(worlds.instances)) if i not in finite)}

    def slot(s: Slot) -> Slot:
        return s if not isinstance(s, int) else place[s] if s in place else known[s]

    instances = tuple(
        Instance(x.variable, x.mechanism, tuple((n, slot(s)) for n, s in x.slots))
        for x in (worlds.instances[i] for i in place)
    )
    found = {t: slot(s) for t, s in worlds.terms.items() if not isinstance(s, int) or s in place or s in known}
    fixed = {place[i]: v for i, v in worlds.fixed.items() if i in place}

    def leaf(node: Const | Placeholder | Var) -> Expr:
        s = worlds.terms[node] if isinstance(node, Var) else None
        return known[s] if isinstance(s, int) and s in known else node

    conditions = [folded(substitute(part, leaf)) for part in task.conditions]
    if any(isinstance(part, Const) and not part.value for part in conditions):
        return None
    return replace(
        task,
        worlds=Worlds(instances, found, fixed, False),
        asked=folded(substitute(task.asked, leaf)),
        conditions=tuple(part for part in conditions if not isinstance(part, Const)),
    )


def _answered(task: Task, log_share: Array) -> _Case:
    """The value of one case, and the log of its weight."""
    system = build_system(task)
    evidence, events = list(system.evidence), list[Event](system.events)
    for condition in task.conditions:
        add_condition(system, condition, evidence, events)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        posterior = condition_on(system.space, evidence)
        given = both(*events)
        found = average(posterior, _number(system, task), given)
        log_weight, log_error = _log_density(system.space, evidence, posterior.condition)
        log_weight = log_weight + log_share
        if given is not None:
            chance = average(posterior, system.algebra.truth(given), None)
            log_weight = log_weight + np.log(np.clip(chance.value, 0.0, 1.0))
            log_error = log_error + np.where(chance.value > 0, chance.error / np.maximum(chance.value, 1e-300), 0.0)
    possible = found.defined & posterior.defined & ~np.isnan(log_weight)
    if not np.isfinite(found.value[possible]).all() or not np.isfinite(found.error[possible]).all():
        raise Refusal("the numbers grow past what double precision holds")
    return _Case(found.value, found.error, np.where(possible, log_weight, -np.inf), log_error)


def _number(system: System, task: Task) -> Pieces:
    if task.event:
        return system.algebra.truth(system.event(task.asked, system.term))
    return system.number(task.asked, system.term)


def _log_density(space: Space, evidence: Sequence[Form], condition: float) -> tuple[Array, Array]:
    """Log of the normal density of the evidence for each row, and a bound on its rounding."""
    if not evidence:
        return np.zeros(space.rows), np.zeros(space.rows)
    noise = np.array([form.noise for form in evidence])
    left, values, _ = np.linalg.svd(noise, full_matrices=False)
    if len(values) < len(evidence) or values.min() <= 1e-10 * values.max():
        raise Refusal("observed values that others determine have no density; cases cannot be weighed by it")
    seen = -np.array([space.values(form) for form in evidence])
    standard = (left.T @ seen) / values[:, None]
    squares = (standard**2).sum(axis=0)
    size = np.array([space.sum(form.known_size, absolute=True) for form in evidence])
    moved = space.unit * condition * (np.abs(left.T) @ size / values[:, None])
    error = (np.abs(standard) * moved + moved**2).sum(axis=0) + len(evidence) * space.unit * condition
    return -squares / 2 - np.log(values).sum(), error
