"""`most_probable`: the single most probable joint state of everything, given the evidence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ._arguments import shaper
from ._ask import assumptions_of, plan_of
from ._asked import Asked, Assume, Given, Of, heading, read_asked, rows_line, setting_of, world_of
from ._errors import InvalidQuery
from ._execution import Execution
from ._finding import Assumption, Finding, Number, Statuses, Step
from ._frames import FrameKind, kind_of
from ._model import Model
from ._render import assuming_lines, plain
from ._results import Columns, check_results, masked, table_of
from ._standard_error import counted_totals
from ._syntax import Expr, Value, Var, World, print_expr
from ._text import number_text
from .solvers import Budget, NeedsCoupling, TooWide, most_probable_states

Codes = NDArray[np.intp]


@dataclass(frozen=True)
class Explanation:
    """What `most_probable` returns.

    Where rows were given, every part has one entry a row.

    Attributes:
        given: the evidence, with names and states checked.
        finding: `exact`, `estimate` (tables are counts), `undefined` (in every row) or `refused`.
        states: for each term, as printed, its state in the most probable joint state; an array of states where rows
            were given. None in rows whose `status` is not ok.
        noises: the same for each noise.
        probability: of that joint state given the evidence (NaN where undefined); `log_probability` is its natural
            logarithm.
        evidence_log_probability: natural logarithm of the probability of the evidence.
        tied: whether another joint state is as probable.
        status: for each row, `ok` or `undefined` (the evidence has probability zero).
        rung: of the ladder that the hardest term needs.
        assumptions: each with who granted it.
        refusals: for `refused`, the solver and its reason.
        plan: what was run.
        account: gives the derivation when it is asked for.
        world: that every term is in, if it is one.
        frame_kind: the kind of table that the rows came in, for `to_frame`.
    """

    given: Expr | None
    finding: Finding
    states: Mapping[str, Any] = field(default_factory=lambda: {})
    noises: Mapping[str, Any] = field(default_factory=lambda: {})
    log_probability: Number | None = None
    evidence_log_probability: Number | None = None
    tied: bool | NDArray[np.bool_] = False
    status: Statuses = field(default_factory=lambda: Statuses(()))
    rung: Literal[1, 2, 3] = 1
    assumptions: tuple[Assumption, ...] = ()
    refusals: tuple[tuple[str, str], ...] = ()
    plan: Mapping[str, Any] = field(default_factory=lambda: {})
    account: Callable[[], tuple[Step, ...]] = field(default=tuple, repr=False, compare=False)
    world: World = ()
    frame_kind: FrameKind | None = field(default=None, repr=False, compare=False)

    @property
    def probability(self) -> Number | None:
        """Of the joint state given the evidence."""
        found = self.log_probability
        if found is None:
            return None
        return float(np.exp(found)) if isinstance(found, float) else np.exp(found)

    @property
    def derivation(self) -> tuple[Step, ...]:
        """The steps, as data."""
        return self.account()

    def __str__(self) -> str:
        return self.to_text()

    def to_text(self) -> str:
        """The state in a few lines; of several rows, the first that is ok."""
        lines = [f"{heading('Most probable state', self.world, self.given)}: {self.finding}"]
        lines += [f"  refused by {name}: {reason}" for name, reason in self.refusals]
        row = 0
        if isinstance(self.tied, np.ndarray):
            told, row = rows_line(self.status)
            lines.append(told)
        if self.status and self.status[row] == "ok":
            lines += [f"  {name} = {_at(state, row)!r}" for name, state in (*self.states.items(), *self.noises.items())]
            tie = "; another is as probable" if _at(self.tied, row) else ""
            lines.append(f"  probability {number_text(float(_at(self.probability, row)))}{tie}")
        lines += assuming_lines(self.assumptions)
        return "\n".join(lines)

    def to_frame(self, like: object = None) -> Any:
        """One line a row: the state of each term and noise, the probability of the whole, and the status.

        Args:
            like: a table of the kind that is wanted, of as many rows; left out, of the kind of the rows that were asked
                (a pandas frame keeps its index; a mapping gives a dict of arrays).

        Raises:
            InvalidQuery: the question was refused, or a variable is called as a column of results is.
            InvalidRows: `like` has another number of rows.
        """
        check_results(self.finding, self.refusals)
        columns: Columns = {
            name: np.array(state if isinstance(self.tied, np.ndarray) else [state], dtype=object)
            for name, state in (*self.states.items(), *self.noises.items())
        }
        probability = np.atleast_1d(np.asarray(self.probability, dtype=float))
        own: Columns = {"probability": masked(probability, self.status.ok), "status": self.status.words}
        if clash := [name for name in own if name in columns]:
            raise InvalidQuery(
                f"The table would have two columns {clash[0]!r}: that variable, and what was found. Read .states and "
                f".{clash[0]} instead, or rename the variable."
            )
        return table_of({**columns, **own}, len(self.status), like, self.frame_kind)

    def to_json(self) -> dict[str, Any]:
        """As JSON data (undefined rows are null)."""
        return {
            "given": None if self.given is None else print_expr(self.given),
            "rung": self.rung,
            "finding": self.finding,
            "states": {name: plain(state) for name, state in self.states.items()},
            "noises": {name: plain(state) for name, state in self.noises.items()},
            "probability": plain(self.probability),
            "log_probability": plain(self.log_probability),
            "evidence_log_probability": plain(self.evidence_log_probability),
            "tied": plain(self.tied),
            "status": list(self.status),
            "assumptions": [{"text": a.text, "granted_by": a.granted_by} for a in self.assumptions],
            "derivation": [
                {"name": s.name, "claim": s.claim, "reason": s.reason, "citation": s.citation} for s in self.derivation
            ],
            "refusals": [{"solver": name, "reason": reason} for name, reason in self.refusals],
            "plan": plain(dict(self.plan)),
        }


def _at(part: Any, row: int) -> Any:
    return part[row] if isinstance(part, np.ndarray) else part


def most_probable(
    model: Model,
    given: Given = None,
    *,
    of: Of = None,
    rows: object = None,
    ignored: Sequence[str] = (),
    assume: Assume = (),
    budget: float | str | Budget | None = None,
    execution: Execution | None = None,
) -> Explanation:
    """The most probable explanation: the joint state of everything that is most probable given the evidence.

    Everything is every variable of every world that `of` and `given` speak of, and every noise that those read. Where
    several joint states are equally probable, each choice on the way takes the first state, and `tied` says so.

    Args:
        model: the model.
        given: the evidence, as in `posteriors`.
        of: worlds, such as `"X=0"`, for every variable there; left out, the factual world, or that of `do` in `given`.
            Some variables of a world alone (marginal MAP) are refused.
        rows: values for placeholders and evidence, in any form that `ask` takes.
        ignored: columns of the rows that mean nothing here.
        assume: what the user grants, as in `ask`.
        budget: as in `ask`.
        execution: how to run it; NumPy alone finds maxima here, in double precision.

    Returns:
        An `Explanation`; what cannot be worked out here is the finding `refused`, with the reason.

    Raises:
        QuerySyntaxError, UnknownName, UnknownState, InvalidQuery, InvalidRows: the question cannot be meant.
    """
    asked = read_asked(model, given, of, "most_probable()", whole=True)
    if execution is not None and (execution.executor == "jax" or execution.devices or execution.precision == "single"):
        raise InvalidQuery("most_probable() runs on NumPy, in double precision; leave the rest out of execution=.")
    setting, asked = setting_of(model, asked, rows, ignored, assume, budget, execution)
    condition = asked.query.given
    reason = _left_out(model, asked)
    if reason is not None:
        return Explanation(condition, "refused", rung=asked.rung, refusals=(("exact", reason),))
    try:
        found = most_probable_states(setting, asked.terms, condition)
    except (NeedsCoupling, TooWide) as refusal:
        return Explanation(condition, "refused", rung=asked.rung, refusals=(("exact", str(refusal)),))
    batch = rows is not None
    shape = shaper(batch)
    defined = found.log_evidence > -np.inf
    finding: Finding = "estimate" if counted_totals(setting) else "exact"
    if defined.size and not defined.any():
        finding = "undefined"
    pairs = zip(asked.terms, found.states, strict=True)
    return Explanation(
        condition,
        finding,
        {print_expr(t): _named(codes, model.states[t.name], batch) for t, codes in pairs},
        {name: _named(codes, model.states[name], batch) for name, codes in found.noises.items()},
        shape(found.log_probability),
        shape(found.log_evidence),
        found.tied if batch else bool(found.tied[0]),
        Statuses.of(defined),
        asked.rung,
        assumptions_of(setting),
        plan=plan_of(setting, "exact"),
        account=_steps,
        world=world_of(asked),
        frame_kind=kind_of(rows),
    )


def _left_out(model: Model, asked: Asked) -> str | None:
    """Why not, where some variables of a world are not asked."""
    there = set(asked.terms[: asked.named])
    for world in dict.fromkeys(t.world for t in there):
        for name in model.variable_states:
            if Var(name, world) not in there:
                return (
                    f"{print_expr(Var(name, world))} was left out. The most probable state of some variables alone "
                    "(marginal MAP) needs a sum over the others inside the maximum, which is not worked out here. Ask "
                    "for whole worlds, such as of='X=0', or leave of= out."
                )
    return None


def _named(codes: Codes, states: tuple[Value, ...], batch: bool) -> Any:
    """States for positions; None for -1."""
    table = np.array([*states, None], dtype=object)
    found = table[codes]
    return found if batch else found[0]


def _steps() -> tuple[Step, ...]:
    return (
        Step(
            "contraction",
            "P(state, evidence) is the product of all mechanisms and noise laws",
            "variables are independent given their causes and noise",
            "Balke & Pearl 1994; Gray & Kourtis 2021",
        ),
        Step(
            "maximum",
            "the largest product is found by maxima in place of sums, and the state by going back through them",
            "multiplying by a number that is not negative keeps the order",
            "Dawid 1992",
        ),
    )
