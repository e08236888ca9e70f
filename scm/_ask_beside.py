"""Statements beside whole laws: what a law gives already, a statement can only agree with or contradict."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from ._answer import Answer, Noted
from ._ask_laws import named
from ._errors import ScmError
from ._finding import Step
from ._statement import Correlation, Statement
from ._statement_text import print_statement
from ._study import Study
from ._text import number_text
from .identify import Available, identify
from .solvers import JointLaws, evaluate_estimand

OFF = 1e-9
"""How far a law may be off what a statement says: rounding of the machine."""
ERRORS = 5.0
"""Standard errors that a counted share may be off a law before the two are taken to clash: one time in a million."""


@dataclass(frozen=True, eq=False)
class Beside:
    """What is left of a study where its laws give what some of its statements say.

    Attributes:
        study: without those statements.
        kept: the places of the other statements.
        steps: on each of those that went.
    """

    study: Study
    kept: tuple[int, ...]
    steps: tuple[Step, ...]

    def told(self, found: Answer) -> Answer:
        """An answer over what is left, as one over the whole study."""
        diagnostics = dict(found.diagnostics)
        if "statements" in diagnostics:  # a cell of a law may be among them
            diagnostics["statements"] = [self.kept[k] for k in diagnostics["statements"] if k < len(self.kept)]
        return replace(found, diagnostics=diagnostics, account=Noted(found.account, self.steps))


def beside_laws(study: Study) -> Beside | None:
    """A study without the statements that its laws determine and do not contradict; None where it has none.

    A law is exact. A printed number that agrees with it but for its digits says nothing further, and at face value it
    would move the answer or seem to clash. One that contradicts the laws stays, so that the clash is found.
    """
    if not study.laws or not study.statements:
        return None
    steps: dict[int, Step] = {}
    for k, given in enumerate(study.statements):
        value = _by_laws(study, given)
        if value is not None and _agrees(given, value):
            reason = f"the laws, which are exact, give {number_text(value)}"
            steps[k] = Step("agreement", f"{print_statement(given)} says nothing beyond the laws", reason)
    if not steps:
        return None
    kept = tuple(k for k in range(len(study.statements)) if k not in steps)
    parts = (*study.samples, *study.laws, *study.equations, *(study.statements[k] for k in kept))
    return Beside(Study(study.graph, *parts, states=study.states), kept, tuple(steps.values()))


def _by_laws(study: Study, given: Statement) -> float | None:
    """The number that the laws give to what a statement is about; None where they leave it open."""
    if isinstance(given.quantity, Correlation):
        return None
    laws = named(study.laws)
    available = [Available(law.variables, law.do, law.name) for law in laws]
    try:
        how = identify(study.graph, given.quantity, available, states=study.states)
        if how.estimand is None:
            return None
        value = float(evaluate_estimand(how.estimand, JointLaws(laws), study.states))
    except ScmError:  # a condition without probability, or what identification does not take
        return None
    return value if math.isfinite(value) else None


def _agrees(given: Statement, value: float) -> bool:
    low, high = given.low, given.high
    if given.total:
        error = ERRORS * math.sqrt(max(value * (1 - value), 0.0) / given.total) + 1 / given.total
        low, high = low - error, high + error
    above = given.relation in ("<", "<=") or value >= low - OFF
    below = given.relation in (">", ">=") or value <= high + OFF
    return above and below
