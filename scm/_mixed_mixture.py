"""`Mixture`: finite things that are not known are enumerated, and each case is linear with normal noises.

The exact answer of a conditional Gaussian model (Lauritzen 1992): the finite part weighs the cases given what is seen
of it, the density of what is seen of the rest weighs them again, and each case is answered in closed form.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ._mixed_finite import finite_law
from ._mixed_fold import folded
from ._syntax import Const, Expr, Op, Placeholder, Set, Value, Var, substitute, terms, world
from ._worlds import Fresh, Instance, Own, Slot, Worlds
from .solvers import Refusal, Solution, Task
from .solvers._gaussian_moments import average
from .solvers._gaussian_pieces import both
from .solvers._gaussian_posterior import condition_on
from .solvers._gaussian_space import EPS, Form, RowsDiffer, Space
from .solvers._rows_apart import solve_apart
from .solvers._solution import point
from .solvers.gaussian import posed, refuse_rounding

Array = NDArray[np.float64]
MOST_CASES = 4096
MOST_NESTED = 12
"""Deepest nesting of a term of the finite part."""


@dataclass(frozen=True, slots=True)
class Mixture:
    """The solver; see the module."""

    name: str = "mixture"

    def solve(self, task: Task) -> Solution:
        """See `TaskSolver.solve`."""
        try:
            return _solve(task)
        except RowsDiffer as differ:
            return solve_apart(task, differ, self.solve)


def _solve(task: Task) -> Solution:
    if names := _open_states(task):
        return _by_state(task, names)
    finite = _FinitePart.of(task)
    open_places = [i for i in finite.order if i not in task.worlds.fixed and _is_read(task, finite.places, i)]
    if not open_places:
        raise Refusal("no finite variable that is unknown has a law apart from what is continuous")
    states = [task.model.states[task.worlds.instances[i].variable] for i in open_places]
    count = math.prod(map(len, states))
    if count > MOST_CASES:
        raise Refusal(f"{count:,} combinations of finite things are unknown; at most {MOST_CASES:,} are tried")
    shares, possible = finite.law(open_places)
    cases: list[_Case] = []
    for at in itertools.product(*(range(len(own)) for own in states)):
        if not (shares[at] > 0).any():
            continue
        values = {i: Const(own[k]) for i, own, k in zip(open_places, states, at, strict=True)}
        case = _case(task, finite.places, values)
        if case is not None:
            with np.errstate(divide="ignore"):
                cases.append(_answered(case, np.log(shares[at])))
    return _mixed(task, cases, possible, count)


def _by_state(task: Task, names: Mapping[str, tuple[Value, ...]]) -> Solution:
    """Rows by the states that stand in what is asked, each with its state in the question."""
    codes: NDArray[np.intp] = np.stack([np.asarray(task.columns[n], dtype=np.intp) for n in names], axis=1)
    distinct, which = np.unique(codes, axis=0, return_inverse=True)
    places: list[list[int]] = distinct.tolist()
    value, defined, error = np.full(task.rows, np.nan), np.zeros(task.rows, bool), 0.0
    for k, found in enumerate(places):
        rows: NDArray[np.intp] = np.flatnonzero(np.asarray(which).reshape(-1) == k)
        known = {Placeholder(n): Const(names[n][code]) for n, code in zip(names, found, strict=True)}

        def leaf(node: Const | Placeholder | Var, known: Mapping[Placeholder, Const] = known) -> Expr:
            return known.get(node, node) if isinstance(node, Placeholder) else node

        part = replace(
            task,
            asked=substitute(task.asked, leaf),
            conditions=tuple(substitute(c, leaf) for c in task.conditions),
            columns={name: np.asarray(c)[rows] for name, c in task.columns.items()},
            rows=len(rows),
        )
        solution = _solve(part)
        value[rows], defined[rows] = solution.lower, solution.defined
        error = max(error, solution.diagnostics.get("error", 0.0))
    return replace(point(value, defined), diagnostics={"error": error})


@dataclass(frozen=True)
class _Case:
    """What one combination of states gives.

    Attributes:
        value, error, size: the answer there, its rounding, and what that is small beside.
        log_weight: log of the weight of the case and of the evidence in it, -inf where it is impossible.
        log_error: bound on the rounding in that.
        densities: how many values of the evidence have a density in it, where others have a probability.
    """

    value: Array
    error: Array
    size: Array
    log_weight: Array
    log_error: Array
    densities: int


def _mixed(task: Task, cases: Sequence[_Case], possible: NDArray[np.bool_], count: int) -> Solution:
    """The average of the cases by their weights."""
    if not cases:
        return point(np.full(task.rows, np.nan), np.zeros(task.rows, bool))
    weights = np.stack([case.log_weight for case in cases])
    # Beside a case in which a value has a probability, those in which it has a density are nothing.
    densities = np.array([case.densities for case in cases])[:, None]
    fewest = np.where(weights > -np.inf, densities, np.iinfo(densities.dtype).max).min(axis=0)
    weights = np.where(densities > fewest, -np.inf, weights)
    top = weights.max(axis=0)
    defined = possible & np.isfinite(top)
    shares = np.exp(weights - np.where(defined, top, 0.0))
    shares = np.where(defined, shares, 0.0)
    total = np.where(defined, shares.sum(axis=0), 1.0)
    values = np.where(shares > 0, np.stack([case.value for case in cases]), 0.0)
    value = (shares * values).sum(axis=0) / total
    spread, size = np.abs(values - value), np.ones(task.rows)
    moved = [case.error + 2 * case.log_error * far for case, far in zip(cases, spread, strict=True)]
    wrong = np.where(shares > 0, np.stack(moved), 0.0)
    error = (shares * wrong).sum(axis=0) / total + len(cases) * EPS * np.abs(values).max(axis=0)
    if task.event:
        value = np.clip(value, 0.0, 1.0)
    else:
        size = (shares * np.where(shares > 0, np.stack([case.size for case in cases]), 0.0)).sum(axis=0) / total
    refuse_rounding(value, error, size, defined)
    figures = {"error": float(error[defined].max(initial=0.0)), "cases": count}
    return replace(point(np.where(defined, value, np.nan), defined), diagnostics=figures)


# ---------------------------------------------------------------------------------------------------------------------
# The finite part


def _is_read(task: Task, finite: frozenset[int], i: int) -> bool:
    """Whether the rest, what is asked, or a condition reads a finite instance."""
    worlds = task.worlds
    if any(s == i for j, x in enumerate(worlds.instances) if j not in finite for _, s in x.slots):
        return True
    return any(worlds.terms[t] == i for part in (task.asked, *task.conditions) for t in terms(part))


def _open_states(task: Task) -> dict[str, tuple[Value, ...]]:
    """Placeholders of states that stand in what is asked or in a condition, outside worlds, with those states."""
    found: dict[str, tuple[Value, ...]] = {}
    stack: list[Expr] = [task.asked, *task.conditions]
    while stack:
        node = stack.pop()
        if isinstance(node, Op):
            stack += node.args
            for name in (a.name for a in node.args if isinstance(a, Placeholder)):
                states = [
                    task.model.states[a.name] for a in node.args if isinstance(a, Var) and a.name in task.model.states
                ]
                if np.asarray(task.columns[name]).dtype.kind != "f":
                    if not states:
                        raise Refusal(f"?{name}, a state, stands beside no variable that has it")
                    found[name] = states[0]
    return found


@dataclass(frozen=True)
class _FinitePart:
    """The finite part of a task: instances that read finite things alone.

    Attributes:
        task: whose part it is.
        own: finite instances under their own mechanisms; they read no others.
        drawn: finite instances that are drawn afresh, by a law that reads nothing.
    """

    task: Task
    own: frozenset[int]
    drawn: Mapping[int, tuple[tuple[Value, float], ...]]

    @property
    def places(self) -> frozenset[int]:
        """All of them."""
        return self.own | self.drawn.keys()

    @property
    def order(self) -> list[int]:
        """The own ones first, in causal order."""
        return [*sorted(self.own), *sorted(self.drawn)]

    @classmethod
    def of(cls, task: Task) -> _FinitePart:
        """The finite part.

        Raises:
            Refusal: it reads continuous things, or they read a finite noise.
        """
        worlds, model = task.worlds, task.model
        drawn: dict[int, tuple[tuple[Value, float], ...]] = {}
        for i, x in enumerate(worlds.instances):
            cases = x.mechanism.cases.cases if isinstance(x.mechanism, Fresh) and not x.slots else ()
            if len(cases) == 1 and i not in worlds.fixed:
                drawn[i] = cases[0][1]
        own = frozenset(
            i for i, x in enumerate(worlds.instances) if isinstance(x.mechanism, Own) and x.variable in model.mechanisms
        )
        for i in own:
            x = worlds.instances[i]
            for name, slot in x.slots:
                if isinstance(slot, int) and slot not in own:
                    raise Refusal(
                        f"{x.variable!r} reads {name!r}, which depends on continuous things or is drawn afresh"
                    )
        for i, x in enumerate(worlds.instances):
            if i not in own and isinstance(x.mechanism, Own):
                for noise in model.columnar[x.variable].noises:
                    if noise in model.noises:
                        raise Refusal(f"{x.variable!r} reads the finite noise {noise!r}, which is not enumerated here")
        return cls(task, own, drawn)

    def law(self, of: Sequence[int]) -> tuple[Array, NDArray[np.bool_]]:
        """The joint law of instances (in `order`) given what is fixed, rows last; and where that is possible."""
        worlds, natural = self.task.worlds, self._natural()
        names = {worlds.instances[i].variable for i in self.own}
        facts = [(self._term(i, natural), worlds.fixed[i]) for i in sorted(self.own) if i in worlds.fixed]
        asked = [self._term(i, natural) for i in of if i in self.own]
        shares, possible = np.ones(self.task.rows), np.ones(self.task.rows, bool)
        if asked or facts:
            shares, possible = finite_law(self.task, names, asked, facts)
        for i in (i for i in of if i in self.drawn):
            law = dict(self.drawn[i])
            weights = np.array([law.get(s, 0.0) for s in self.task.model.states[worlds.instances[i].variable]])
            shares = shares[..., None, :] * weights[:, None]
        return shares, possible

    def _natural(self) -> frozenset[int]:
        """Instances of the factual world: all that they read is what it is there."""
        worlds = self.task.worlds
        found: dict[str, int] = {}
        for i in sorted(self.own):
            x = worlds.instances[i]
            if all(self._as_it_is(name, slot, found) for name, slot in x.slots):
                found.setdefault(x.variable, i)
        return frozenset(found.values())

    def _as_it_is(self, name: str, slot: Slot, found: Mapping[str, int]) -> bool:
        if name not in found:
            return False
        return slot == found[name] if isinstance(slot, int) else self.task.worlds.fixed.get(found[name]) == slot

    def _term(self, i: int, natural: frozenset[int], depth: int = 0) -> Var:
        """An instance as a term: a variable as it is, or with what stands in each slot imposed along its edge."""
        if depth > MOST_NESTED:
            raise Refusal("its finite part is nested too deep in other worlds")
        x = self.task.worlds.instances[i]
        if i in natural:
            return Var(x.variable)
        imposed: list[Set] = []
        for name, slot in x.slots:
            value = self._term(slot, natural, depth + 1) if isinstance(slot, int) else slot
            imposed.append(Set(x.variable, value, name))
        return Var(x.variable, world(*imposed))


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
    system, evidence, events, number = posed(task)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        posterior = condition_on(system.space, evidence)
        given = both(*events)
        found = average(posterior, number, given)
        log_weight, log_error = _log_density(system.space, evidence, posterior.condition)
    possible = found.defined & posterior.defined
    lost = possible & ~(np.isfinite(log_weight) & np.isfinite(log_error))
    if lost.any():
        reason = "what was observed is so improbable that double precision does not hold the logarithm of it"
        raise Refusal(reason, rows=lost)
    log_weight = np.where(possible, log_weight + log_share + found.log_mass, -np.inf)
    log_error = log_error + found.mass_error
    system.check_posed(possible)
    if not np.isfinite(found.value[possible]).all() or not np.isfinite(found.error[possible]).all():
        raise Refusal("the numbers grow past what double precision holds")
    return _Case(found.value, found.error, found.size, log_weight, log_error, len(evidence))


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
