"""`posteriors`: the law of every variable given the evidence, in every world asked, from one pass back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ._arguments import shaper
from ._ask import assumptions_of, plan_of
from ._asked import Asked, Assume, Given, Of, heading, read_asked, rows_line, setting_of, world_of
from ._errors import InvalidQuery, UnknownName
from ._execution import Execution
from ._finding import Assumption, Finding, Number, Statuses, Step, Uncertainty
from ._frames import FrameKind, kind_of
from ._model import Model
from ._render import assuming_lines, plain
from ._results import Columns, check_results, masked, table_of
from ._standard_error import counted_totals
from ._syntax import Expr, Value, Var, World, print_expr
from ._text import number_text
from .solvers import BACKWARD, Budget, NeedsCoupling, Setting, TooWide, all_laws

Array = NDArray[np.float64]

SHOWN = 40
"""Most terms that are printed."""


@dataclass(frozen=True)
class Posteriors:
    """What `posteriors` returns.

    Attributes:
        given: the evidence, with names and states checked.
        finding: `exact`, `estimate` (tables are counts), `undefined` (in every row) or `refused`.
        laws: for each term, as printed, its law: an array over rows (first axis, where rows were given) and states.
            Rows whose `status` is not ok hold NaN.
        states: what the last axis of each law stands for.
        status: for each row, `ok` or `undefined` (the evidence has probability zero).
        evidence_log_probability: natural logarithm of the probability of the evidence, for each row; minus infinity
            where it is impossible. None where refused.
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
    laws: Mapping[str, Array] = field(default_factory=lambda: {})
    states: Mapping[str, tuple[Value, ...]] = field(default_factory=lambda: {})
    status: Statuses = field(default_factory=lambda: Statuses(()))
    evidence_log_probability: Number | None = None
    rung: Literal[1, 2, 3] = 1
    uncertainty: Uncertainty = field(default_factory=Uncertainty)
    assumptions: tuple[Assumption, ...] = ()
    refusals: tuple[tuple[str, str], ...] = ()
    plan: Mapping[str, Any] = field(default_factory=lambda: {})
    account: Callable[[], tuple[Step, ...]] = field(default=tuple, repr=False, compare=False)
    world: World = ()
    frame_kind: FrameKind | None = field(default=None, repr=False, compare=False)

    def __getitem__(self, term: str | Var) -> Array:
        """The law of a term.

        Raises:
            UnknownName: it was not asked.
            InvalidQuery: the finding is `refused`.
        """
        text = term if isinstance(term, str) else print_expr(term)
        for name, law in self.laws.items():
            if name == text or name.replace(" ", "") == text.replace(" ", ""):
                return law
        if self.finding == "refused":
            raise InvalidQuery(f"There is no law of {text!r}: {'; '.join(reason for _, reason in self.refusals)}")
        raise UnknownName(text, tuple(self.laws), "The index of these posteriors")

    @property
    def evidence_probability(self) -> Number | None:
        """Probability of the evidence, for each row; zero where floating point cannot hold it (see the logarithm)."""
        found = self.evidence_log_probability
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
        """One line a term; of several rows, the first that is ok."""
        lines = [f"{heading('Posteriors', self.world, self.given)}: {self.finding}"]
        lines += [f"  refused by {name}: {reason}" for name, reason in self.refusals]
        row = 0
        if isinstance(self.evidence_log_probability, np.ndarray):
            told, row = rows_line(self.status)
            lines.append(told)
        if self.status and self.finding != "undefined":
            lines += [_line(name, law, self.states[name], row) for name, law in list(self.laws.items())[:SHOWN]]
            if len(self.laws) > SHOWN:
                lines.append(f"  ... and {len(self.laws) - SHOWN} more")
        lines += assuming_lines(self.assumptions)
        return "\n".join(lines)

    def to_frame(self, like: object = None) -> Any:
        """One line a row: a column `P(term=state)` for each term and state, and the status.

        Args:
            like: a table of the kind that is wanted, of as many rows; left out, of the kind of the rows that were asked
                (a pandas frame keeps its index; a mapping gives a dict of arrays).

        Raises:
            InvalidQuery: the question was refused.
            InvalidRows: `like` has another number of rows.
        """
        check_results(self.finding, self.refusals)
        columns: Columns = {
            f"P({term}={state})": masked(np.atleast_2d(law)[:, k], self.status.ok)
            for term, law in self.laws.items()
            for k, state in enumerate(self.states[term])
        }
        return table_of({**columns, "status": self.status.words}, len(self.status), like, self.frame_kind)

    def to_json(self) -> dict[str, Any]:
        """As JSON data (no NaN: undefined rows are null; so is the logarithm of zero)."""
        return {
            "given": None if self.given is None else print_expr(self.given),
            "rung": self.rung,
            "finding": self.finding,
            "laws": [{"term": n, "states": list(self.states[n]), "law": plain(a)} for n, a in self.laws.items()],
            "status": list(self.status),
            "evidence_log_probability": plain(self.evidence_log_probability),
            "uncertainty": {"floating_point": self.uncertainty.floating_point},
            "assumptions": [{"text": a.text, "granted_by": a.granted_by} for a in self.assumptions],
            "derivation": [
                {"name": s.name, "claim": s.claim, "reason": s.reason, "citation": s.citation} for s in self.derivation
            ],
            "refusals": [{"solver": name, "reason": reason} for name, reason in self.refusals],
            "plan": plain(dict(self.plan)),
        }


def _line(name: str, law: Array, states: tuple[Value, ...], row: int) -> str:
    first = law if law.ndim == 1 else law[row]
    if np.isnan(first).any():
        return f"  P({name}): undefined"
    cells = ", ".join(f"{s!r}: {number_text(float(p))}" for s, p in zip(states, first, strict=True))
    return f"  P({name}): {cells}"


def posteriors(
    model: Model,
    given: Given = None,
    *,
    of: Of = None,
    rows: object = None,
    ignored: Sequence[str] = (),
    assume: Assume = (),
    budget: float | str | Budget | None = None,
    execution: Execution | None = None,
) -> Posteriors:
    """The law of every variable given the evidence, for every row, from one pass forward and one back.

    Each law is that of its term alone: `ask` with the same evidence gives the same numbers, one term at a time.
    (Darwiche 2003, A differential approach to inference in Bayesian networks.)

    Args:
        model: the model.
        given: the evidence, such as `"X=1, Y[X=0]=?y"`, `"do(X=1), Z=0"` or `{"X": 1}`.
        of: terms, such as `"Y[X=0]"`, and worlds, such as `"X=0"` (every variable there; `""` is the factual world),
            one or a sequence. Left out: every variable of the factual world, or of the world of `do` in `given`.
        rows: values for placeholders and evidence, in any form that `ask` takes; the laws then have one entry a row.
        ignored: columns of the rows that mean nothing here.
        assume: what the user grants, as in `ask`.
        budget: as in `ask`.
        execution: how to run it; left out, the planner chooses.

    Returns:
        A `Posteriors`; what cannot be worked out here is the finding `refused`, with the reason.

    Raises:
        QuerySyntaxError, UnknownName, UnknownState, InvalidQuery, InvalidRows: the question cannot be meant.
    """
    asked = read_asked(model, given, of, "posteriors()")
    setting, asked = setting_of(model, asked, rows, ignored, assume, budget, execution)
    condition = asked.query.given
    try:
        found = all_laws(setting, asked.terms, condition)
    except (NeedsCoupling, TooWide) as refusal:
        reasons = (("exact", str(refusal)),)
        return Posteriors(condition, "refused", rung=asked.rung, refusals=reasons, world=world_of(asked))
    shape = shaper(rows is not None)
    names = [print_expr(t) for t in asked.terms]
    defined = found.log_weight > -np.inf
    finding: Finding = "estimate" if counted_totals(setting) else "exact"
    if defined.size and not defined.any():
        finding = "undefined"
    return Posteriors(
        condition,
        finding,
        {n: np.asarray(shape(law)) for n, law in zip(names, found.laws, strict=True)},
        {n: model.states[t.name] for n, t in zip(names, asked.terms, strict=True)},
        Statuses.of(defined),
        shape(found.log_weight),
        asked.rung,
        Uncertainty(floating_point=_rounding(setting)),
        assumptions_of(setting),
        plan=ran(setting),
        account=lambda: _steps(setting, asked),
        world=world_of(asked),
        frame_kind=kind_of(rows),
    )


def _rounding(setting: Setting) -> float:
    """Bound on the absolute error: shares are below one, and both passes and the division round."""
    return (BACKWARD + 1) * setting.record.rounding


def ran(setting: Setting) -> dict[str, Any]:
    """What was run, the executor of it as it was."""
    runs = {f"{run.executor} float{64 if run.precision == 'double' else 32}" for run in setting.record.runs}
    return plan_of(setting, "exact") | ({"executor": ", ".join(sorted(runs))} if runs else {})


def _steps(setting: Setting, asked: Asked) -> tuple[Step, ...]:
    instances = max((len(w.instances) for w in setting.record.worlds), default=0)
    evidence = "the evidence" if asked.query.given is None else print_expr(asked.query.given)
    return (
        Step(
            "worlds",
            f"{len(asked.terms)} terms and {evidence} speak of {instances} instances of variables",
            "instances of one variable share its noise, and equal ones are one",
            "Balke & Pearl 1994; Shpitser & Pearl 2007",
        ),
        Step(
            "contraction",
            "P(evidence) is the product of all mechanisms and noise laws, summed over what is not known",
            "variables are independent given their causes and noise",
            "Gray & Kourtis 2021",
        ),
        Step(
            "backward pass",
            "P(term = x | evidence) = λ(x) ∂P(evidence)/∂λ(x) / P(evidence), for every term at once",
            "P(evidence) is linear in an indicator λ(x) of each value",
            "Darwiche 2003",
        ),
    )
