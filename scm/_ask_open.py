"""Bounds on models: what tables leave open where no coupling is granted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._answer import Answer
from ._arguments import shaper
from ._ask_bounds import NAME, USUAL, conditions, effort_for, figures
from ._bind import replace_placeholders
from ._bounds_ends import Bounded, cells_of, ends_of
from ._bounds_told import Account, Attained, clash_step, forecast
from ._coupling import NeedsCoupling
from ._errors import ScmError
from ._finding import Assumption, Finding, Interval, Statuses, Step
from ._frames import FrameKind
from ._groups import row_groups
from ._model import Model
from ._query import Probability, Query
from ._shapes import Shape, check_shape, granted_limits
from ._standard_error import counted_totals
from ._syntax import Const, Placeholder, Value
from .bounds._attain import exact_value
from .bounds._canonical_model import model_with, programme_of_model
from .bounds._known import Known
from .bounds._programme import Array, Clash, Programme, TooLarge
from .bounds._quantity_rows import NotLinear, rows_of
from .bounds._solve import Effort
from .solvers import Setting

MOST_NUMBERS = 2_000
"""Different rows (times cells of a distribution) that are bounded one by one."""
OPEN = (
    "the tables say how likely each state is in one world, and not how a variable would behave in two at once: the "
    "ends are over every way in which it may. A coupling that is granted (assume='rank_preserving', 'gumbel_max', "
    "'independent') gives one number between them"
)


@dataclass(frozen=True, eq=False)
class OfModel:
    """What a model with tables knows.

    Attributes:
        own: the model.
        shapes: what is granted.
        effort: what may be spent on each number.
        complete: whether all that is granted is in the programmes; couplings of some variables are not.
    """

    own: Model
    shapes: tuple[Shape, ...]
    effort: Effort
    complete: bool = True

    @cached_property
    def known(self) -> tuple[Known, ...]:
        """What shapes say.

        Raises:
            NotLinear: a shape about numbers that the model leaves open.
        """
        rows: list[Known] = []
        for source, shape in enumerate(self.shapes):
            for limit in granted_limits(shape, self.own.variable_states):
                for parts, low, high in rows_of(limit.quantity, limit.low, limit.high, self.own.variable_states, self):
                    rows.append(Known(parts, low, high, source))
        return tuple(rows)

    def of(self, term: Probability) -> tuple[float, float] | None:
        """A probability that the tables determine; see `_quantity_rows.Lookup`."""
        try:
            value = exact_value(self.own, term)
        except (ScmError, ValueError):  # the model leaves it open, or it is too large
            return None
        return None if np.isnan(value) else (value, value)

    def programme(self, query: Query) -> Programme:
        """The query with the tables, as polynomials.

        Raises:
            TooLarge: it would have too many unknowns.
        """
        return programme_of_model(self.own, query, self.known, [shape.claim for shape in self.shapes])

    def model(self, programme: Programme, laws: Sequence[Array]) -> Model:
        """The model in which the blocks of a programme have the laws given."""
        return model_with(self.own, programme, laws)

    def checked(self, query: Query, programme: Programme, laws: Sequence[Array]) -> tuple[float, float]:
        """What the exact solver says of a query in that model, and by how much it misses what is known.

        Not a number where it says nothing: a table of which the programme saw that it does not matter is one there too.
        """
        try:
            value = exact_value(self.model(programme, laws), query)
        except NeedsCoupling:
            value = float("nan")
        return value, programme.broken(tuple(laws))


@dataclass(frozen=True, eq=False)
class _Rows:
    """Rows that ask one question without placeholders."""

    rows: NDArray[np.intp]
    query: Query


def bounded_model(
    setting: Setting,
    base: Answer,
    states: tuple[tuple[str, tuple[Any, ...]], ...],
    shapes: tuple[Shape, ...],
    kind: FrameKind | None,
) -> Answer:
    """Bounds where a model's tables leave a query open for want of a coupling.

    Args:
        setting: the model with the rows.
        base: the refusal so far.
        states: of a distribution, each term with its states.
        shapes: what is granted beside couplings.
        kind: of the table of rows.

    Returns:
        `bounds` (rows whose ends all meet: `exact`), with `undefined` rows as such; `contradiction` where a shape
        cannot hold; where it would be too large, the refusal with the reason.

    Raises:
        UnknownName, UnknownState, InvalidQuery: a shape that cannot be meant.
    """
    model = setting.model
    for shape in shapes:
        check_shape(shape, model.graph, model.variable_states)
    effort = effort_for(setting.budget.seconds)
    facts = OfModel(model, shapes, effort, complete=not setting.couplings)
    shape = tuple(len(own) for _, own in states)
    cases = list(_cases(setting, base.query))
    if (numbers := len(cases) * int(np.prod(shape))) > MOST_NUMBERS:
        reason = f"{numbers:,} different numbers would be bounded one by one, and {MOST_NUMBERS:,} are the most"
        return _refused(base, f"{reason}; ask about fewer rows at a time, or grant a coupling")
    found: list[tuple[_Rows, list[Bounded]]] = []
    try:
        for k, case in enumerate(cases):
            cells = enumerate(cells_of(case.query, model.variable_states, shape), start=k * numbers // len(cases))
            ends = [ends_of(replace(facts, effort=effort.part(1 / (numbers - i))), cell) for i, cell in cells]
            if clash := next((one for one in ends if isinstance(one, Clash)), None):
                return _contradiction(base, clash, [s.claim for s in shapes])
            found.append((case, [one for one in ends if isinstance(one, Bounded)]))
    except (TooLarge, NotLinear) as wrong:
        return _refused(base, str(wrong))
    return _answer(setting, facts, base, states, found, kind)


def bounds_forecast(setting: Setting, query: Query, states: Sequence[tuple[str, tuple[Any, ...]]]) -> str:
    """What bounds on a query would take, nothing solved."""
    cases = list(_cases(setting, query))
    facts = OfModel(setting.model, (), USUAL)
    shape = tuple(len(own) for _, own in states)
    numbers = len(cases) * int(np.prod(shape))
    text = forecast(facts, next(cells_of(cases[0].query, setting.model.variable_states, shape))) if cases else "bounds"
    return text if numbers == 1 else f"{text}; for each of {numbers:,} different numbers"


def _refused(base: Answer, reason: str) -> Answer:
    return replace(base, refusals=(*base.refusals, (NAME, reason)))


def _cases(setting: Setting, query: Query) -> Iterator[_Rows]:
    """Each different question that rows ask, with the rows that ask it."""
    for group in row_groups(query, setting.columns, setting.rows, setting.domains, setting.empty):
        columns, asked = group.columns(setting.columns), group.query(query)
        names = list(columns)
        if not names:
            yield _Rows(group.rows, asked)
            continue
        table = np.stack([columns[name] for name in names], axis=1)
        distinct, inverse = np.unique(table, axis=0, return_inverse=True)
        for k, codes in enumerate(distinct):
            leaf: Mapping[Placeholder, Const | Placeholder] = {
                Placeholder(name): Const(setting.domains[name][int(code)])
                for name, code in zip(names, codes, strict=True)
            }
            yield _Rows(group.rows[inverse.reshape(-1) == k], replace_placeholders(asked, dict(leaf)))


def _answer(
    setting: Setting,
    facts: OfModel,
    base: Answer,
    states: tuple[tuple[str, tuple[Value, ...]], ...],
    found: Sequence[tuple[_Rows, list[Bounded]]],
    kind: FrameKind | None,
) -> Answer:
    shape, show = tuple(len(own) for _, own in states), shaper(kind is not None)

    def array(name: str) -> Any:
        out = np.full((*shape, setting.rows), np.nan)
        for case, ends in found:
            numbers = np.array([one.end(name) for one in ends], dtype=float).reshape((*shape, 1))
            out[..., case.rows] = np.where(any(one.undefined for one in ends), np.nan, numbers)
        return show(out)

    every = [one for _, ends in found for one in ends]
    defined = np.ones(setting.rows, dtype=bool)
    for case, ends in found:
        defined[case.rows] = not any(one.undefined for one in ends)
    told = [one for one in every if not one.undefined]
    finding: Finding = "bounds"
    if not told:
        finding = "undefined"
    elif all(one.met for one in told):
        finding = "exact"
    interval = None
    if finding == "bounds":
        names = ("lower", "upper", "outer_lower", "outer_upper")
        interval = Interval(*(array(name) for name in names), sharp=all(one.sharp or one.met for one in told))
    return Answer(
        base.query,
        finding,
        value=array("value") if finding == "exact" else None,
        interval=interval,
        status=Statuses.of(defined),
        states=states,
        rung=base.rung,
        assumptions=(*_assumptions(setting, facts), *conditions(told)),
        diagnostics={"bounds": figures(every)},
        account=Account(Answer(base.query, "refused", account=_told), facts, tuple(every)),
        attain=Attained(facts, every[0]) if len(every) == 1 and finding == "bounds" else None,
        frame_kind=kind,
    )


def _told() -> tuple[Step, ...]:
    return (Step("no coupling", "the query joins worlds that the tables do not join", OPEN),)


def _assumptions(setting: Setting, facts: OfModel) -> tuple[Assumption, ...]:
    """What is granted, what is not made use of, and counts that are taken as they are."""
    cites = [f" ({shape.citation})" if shape.citation else "" for shape in facts.shapes]
    out = [Assumption(s.claim + cite, "the user") for s, cite in zip(facts.shapes, cites, strict=True)]
    for coupling in setting.couplings:
        text = f"{coupling.claim} is granted of {', '.join(coupling.variables or ())}; the bounds make no use of it"
        out.append(Assumption(text, "the user"))
    for name in counted_totals(setting):
        text = f"the units counted for {name!r} are taken as the truth: their sampling error is not worked out here"
        out.append(Assumption(text, "the method"))
    return tuple(out)


def _contradiction(base: Answer, clash: Clash, claims: list[str]) -> Answer:
    sources = [*claims, *("the tables of the model" for _ in clash.sources)]
    step = clash_step(clash, [sources[min(k, len(sources) - 1)] for k in range(max(clash.sources, default=0) + 1)])
    said = sorted({sources[min(k, len(claims))] for k in clash.sources})
    return Answer(
        base.query, "contradiction", rung=base.rung, status=Statuses(("contradiction",)), account=lambda: (step,),
        diagnostics={"clash": said},
    )  # fmt: skip
