"""Stochastic abduction: units whose noise the evidence does not determine.

What the evidence determines is solved for, finite things are enumerated, and only the continuous noises that are left
are drawn, the same draws in all worlds. Where nothing is left the answer is exact: a finite mixture.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .._sample import random_key
from ._abduct_answers import Answers
from ._abduct_hmc import MOST_UNITS, differentiable, hamiltonian
from ._abduct_move import movable, tempered
from ._abduct_part import Part
from ._abduct_plan import make_plan
from ._abduct_run import BATCH, Known, Lanes, exact, known, possible, refuse_nan
from ._abduct_steps import Branch
from ._abduct_view import View
from ._abduct_weigh import weighted
from ._refusal import Refusal
from ._solution import Solution, point
from ._task import Task

NO_KEY = (
    "the evidence does not determine every noise that matters, so that the answer is drawn, which needs a random key: "
    "give key= (a JAX key or a whole number)"
)
COMPILED = 1 << 28
"""Entries times steps from which on it pays to compile: NumPy does so many in a few seconds."""


@dataclass(frozen=True)
class Sampled:
    """The solver for units whose noise is not determined.

    Attributes:
        accuracy: the standard error to aim at, in standard deviations of what is asked (1/2 for a probability).
        most_draws: of one row; an estimate that is reliable but less accurate is given with its error.
        enumerated: most combinations of finite things that are enumerated, where nothing else is random.
        enumerated_with_draws: the same, within each draw.
    """

    accuracy: float = 0.01
    most_draws: int = 1 << 17
    enumerated: int = 1 << 12
    enumerated_with_draws: int = 1 << 8

    @property
    def name(self) -> str:
        """What plans and refusals call it."""
        return "sampled"

    def solve(self, task: Task) -> Solution:
        """The value for each row, with its standard error where something was drawn.

        Raises:
            Refusal: an observation that can be neither solved for nor weighed, a law or a coupling that is not there,
                no key, or draws that support an answer for no row (the partial result is attached). Where they do for
                some, the others are `refused` in the solution.
        """
        if task.worlds.impossible:
            nothing = np.full(task.rows, np.nan)
            return point(nothing, np.zeros(task.rows, dtype=bool))
        view = View(task)
        plan = make_plan(view, self.enumerated, self.enumerated_with_draws, points=task.key is None)
        found = possible(view, plan.apart, known(view, plan))
        if not plan.main.draws or not task.rows:
            try:
                value, defined = exact(view, plan.main, found) if task.rows else (np.zeros(0), np.zeros(0, dtype=bool))
            except Refusal as refusal:
                if any(isinstance(step, Branch) for step in plan.main.steps):
                    raise Refusal(NO_KEY, rows=refusal.rows) from None  # with one, such noises are drawn
                raise
            figures = {"method": "enumeration", "combinations": plan.main.combinations}
            return replace(point(value, defined), diagnostics=figures)
        if task.key is None:
            raise Refusal(NO_KEY)
        return self._drawn(view, plan.main, found)

    def _drawn(self, view: View, plan: Part, found: Known) -> Solution:
        task = view.task
        assert task.key is not None
        rows = np.flatnonzero(found.possible)
        if not rows.size:
            return point(np.full(task.rows, np.nan), found.possible)
        size = rows.size * 2 * BATCH * plan.combinations * max(len(plan.steps), 1)
        compiled = task.execution.executor == "jax" or (task.execution.executor is None and size > COMPILED)
        lanes = Lanes(view, plan, found, random_key(task.key), compiled)
        first = weighted(lanes.run, rows, task.event, self.accuracy, self.most_draws)
        answers = Answers.of(first)
        if lanes.compiled and (nan := np.isnan(answers.value)).any():
            lanes.tell(int(rows[np.argmax(nan)]), -(-self.most_draws // BATCH))
        refuse_nan(np.isnan(answers.value) & (answers.size > 0), rows, lanes.without_number, task.rows)
        bad = np.flatnonzero(first.fault)
        if bad.size and movable(lanes):
            answers.put(bad, tempered(lanes, rows[bad], task.event), "tempered SMC")
            bad = np.flatnonzero(first.fault & ~answers.reliable)
        if 0 < bad.size <= MOST_UNITS and differentiable(lanes):
            answers.put(bad, hamiltonian(lanes, rows[bad], task.event), "NUTS")
        solution = answers.solution(rows, found.possible, plan.combinations)
        if answers.reliable.all():
            return solution
        if answers.reliable.any() or rows.size < task.rows:
            return answers.without_bad(rows, solution)
        raise Refusal(answers.why(rows), solution)
