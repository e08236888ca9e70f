"""From a query over a model that is not finite to a value for every row: groups of rows, terms, parts, solvers.

Each term goes first to the solvers that are exact. Where they refuse an expectation it is split by linearity, and what
is left over is drawn as one, so that its standard error is that of the whole.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ._coupling import Coupling
from ._errors import InvalidRows, ScmError
from ._execution import Execution
from ._groups import row_groups
from ._mixed_density import NOTE, Density, equates
from ._mixed_finite import Finite
from ._mixed_found import (
    Array,
    Bools,
    Found,
    Term,
    Turned,
    as_sum,
    combined,
    contrast,
    joined,
    nothing,
    number,
    scaled,
    summands,
)
from ._mixed_hidden import without_hidden
from ._mixed_mixture import Mixture
from ._mixed_parts import NOTHING, Part, parts_of
from ._mixed_ranges import within_ranges
from ._mixed_rows import MixedRows
from ._mixed_values import evaluated
from ._model import Model
from ._query import Distribution, Expectation, Probability, Query, query_terms
from ._syntax import Expr, terms
from ._worlds import build_worlds
from .solvers import Budget, Refusal, Solution, Task, TaskSolver, renumbered, split_given
from .solvers.gaussian import Gaussian
from .solvers.sampled import Sampled
from .solvers.unit import Unit

if TYPE_CHECKING:
    from ._sample import PRNGKey


UNCHECKED = "the evidence that does not bear on what is asked is possible in this model: no exact solver decides it"


@dataclass(frozen=True, slots=True)
class Enumeration:
    """Stochastic abduction where nothing has to be drawn: what is not determined is finite."""

    name: str = "enumeration"

    def solve(self, task: Task) -> Solution:
        """See `TaskSolver.solve`."""
        return Sampled().solve(replace(task, key=None))  # without a key it refuses to draw


_PLAIN: tuple[TaskSolver, ...] = (Unit(), Gaussian(), Enumeration(), Mixture())
EXACT: tuple[TaskSolver, ...] = (Finite(), *_PLAIN, Density(_PLAIN))
DRAWING: tuple[TaskSolver, ...] = (Sampled(),)
"""Solvers of tasks in the order they are tried: exact before drawn, cheap before dear."""


@dataclass(frozen=True)
class Setting:
    """What every term of one query is solved under.

    Attributes:
        exact, drawing: solvers, in the order they are tried.
        report: what was done, one entry a group and term; filled as terms are solved.
        notes: what an answer rests on beside the model.
    """

    model: Model
    grants: tuple[Coupling, ...]
    budget: Budget
    rows: MixedRows
    execution: Execution
    key: PRNGKey | int | None
    exact: tuple[TaskSolver, ...] = EXACT
    drawing: tuple[TaskSolver, ...] = DRAWING
    until: float | None = None
    report: list[Solved] = field(default_factory=lambda: [])
    notes: dict[str, None] = field(default_factory=lambda: {})


@dataclass(frozen=True)
class Solved:
    """One task and what its solver found, for the account of an answer.

    Attributes:
        term: of the query as the rows of the group ask it.
        rows: which rows.
        task: what was solved.
        solver: which one did it.
        solution: what it found.
        refusals: of the solvers before it.
    """

    term: Term
    rows: NDArray[np.intp]
    task: Task
    solver: str
    solution: Solution
    refusals: tuple[tuple[str, str], ...] = ()


class Refused(Exception):
    """No solver would answer; with every solver's reason, and what the last one had found before it gave up."""

    def __init__(self, refusals: Sequence[tuple[str, str]], partial: Solution | None = None) -> None:
        self.refusals, self.partial = tuple(refusals), partial
        super().__init__("; ".join(f"{name}: {reason}" for name, reason in refusals))


class _Apart(Exception):
    """A solver refused for the sake of these rows, by their numbers among all: the others are asked without them."""

    def __init__(self, rows: NDArray[np.intp]) -> None:
        self.rows = rows
        super().__init__()


def solve(setting: Setting, query: Query) -> Found:
    """The value of `query` for every row; rows of which some term is answered by no solver are `turned`."""
    rows = setting.rows
    value, defined, error = np.full(rows.count, np.nan), np.zeros(rows.count, bool), np.zeros(rows.count)
    drawn, rounding, turned = False, 0.0, list[Turned]()
    for group in row_groups(query, rows.columns, rows.count, rows.domains, rows.empty):
        if not len(group.rows):
            continue
        columns, size = group.columns(rows.columns), len(group.rows)
        for at, asked in without_hidden(setting.model, group.query(query), columns, size):
            own = columns if len(at) == size else {name: column[at] for name, column in columns.items()}
            for places, found in _answered(_Group(setting, own, group.rows[at]), asked):
                value[places], defined[places] = found.value, found.defined
                rounding, turned = max(rounding, found.rounding), [*turned, *found.turned]
                if found.error is not None:
                    drawn, error[places] = True, found.error
    for one in turned:
        defined[one.rows] = False
    errors = np.where(defined, error, np.nan) if drawn else None
    return Found(np.where(defined, value, np.nan), defined, errors, rounding, tuple(turned))


def _answered(whole: _Group, query: Query) -> Iterator[tuple[NDArray[np.intp], Found]]:
    """What is found for the rows of a group, which comes apart where a solver refuses for the sake of some."""
    groups = [whole]
    while groups:
        group = groups.pop()
        told = len(group.setting.report)
        try:
            found = group.query(query)
        except Refused as refused:
            turned = Turned(group.rows, refused.refusals, refused.partial, group.rows)
            found = replace(nothing(len(group.rows)), turned=(turned,))
        except _Apart as apart:
            del group.setting.report[told:]
            at_fault = np.isin(group.rows, apart.rows)
            groups += [group.some(np.flatnonzero(at_fault)), group.some(np.flatnonzero(~at_fault))]
            continue
        yield group.rows, found


Pieces: TypeAlias = "tuple[Found, list[tuple[float, Term]]]"
"""What was worked out exactly, and multiples of terms that were not."""


class _Group:
    """Rows that ask one question."""

    def __init__(self, setting: Setting, columns: Mapping[str, NDArray[Any]], rows: NDArray[np.intp]) -> None:
        self.setting, self.columns, self.rows = setting, columns, rows
        self.possible: dict[object, Bools] = {}

    def some(self, at: NDArray[np.intp]) -> _Group:
        """Of these places only."""
        return _Group(self.setting, {name: np.asarray(c)[at] for name, c in self.columns.items()}, self.rows[at])

    def query(self, query: Query) -> Found:
        """The value of a whole query."""
        own = {term: self.pieces(term) for term in query_terms(query) if not isinstance(term, Distribution)}
        linear = as_sum(query)
        if linear is None:
            found: dict[Query, Found] = {term: self.finished(*pieces) for term, pieces in own.items()}
            return combined(query, found, len(self.rows))
        total, left = number(linear[0], len(self.rows)), list[tuple[float, Term]]()
        for scale, term in linear[1]:
            exact, rest = own[term]
            total = _plus(total, scaled(exact, scale))
            left += [(scale * c, part) for c, part in rest]
        if len(linear[1]) == 1 and linear[0] == 0 and linear[1][0][0] == 1 and not left:
            return own[linear[1][0][1]][0]  # as it is, bit for bit
        return self.finished(total, left)

    def pieces(self, term: Term) -> Pieces:
        """What of a term can be worked out exactly, a sum summand by summand, and what cannot."""
        rows = len(self.rows)
        try:
            return self.whole(term, self.setting.exact), []
        except Refused:
            split = summands(term.expr) if isinstance(term, Expectation) else []
            if len(split) < 2:
                return number(0.0, rows), [(1.0, term)]
        assert isinstance(term, Expectation)
        total, left = number(0.0, rows), list[tuple[float, Term]]()
        for scale, expr in split:
            part = replace(term, expr=expr)
            try:
                total = _plus(total, scaled(self.whole(part, self.setting.exact), scale))
            except Refused:
                left.append((scale, part))
        return total, left

    def finished(self, total: Found, left: Sequence[tuple[float, Term]]) -> Found:
        """The sum with what has to be drawn, drawn together where one condition is common to it."""
        by_condition: dict[Expr | None, list[tuple[float, Term]]] = {}
        for scale, term in left:
            by_condition.setdefault(term.given, []).append((scale, term))
        for parts in by_condition.values():
            total = self.drawn(total, parts)
        return total

    def drawn(self, total: Found, parts: list[tuple[float, Term]]) -> Found:
        """The sum with terms under one condition."""
        solvers = (*self.setting.exact, *self.setting.drawing)
        if len(parts) > 1:
            try:
                together = self.whole(joined(parts), solvers)
            except Refused:
                pass  # the joint law of the terms may need what each alone does not
            else:
                return self.mended(total, together, parts)
        for scale, term in parts:
            total = _plus(total, scaled(self.whole(term, solvers), scale))
        return total

    def mended(self, total: Found, together: Found, parts: list[tuple[float, Term]]) -> Found:
        """The sum with terms that were drawn together, each by itself for the rows that were refused so."""
        found, at = _plus(total, together), np.flatnonzero(together.refused(self.rows))
        if not at.size:
            return found
        few, alone = self.some(at), total.some(at)
        try:
            for part in parts:
                alone = few.drawn(alone, [part])
        except Refused:
            return found
        return replace(found.replaced(at, alone), turned=(*total.turned, *alone.turned))

    def whole(self, term: Term, solvers: Sequence[TaskSolver]) -> Found:
        """The value of one term by the first of `solvers` that answers it.

        Raises:
            Refused: none does.
        """
        model, count = self.setting.model, len(self.rows)
        asked = term.event if isinstance(term, Probability) else term.expr
        facts, conditions = split_given(model, term.given)
        seen = [t for part in (asked, *conditions) for t in terms(part)]
        worlds = build_worlds(model.graph, seen, facts)
        if worlds.impossible:
            return nothing(count)
        event = isinstance(term, Probability)
        parts = parts_of(model, worlds, asked, conditions, event=event)
        found = Found(self.evaluated(parts.fixed), np.ones(count, bool))
        for part in parts.main:
            one = self.solved(term, part, event, solvers)
            found = one if part is parts.main[0] and parts.fixed == NOTHING else contrast("*", found, one)
            if event and equates(part.asked, tuple(model.reals)) and (one.value == 0.0).any():
                self.setting.notes[NOTE] = None
        defined = found.defined & within_ranges(model, worlds, self.columns, count)
        for check in parts.checks:
            defined &= self.evaluated(check) != 0
        if parts.rest is not None:
            defined &= self.is_possible(term, parts.rest)
        return replace(found, value=np.where(defined, found.value, np.nan), defined=defined)

    def solved(self, term: Term, part: Part, event: bool, solvers: Sequence[TaskSolver]) -> Found:
        """What the first solver that answers finds.

        Raises:
            Refused: none does.
            _Apart: one refuses for the sake of some rows.
        """
        task = self.task(part, event)
        if self.setting.until is not None and time.monotonic() > self.setting.until:
            raise Refused([("budget", "the time ran out before every part was worked out; allow more.")])
        reasons: list[tuple[str, str]] = []
        partial: Solution | None = None
        for solver in solvers:
            try:
                solution = solver.solve(task)
            except Refusal as refusal:
                if isinstance(solver, Density):
                    continue  # it is for one kind of question
                at_fault = refusal.rows
                if at_fault is not None and len(at_fault) == len(self.rows) and not at_fault.all():
                    raise _Apart(self.rows[at_fault]) from None
                reasons.append((solver.name, self.numbered(str(refusal))))
                partial = refusal.partial
                continue
            except InvalidRows as wrong:
                raise InvalidRows(
                    wrong.problem, None if wrong.row is None else int(self.rows[wrong.row - 1]) + 1
                ) from None
            except ScmError as wrong:
                raise type(wrong)(self.numbered(str(wrong))) from None
            before = tuple(r for r in reasons if (r[0], solver.name) != ("enumeration", "sampled"))
            self.setting.report.append(Solved(term, self.rows, task, solver.name, solution, before))
            return self.found(solution, solver.name, before)
        if reasons and reasons[-1][0] == "sampled":
            reasons = [reason for reason in reasons if reason[0] != "enumeration"]  # the same solver, without draws
        raise Refused(reasons, partial)

    def found(self, solution: Solution, solver: str, before: tuple[tuple[str, str], ...]) -> Found:
        """What a solver found, with the rows that it refused and every solver's reason."""
        turned: tuple[Turned, ...] = ()
        if solution.refused is not None:
            reasons = (*before, (solver, self.numbered(solution.reason)))
            turned = (Turned(self.rows[solution.refused], reasons),)
        rounding = float(solution.diagnostics.get("error", 0.0))
        return Found(solution.lower, solution.defined, solution.monte_carlo, rounding, turned)

    def numbered(self, message: str) -> str:
        """What a solver says of a row of the group, with the row's own number."""
        return renumbered(message, self.rows)

    def task(self, part: Part, event: bool) -> Task:
        """What a solver is given."""
        setting, budget = self.setting, self.setting.budget
        if setting.until is not None:
            budget = replace(budget, seconds=max(setting.until - time.monotonic(), 0.0))
        return Task(
            setting.model, part.worlds, part.asked, event, part.conditions, self.columns, len(self.rows),
            setting.grants, setting.key, budget, setting.execution,
        )  # fmt: skip

    def is_possible(self, term: Term, rest: Part) -> Bools:
        """For each row, whether evidence that does not bear on the answer is possible at all."""
        if rest.key not in self.possible:
            solvers = self.setting.exact
            try:
                self.possible[rest.key] = self.solved(term, rest, False, solvers).defined
            except Refused as refused:
                self.setting.notes[
                    UNCHECKED.format(refused.refusals[-2][1] if len(refused.refusals) > 1 else refused)
                ] = None
                self.possible[rest.key] = np.ones(len(self.rows), bool)
        return self.possible[rest.key]

    def evaluated(self, expr: Expr) -> Array:
        """The value of an expression without terms, for each row."""
        return evaluated(expr, self.columns, self.setting.rows.domains, len(self.rows))


def _plus(total: Found, more: Found) -> Found:
    return contrast("+", total, more)
