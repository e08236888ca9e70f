"""From a query over a model that is not finite to a value for every row: groups of rows, terms, parts, solvers.

Each term goes first to the solvers that are exact. Where they refuse an expectation it is split by linearity, and what
is left over is drawn as one, so that its standard error is that of the whole.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ._coupling import Coupling
from ._domain import Domain, Real
from ._errors import InvalidRows, ScmError
from ._evaluate import evaluate
from ._execution import Execution
from ._groups import row_groups
from ._mixed_finite import Finite
from ._mixed_parts import NOTHING, Part, parts_of, summands
from ._mixed_rows import MixedRows
from ._model import Model
from ._query import Contrast, Expectation, Number, Probability, Query, query_terms
from ._syntax import Const, Expr, Op, Placeholder, Value, Var, substitute, terms, walk
from ._worlds import build_worlds
from .mechanisms._formula import column
from .solvers import Budget, Refusal, Solution, Task, TaskSolver, split_given
from .solvers.gaussian import Gaussian
from .solvers.sampled import Sampled
from .solvers.unit import Unit

if TYPE_CHECKING:
    from ._sample import PRNGKey

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]
Term = Probability | Expectation

UNCHECKED = "the evidence that does not bear on what is asked is possible in this model; that was not checked ({})"


@dataclass(frozen=True, slots=True)
class Enumeration:
    """Stochastic abduction where nothing has to be drawn: what is not determined is finite."""

    name: str = "enumeration"

    def solve(self, task: Task) -> Solution:
        """See `TaskSolver.solve`."""
        return Sampled().solve(replace(task, key=None))  # without a key it refuses to draw


EXACT: tuple[TaskSolver, ...] = (Finite(), Unit(), Gaussian(), Enumeration())
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

    def __init__(
        self, refusals: Sequence[tuple[str, str]], partial: Solution | None = None, rows: NDArray[np.intp] | None = None
    ) -> None:
        self.refusals, self.partial, self.rows = tuple(refusals), partial, rows
        super().__init__("; ".join(f"{name}: {reason}" for name, reason in refusals))


@dataclass(frozen=True)
class Found:
    """A value for each row.

    Attributes:
        value: shape (rows,); NaN where it is not defined.
        defined: whether the row's evidence is possible.
        error: standard error of what was drawn; None where nothing was.
    """

    value: Array
    defined: Bools
    error: Array | None = None


def solve(setting: Setting, query: Query) -> Found:
    """The value of `query` for every row.

    Raises:
        Refused: some term of some rows is answered by no solver.
    """
    rows = setting.rows
    value, defined, error = np.full(rows.count, np.nan), np.zeros(rows.count, bool), np.zeros(rows.count)
    drawn = False
    for group in row_groups(query, rows.columns, rows.count, rows.domains, rows.empty):
        if not len(group.rows):
            continue
        here = _Group(setting, group.columns(rows.columns), group.rows)
        found = here.query(group.query(query))
        value[group.rows], defined[group.rows] = found.value, found.defined
        if found.error is not None:
            drawn, error[group.rows] = True, found.error
    return Found(np.where(defined, value, np.nan), defined, np.where(defined, error, np.nan) if drawn else None)


class _Group:
    """Rows that ask one question."""

    def __init__(self, setting: Setting, columns: Mapping[str, NDArray[Any]], rows: NDArray[np.intp]) -> None:
        self.setting, self.columns, self.rows = setting, columns, rows
        self.possible: dict[object, Bools] = {}

    def query(self, query: Query) -> Found:
        """The value of a whole query."""
        found = {term: self.term(term) for term in query_terms(query)}  # pyright: ignore[reportArgumentType]
        return combined(query, found, len(self.rows))

    def term(self, term: Term) -> Found:
        """The value of one term."""
        try:
            return self.whole(term, self.setting.exact)
        except Refused as refused:
            if isinstance(term, Expectation) and len(split := summands(term.expr)) > 1:
                return self.summed(term, split)
            return self.whole(term, self.setting.drawing, refused.refusals)

    def summed(self, term: Expectation, split: Sequence[tuple[float, Expr]]) -> Found:
        """A sum, each summand by itself where that is exact, the others together."""
        total = Found(np.zeros(len(self.rows)), np.ones(len(self.rows), bool))
        left: list[tuple[float, Expr]] = []
        refusals: tuple[tuple[str, str], ...] = ()
        for scale, expr in split:
            try:
                total = _plus(total, self.whole(replace(term, expr=expr), self.setting.exact), scale)
            except Refused as refused:
                left.append((scale, expr))
                refusals = refused.refusals
        if not left:
            return total
        together = [expr if scale == 1 else Op("*", (Const(scale), expr)) for scale, expr in left]
        joint = replace(term, expr=together[0] if len(left) == 1 else Op("+", tuple(together)))
        try:
            return _plus(total, self.whole(joint, self.setting.drawing, refusals), 1.0)
        except Refused:
            if len(left) < 2:
                raise
        for scale, expr in left:
            total = _plus(total, self.whole(replace(term, expr=expr), self.setting.drawing, refusals), scale)
        return total

    def whole(self, term: Term, solvers: Sequence[TaskSolver], refusals: Sequence[tuple[str, str]] = ()) -> Found:
        """The value of one term by the first of `solvers` that answers it."""
        model, count = self.setting.model, len(self.rows)
        asked = term.event if isinstance(term, Probability) else term.expr
        facts, conditions = split_given(model, term.given)
        seen = [t for part in (asked, *conditions) for t in terms(part)]
        worlds = build_worlds(model.graph, seen, facts)
        if worlds.impossible:
            return Found(np.full(count, np.nan), np.zeros(count, bool))
        event = isinstance(term, Probability)
        parts = parts_of(model, worlds, asked, conditions, event=event)
        found = Found(self.evaluated(parts.fixed), np.ones(count, bool))
        for part in parts.main:
            solution = self.solved(term, part, event, solvers, refusals)
            one = Found(solution.lower, solution.defined, solution.monte_carlo)
            found = one if part is parts.main[0] and parts.fixed == NOTHING else _contrast("*", found, one)
        defined = found.defined.copy()
        for check in parts.checks:
            defined &= self.evaluated(check) != 0
        if parts.rest is not None:
            defined &= self.is_possible(term, parts.rest)
        return replace(found, value=np.where(defined, found.value, np.nan), defined=defined)

    def solved(
        self,
        term: Term,
        part: Part,
        event: bool,
        solvers: Sequence[TaskSolver],
        refusals: Sequence[tuple[str, str]] = (),
    ) -> Solution:
        """What the first solver that answers finds."""
        task = self.task(part, event)
        reasons = list(refusals)
        partial: Solution | None = None
        for solver in solvers:
            try:
                solution = solver.solve(task)
            except Refusal as refusal:
                reasons.append((solver.name, self.numbered(str(refusal))))
                partial = refusal.partial
                continue
            except InvalidRows as wrong:
                raise InvalidRows(
                    wrong.problem, None if wrong.row is None else int(self.rows[wrong.row - 1]) + 1
                ) from None
            except ScmError as wrong:
                raise type(wrong)(self.numbered(str(wrong))) from None
            self.setting.report.append(Solved(term, self.rows, task, solver.name, solution, tuple(reasons)))
            return solution
        raise Refused(reasons, partial, self.rows)

    def numbered(self, message: str) -> str:
        """What a solver says of a row of the group, with the row's own number."""

        def own(found: re.Match[str]) -> str:
            at = int(found[2]) - 1
            return f"{found[1]}{int(self.rows[at]) + 1}" if 0 <= at < len(self.rows) else found[0]

        return re.sub(r"\b([Rr]ow )(\d+)\b", own, message)

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
                self.setting.notes[UNCHECKED.format(refused)] = None
                self.possible[rest.key] = np.ones(len(self.rows), bool)
        return self.possible[rest.key]

    def evaluated(self, expr: Expr) -> Array:
        """The value of an expression without terms, for each row."""
        rows = self.setting.rows
        finite = [n for n in _open(expr) if not isinstance(rows.domains[n], Real)]
        out = np.empty(len(self.rows))
        codes: NDArray[Any] = np.zeros((len(self.rows), 1), np.int8)
        if finite:
            codes = np.stack([self.columns[n] for n in finite], axis=1)
        for found in np.unique(codes, axis=0):
            at = np.flatnonzero((codes == found).all(axis=1))
            states = {n: _state(rows.domains[n], int(k)) for n, k in zip(finite, found, strict=False)}
            out[at] = _value(expr, states, {n: c[at] for n, c in self.columns.items()}, rows.domains)
        return out


def _state(domain: Domain, code: int) -> Value:
    assert not isinstance(domain, Real)
    return domain[code]


def _open(expr: Expr) -> list[str]:
    return list(dict.fromkeys(node.name for node in walk(expr) if isinstance(node, Placeholder)))


def _value(
    expr: Expr, states: Mapping[str, Value], columns: Mapping[str, NDArray[Any]], domains: Mapping[str, Domain]
) -> Any:
    """The value of an expression without terms, where the finite placeholders have one state each."""

    def leaf(node: Const | Placeholder | Var) -> Expr:
        if not isinstance(node, Placeholder):
            return node
        return Const(states[node.name]) if node.name in states else Var(node.name)

    return column(_folded(substitute(expr, leaf)), columns, domains, np)


def _folded(expr: Expr) -> Expr:
    """`expr` with what holds no column worked out: labels are compared before numbers are wanted."""
    if not isinstance(expr, Op):
        return expr
    args = tuple(map(_folded, expr.args))
    if all(isinstance(a, Const) for a in args):
        return Const(evaluate(Op(expr.op, args), _no_term))
    return Op(expr.op, args)


def _no_term(term: Var) -> Value:
    raise AssertionError(term)


def _plus(total: Found, more: Found, scale: float) -> Found:
    """A sum; draws of two terms may depend on one another, so that their errors are added as they are."""
    error = total.error
    if more.error is not None:
        error = abs(scale) * more.error + (0.0 if error is None else error)
    return Found(total.value + scale * more.value, total.defined & more.defined, error)


def combined(query: Query, found: Mapping[Any, Found], rows: int) -> Found:
    """The value of a contrast from those of its terms.

    Standard errors of terms that were drawn are combined as if they were perfectly dependent, the worst case.
    """
    match query:
        case Number(value):
            return Found(np.full(rows, float(value)), np.ones(rows, bool))
        case Contrast(op, left, right):
            return _contrast(op, combined(left, found, rows), combined(right, found, rows))
        case _:
            return found[query]


def _contrast(op: str, a: Found, b: Found) -> Found:
    x, y, defined = a.value, b.value, a.defined & b.defined
    ea, eb = (np.zeros(len(side.value)) if side.error is None else side.error for side in (a, b))
    with np.errstate(divide="ignore", invalid="ignore"):
        match op:
            case "+":
                value, error = x + y, ea + eb
            case "-":
                value, error = x - y, ea + eb
            case "*":
                value, error = x * y, np.abs(y) * ea + np.abs(x) * eb + ea * eb
            case _:
                value = x / y
                error = (ea + np.abs(value) * eb) / np.abs(y)
                defined = defined & np.isfinite(value)
    drawn = a.error is not None or b.error is not None
    return Found(value, defined, error if drawn else None)
