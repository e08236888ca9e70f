"""`Gaussian`: closed forms for linear models with normal noises, every rung, any evidence, any number of worlds.

Every instance of the worlds is an affine function of known columns and independent standard normals, so interventions
of any kind need no code of their own: they only change what stands in the slots (Balke & Pearl 1995 for counterfactuals
in linear models). What is observed is conditioned on, one factorisation for all rows.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .._syntax import Expr, Op, print_expr, terms
from ._gaussian_moments import Average, average
from ._gaussian_pieces import Event, Pieces, Truth, both, forms_of
from ._gaussian_posterior import condition_on
from ._gaussian_ranges import check_ranges
from ._gaussian_space import OVERFLOW, Array, Form, RowsDiffer
from ._gaussian_system import System, build_system
from ._normal_lattice import Lattice
from ._refusal import Refusal
from ._rows_apart import solve_apart
from ._solution import Solution, point
from ._task import Task

TRUSTED = 1e-6
"""Largest error of a probability, or share of the numbers that go into an expectation, that is given as an answer."""


@dataclass(frozen=True, slots=True)
class Gaussian:
    """The solver; see the module."""

    name: str = "gaussian"

    def solve(self, task: Task) -> Solution:
        """See `TaskSolver.solve`."""
        if task.rows == 0 or task.worlds.impossible:
            return point(np.full(task.rows, np.nan), np.zeros(task.rows, bool))
        try:
            with np.errstate(over="ignore", invalid="ignore"):  # what grew too large is refused
                return _solve(task)
        except RowsDiffer as found:
            return solve_apart(task, found, self.solve)


def posed(task: Task) -> tuple[System, list[Form], list[Event], Pieces]:
    """A task as equations: the system, forms that are zero, events that hold, and what is asked.

    Raises:
        Refusal: something is not linear, or a noise that is not normal is tied to a condition, or a declared range
            need not be kept.
        RowsDiffer: a coefficient differs between rows.
    """
    system = build_system(task)
    check_ranges(system)
    evidence, events = list(system.evidence), list(system.events)
    for condition in task.conditions:
        add_condition(system, condition, evidence, events)
    if task.event:
        number = system.algebra.truth(system.event(task.asked, system.term))
    else:
        number = system.number(task.asked, system.term)
    # Two moments of a noise are enough for the mean and covariances of what is not tied to any condition.
    system.check_normal(evidence)
    system.check_normal(f for e in (*events, *(p.guard for p in number)) for f in forms_of(e))
    system.check_normal(f for p in number for product in p.products if len(product) > 2 for f in product)
    return system, evidence, events, number


def _solve(task: Task) -> Solution:
    system, evidence, events, number = posed(task)
    asked = [f for p in number for f in (p.form, *itertools.chain(*p.products))]
    posterior = condition_on(system.space, evidence)
    found = average(posterior, number, both(*events), None if task.key is None else Lattice(task.key))
    defined = found.defined & posterior.defined
    system.check_posed(defined)
    _trust(task, found, defined)
    value = np.clip(found.value, 0.0, 1.0) if task.event else found.value
    return replace(
        point(np.where(defined, value, np.nan), defined),
        monte_carlo=None if found.drawn is None else np.where(defined, found.drawn, np.nan),
        diagnostics={
            "error": float(found.error[defined].max(initial=0.0)),
            "condition": posterior.condition,
            "noises": system.space.noises,
            "evidence": len(evidence),
            "not_normal": sum(any(f.noise[k] for f in asked) for k in system.odd),
        },
    )


def add_condition(system: System, condition: Expr, evidence: list[Any], events: list[Event]) -> None:
    """A condition as evidence where it fixes a combination of terms, otherwise as an event."""
    if not _is_equation(system, condition):
        events.append(system.event(condition, system.term))
        return
    assert isinstance(condition, Op)
    left, right = condition.args
    sides = [system.number(side, system.term) for side in (left, right)]
    difference = system.algebra.add((sides[0], system.algebra.scale(sides[1], -1.0)))
    form = system.algebra.affine(difference, "what is given")
    if terms(left) and terms(right) and not form.is_known:
        raise Refusal(
            f"the condition {print_expr(condition)} has probability zero and no one meaning (Borel's paradox); say "
            f"which combination is observed: {print_expr(left)} - {print_expr(right, 7)} = 0"
        )
    evidence.append(form)


def _is_equation(system: System, condition: Expr) -> bool:
    """Whether a condition says what a combination of continuous terms is."""
    reals = system.task.model.reals
    return isinstance(condition, Op) and condition.op == "=" and all(t.name in reals for t in terms(condition))


def _trust(task: Task, found: Average, where: Truth) -> None:
    """That every number is one, and that rounding cannot have moved it far."""
    if not (np.isfinite(found.value[where]).all() and np.isfinite(found.error[where]).all()):
        raise Refusal(OVERFLOW)
    refuse_rounding(found.value, found.error, np.ones(task.rows) if task.event else found.size, where)


def refuse_rounding(value: Array, error: Array, size: Array, where: Truth) -> None:
    """Refuse where rounding could move a value by more than `TRUSTED` times what its error is to be small beside.

    Raises:
        Refusal: in some row of `where`.
    """
    worst = error / np.where(size > 0, size, 1.0)
    if not float(worst[where].max(initial=0.0)) <= TRUSTED:
        row = int(np.argmax(np.where(where, worst, 0.0)))
        raise Refusal(
            f"rounding could move the answer of row {row + 1} by {error[row]:.2g}; it is {value[row]:.6g}. "
            "The numbers are too large for their differences, or the evidence is nearly redundant or improbable",
            rows=where & (worst > TRUSTED),
        )
