"""`Gaussian`: closed forms for linear models with normal noises, every rung, any evidence, any number of worlds.

Every instance of the worlds is an affine function of known columns and independent standard normals, so interventions
of any kind need no code of their own: they only change what stands in the slots (Balke & Pearl 1995 for counterfactuals
in linear models). What is observed is conditioned on, one factorisation for all rows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .._syntax import Expr, Op, print_expr, terms
from ._gaussian_moments import expectation
from ._gaussian_pieces import Event, Pieces, Truth, both
from ._gaussian_posterior import Posterior, condition_on
from ._gaussian_regions import TRUSTED, probability
from ._gaussian_space import Array, RowsDiffer
from ._gaussian_system import System, build_system
from ._refusal import Refusal
from ._solution import Solution, point
from ._task import Task

MOST_GROUPS = 256
"""Rows are solved apart where a coefficient differs between them, up to so many groups."""
POSSIBLE = 1e-280
"""Conditions less probable than this are not told from impossible ones."""


@dataclass(frozen=True, slots=True)
class Gaussian:
    """The solver; see the module."""

    name: str = "gaussian"

    def solve(self, task: Task) -> Solution:
        """See `TaskSolver.solve`."""
        if task.rows == 0 or task.worlds.impossible:
            return point(np.full(task.rows, np.nan), np.zeros(task.rows, bool))
        try:
            return _solve(task)
        except RowsDiffer as found:
            return self._apart(task, found)

    def _apart(self, task: Task, found: RowsDiffer) -> Solution:
        """Rows with one coefficient each together."""
        labels = np.unique(found.labels)
        if len(labels) > MOST_GROUPS:
            raise Refusal(
                f"{found.what} has a coefficient that differs between rows, with {len(labels)} different values; at "
                f"most {MOST_GROUPS} are solved apart"
            )
        value, defined = np.full(task.rows, np.nan), np.zeros(task.rows, bool)
        diagnostics: dict[str, Any] = {}
        for label in labels:
            rows = np.flatnonzero(found.labels == label)
            columns = {name: np.asarray(c)[rows] for name, c in task.columns.items()}
            part = self.solve(replace(task, columns=columns, rows=len(rows)))
            value[rows], defined[rows] = part.lower, part.defined
            for name, figure in part.diagnostics.items():
                diagnostics[name] = max(diagnostics.get(name, figure), figure)
        return replace(point(value, defined), diagnostics=diagnostics)


def _solve(task: Task) -> Solution:
    system = build_system(task)
    evidence, events = list(system.evidence), list(system.events)
    for condition in task.conditions:
        _add_condition(system, condition, evidence, events)
    posterior = condition_on(system.space, evidence)
    given = both(*events)
    with np.errstate(over="ignore", invalid="ignore"):
        if task.event:
            value, error, defined = _probability(posterior, system.event(task.asked, system.term), given)
        else:
            value, error, defined = _expectation(posterior, system.number(task.asked, system.term), given)
    defined = defined & posterior.defined
    if not np.isfinite(value[defined]).all():
        raise Refusal("the numbers grow past what double precision holds")
    return replace(
        point(np.where(defined, value, np.nan), defined),
        diagnostics={
            "error": float(error[defined].max(initial=0.0)),
            "condition": posterior.condition,
            "noises": system.space.noises,
            "evidence": len(evidence),
        },
    )


def _add_condition(system: System, condition: Expr, evidence: list[Any], events: list[Event]) -> None:
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


def _probability(posterior: Posterior, event: Event, given: Event | None) -> tuple[Array, Array, Truth]:
    rows = posterior.space.rows
    if given is None:
        value, error = probability(posterior, event)
        _trust(error, posterior.defined)
        return value, error, np.ones(rows, bool)
    below, below_error = probability(posterior, given)
    both_hold = both(given, event)
    assert both_hold is not None
    above, above_error = probability(posterior, both_hold)
    defined = below > POSSIBLE
    with np.errstate(divide="ignore"):
        error = np.where(defined, (above_error + below_error) / below, 0.0)
    _trust(error, defined & posterior.defined)
    return np.clip(above / np.where(defined, below, 1.0), 0.0, 1.0), error, defined


def _expectation(posterior: Posterior, number: Pieces, given: Event | None) -> tuple[Array, Array, Truth]:
    rows = posterior.space.rows
    if given is None and len(number) == 1 and number[0].guard is None:
        value, error = expectation(posterior, number[0])
        return value, error, np.ones(rows, bool)
    raise Refusal("an expectation under an inequality is not worked out yet")


def _trust(error: Array, where: Truth) -> None:
    worst = float(error[where].max(initial=0.0))
    if worst > TRUSTED:
        raise Refusal(f"rounding could move the probability by {worst:.2g}; at most {TRUSTED:g} is trusted")
