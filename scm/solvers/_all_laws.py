"""The law of every term given the evidence, for each row, from one forward and one backward pass.

Where a table's behaviour across worlds is not known, terms that no one network can hold are taken world by world, then
one by one: what decides each of them alone still does.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .._groups import row_groups
from .._query import Distribution
from .._syntax import Const, Expr, Placeholder, Value, Var, terms
from .._worlds import Slot, build_worlds
from ._contract import Plan, make_plan
from ._execute import alike, run_slice
from ._factors import build_network
from ._job import Job, Run, Weights
from ._kernels import NeedsCoupling, TooWide
from ._network import Axis, Factor, Free, Known
from ._network import Run as Column
from ._path import refuse_wide
from ._setting import Fact, Setting, split_given
from ._weights import Planned, joint_weights, kept_plan
from .exact import solve

Array = NDArray[np.float64]

ONE_ROW = "\0row"
"""A placeholder with one value, for evidence without placeholders: the part for each row is then there."""
BACKWARD = 3.0
"""Operations of both passes, in those of the forward one: each product has two adjoints."""


@dataclass(frozen=True)
class Laws:
    """The laws of terms, and the evidence's weight.

    Attributes:
        laws: for each term, of shape (states, rows); NaN in rows of impossible evidence.
        log_weight: of the evidence, for each row: a natural logarithm, minus infinity where it is impossible.
    """

    laws: tuple[Array, ...]
    log_weight: Array


class UnknownLaws(TooWide):
    """Roots of unknown law: there is no one law of a term, and a backward pass gives no ends."""

    def __init__(self, noises: Sequence[str]) -> None:
        subject = "The laws of {} are" if len(noises) > 1 else "The law of {} is"
        super().__init__(
            f"{subject.format(', '.join(map(repr, noises)))} unknown, so "
            "posteriors are only known up to their ends, which one pass for all does not give. Ask for each term "
            "by itself, or state the law."
        )


def all_laws(setting: Setting, of: Sequence[Var], given: Expr | None) -> Laws:
    """The law of each term of `of`, for every row.

    Raises:
        NeedsCoupling: one term alone needs a coupling that was not granted.
        TooWide: the forecast exceeds the budget, or the law of a root is unknown (`UnknownLaws`).
    """
    try:
        return _together(setting, of, given)
    except NeedsCoupling:
        if len(of) == 1:
            return _alone(setting, of[0], given)
    worlds = list(dict.fromkeys(t.world for t in of))
    parts = [[t for t in of if t.world == w] for w in worlds] if len(worlds) > 1 else [[t] for t in of]
    found: dict[Var, Array] = {}
    weight = np.zeros(0)
    for part in parts:
        laws = all_laws(setting, part, given)
        found |= dict(zip(part, laws.laws, strict=True))
        weight = laws.log_weight
    return Laws(tuple(found[t] for t in of), weight)


def _alone(setting: Setting, term: Var, given: Expr | None) -> Laws:
    """One term that consistency may still decide."""
    solution = solve(setting, Distribution((term,), given))
    return Laws((solution.lower,), log_evidence(setting, given))


def log_evidence(setting: Setting, given: Expr | None) -> Array:
    """The natural logarithm of the probability of the evidence, for every row.

    Raises:
        NeedsCoupling, TooWide: as `joint_weights`; `UnknownLaws`.
    """
    if given is None:
        return np.zeros(setting.rows)
    out = np.full(setting.rows, -np.inf)
    # The term is there for the form's sake: rows are grouped by the values of the condition.
    asked = Distribution((), given)
    for rows, here, part in groups_of(setting, asked):
        found = joint_weights(here, *split_given(setting.model, part.given), [])
        if found is None:
            continue
        weights, roots = found
        if roots.names:
            raise UnknownLaws(roots.names)
        out[rows] = log_of(weights.mantissa, weights.exponent)
    return out


def log_of(mantissa: Array, exponent: NDArray[np.int64]) -> Array:
    """The natural logarithm of `mantissa * 2**exponent`."""
    with np.errstate(divide="ignore"):
        return np.log(mantissa) + exponent * np.log(2.0)


def groups_of(setting: Setting, asked: Distribution) -> Iterator[tuple[NDArray[np.intp], Setting, Distribution]]:
    """Rows in which the same values coincide, with their setting and what is asked of them."""
    for group in row_groups(asked, setting.columns, setting.rows, setting.domains, setting.empty):
        if not len(group.rows):
            return
        query = group.query(asked)
        assert isinstance(query, Distribution)
        yield group.rows, replace(setting, columns=group.columns(setting.columns), rows=len(group.rows)), query


def _distribution(setting: Setting, of: tuple[Var, ...], given: Expr | None) -> Distribution:
    """One object for one question: what was found for it before is found again by its identity."""
    return setting.plans.setdefault(("laws of", of, given), Distribution(of, given))


def _together(setting: Setting, of: Sequence[Var], given: Expr | None) -> Laws:
    shapes = [(len(setting.model.states[t.name]), setting.rows) for t in of]
    found = Laws(tuple(np.full(shape, np.nan) for shape in shapes), np.full(setting.rows, -np.inf))
    asked = _distribution(setting, tuple(of), given)
    for rows, here, query in groups_of(setting, asked):
        part = _of_group(here, query.of, *split_given(setting.model, query.given))
        if part is None:
            continue
        if len(rows) == setting.rows:
            return part
        for whole, own in zip(found.laws, part.laws, strict=True):
            whole[:, rows] = own
        found.log_weight[rows] = part.log_weight
    return found


def _of_group(
    setting: Setting, of: Sequence[Var], facts: tuple[Fact, ...], conditions: tuple[Expr, ...]
) -> Laws | None:
    planned = laws_plan(setting, of, facts, conditions)
    if planned is None:
        return None
    mantissa, exponent, laws = _run(setting, planned)
    log_weight = log_of(mantissa, exponent)
    impossible = ~(mantissa > 0)
    out: list[Array] = []
    for term in of:
        law = _term_law(setting, planned, term, laws)
        if impossible.any():
            law = np.where(impossible, np.nan, law)
        out.append(law)
    return Laws(tuple(out), log_weight)


def _term_law(setting: Setting, planned: Planned, term: Var, laws: Mapping[int, Array]) -> Array:
    axis = axis_of(setting, planned, planned.worlds.terms[term])
    states = setting.model.states[term.name]
    match axis:
        case Free(label, values):
            return _over(laws[label], values, states)
        case Known(value):
            return np.repeat(np.array([[float(s == value)] for s in states]), setting.rows, axis=1)
        case Column(name, values):
            return _over(np.eye(len(values)), values, states)[:, setting.columns[name]]


def _over(law: Array, values: Sequence[Value], states: Sequence[Value]) -> Array:
    """A law over `values` as one over `states`."""
    if tuple(values) == tuple(states):
        return law
    return np.stack([law[values.index(s)] if s in values else np.zeros(law.shape[1:]) for s in states])


def axis_of(setting: Setting, planned: Planned, slot: Slot) -> Axis:
    """What carries the value of a term."""
    match slot:
        case Const(value):
            return Known(value)
        case Placeholder(name):
            return Column(name, setting.domains[name])
        case _:
            return planned.network.instances[slot]


# ---------------------------------------------------------------------------------------------------------------------
# Plans and runs


def laws_plan(
    setting: Setting, of: Sequence[Var], facts: tuple[Fact, ...], conditions: tuple[Expr, ...]
) -> Planned | None:
    """The plan of a backward pass, from the model's store if it was made before; None for contradictory facts."""
    rows = 1 << (setting.rows - 1).bit_length()
    key = ("laws", tuple(of), facts, conditions, setting.couplings, setting.budget, rows)
    return kept_plan(setting, key, lambda: _made_plan(setting, of, facts, conditions))


def network_of(
    setting: Setting, of: Sequence[Var], facts: tuple[Fact, ...], conditions: tuple[Expr, ...]
) -> Planned | None:
    """Worlds and network of terms and evidence, without outputs; the plan is that of the evidence's weight."""
    asked = [*of, *(t for c in conditions for t in terms(c))]
    worlds = build_worlds(setting.model.graph, asked, facts)
    if worlds.impossible:
        return None
    network = build_network(setting.model, worlds, [], conditions, setting.couplings, setting.domains)
    if network.impossible:
        return None
    if network.open:
        raise UnknownLaws(tuple(network.open))
    if not any(f.gathers for f in network.factors):
        network.factors.append(Factor(np.ones(1), (), (ONE_ROW,)))
    return Planned(worlds, network, make_plan(network, [], setting.budget, setting.rows, all_by_row=True))


def _made_plan(
    setting: Setting, of: Sequence[Var], facts: tuple[Fact, ...], conditions: tuple[Expr, ...]
) -> Planned | None:
    planned = network_of(setting, of, facts, conditions)
    if planned is None:
        return None
    axes = [axis_of(setting, planned, planned.worlds.terms[t]) for t in of]
    labels = tuple(dict.fromkeys(a.label for a in axes if isinstance(a, Free)))
    path = planned.plan.path
    path = replace(path, once=BACKWARD * path.once, each=BACKWARD * path.each)
    refuse_wide(path, setting.rows, setting.budget)
    return replace(planned, plan=Plan(planned.network, (), path, labels))


def _run(setting: Setting, planned: Planned) -> tuple[Array, NDArray[np.int64], dict[int, Array]]:
    """Mantissa and exponent of the weight, and the law of each label (nothing said of rows without weight)."""
    plan = planned.plan
    alone = plan.names == (ONE_ROW,)
    columns: Mapping[str, NDArray[np.intp]] = {ONE_ROW: np.zeros(1, dtype=np.intp)} if alone else setting.columns
    rows = 1 if alone else setting.rows
    fewer = alike(plan, columns, rows)
    if fewer is not None:
        columns, rows = fewer[0], next(iter(fewer[0].values())).size
    sum_of: _Sum | None = None
    runs: list[Run] = []
    for codes in itertools.product(*(range(plan.network.sizes[x]) for x in plan.path.sliced)):
        fixed = dict(zip(plan.path.sliced, codes, strict=True))
        job = Job(plan, fixed, columns, rows, setting.budget, setting.execution, True, setting.record.until)
        weights = run_slice(job)
        if weights.run is not None:
            runs.append(weights.run)
        part = _Sum(weights.mantissa.reshape(-1, rows)[0], weights.exponent, _normalised(plan, fixed, weights))
        sum_of = part if sum_of is None else sum_of.plus(part)
    assert sum_of is not None
    setting.record.add(plan, planned.worlds, runs[0] if runs else None)
    if fewer is not None:
        sum_of = sum_of.taken(fewer[1])
    if alone and setting.rows != 1:
        sum_of = sum_of.repeated(setting.rows)
    return sum_of.mantissa, sum_of.exponent, sum_of.laws


@dataclass(frozen=True)
class _Sum:
    """The weight of some slices, and the laws of labels in them together."""

    mantissa: Array
    exponent: NDArray[np.int64]
    laws: dict[int, Array]

    def plus(self, other: _Sum) -> _Sum:
        top = np.maximum(self.exponent, other.exponent)
        own = np.ldexp(self.mantissa, self.exponent - top)
        more = np.ldexp(other.mantissa, other.exponent - top)
        total = own + more
        share = np.where(total > 0, own / np.where(total > 0, total, 1.0), 0.0)
        # A slice without weight has no law, and none of the weight.
        laws = {
            x: np.where(share > 0, law, 0.0) * share + np.where(share < 1, other.laws[x], 0.0) * (1 - share)
            for x, law in self.laws.items()
        }
        return _Sum(total, top, laws)

    def taken(self, at: NDArray[np.intp]) -> _Sum:
        """The rows `at`."""
        laws = {x: law[..., at] for x, law in self.laws.items()}
        return _Sum(self.mantissa[at], self.exponent[at], laws)

    def repeated(self, rows: int) -> _Sum:
        laws = {x: np.repeat(law, rows, axis=1) for x, law in self.laws.items()}
        return _Sum(np.repeat(self.mantissa, rows), np.repeat(self.exponent, rows), laws)


def _normalised(plan: Plan, fixed: Mapping[int, int], weights: Weights) -> dict[int, Array]:
    """The law of each label in one slice; a label that is sliced has its value there."""
    if not plan.laws:
        return {}
    blocks = plan.blocks(fixed)
    ends = np.cumsum(blocks).tolist()
    out: dict[int, Array] = {}
    with np.errstate(divide="ignore", invalid="ignore"):
        for x, a, b in zip((x for x in plan.laws if x not in fixed), ends, ends[1:], strict=False):
            out[x] = weights.mantissa[a:b] / weights.mantissa[a:b].sum(axis=0)
    rows = weights.mantissa.shape[-1]
    for x, code in fixed.items():
        if x in plan.laws:
            out[x] = np.repeat(np.eye(plan.network.sizes[x])[:, [code]], rows, axis=1)
    return out
