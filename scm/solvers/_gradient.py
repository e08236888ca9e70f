"""Derivatives of an answer with respect to every probability that the model states: tables and laws of noises.

A query is a rational function of the tables (Castillo, Gutiérrez & Hadi 1997; Darwiche 2003): its terms are ratios of
weights, each weight is linear in every factor, and a factor's entries are entries of one table, or of the joint law of
several of its instances.
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
from numpy.typing import NDArray

from .._bind import replace_placeholders
from .._groups import row_groups
from .._mechanism import Table
from .._model import Model
from .._noise import probabilities
from .._query import Query, Term, query_terms
from .._syntax import Const, Placeholder
from ._adjoint import entries_a_row, factor_adjoints, gathered, positions
from ._cells import NeedsRows
from ._ends import combine, slopes_of
from ._execute import run_plan
from ._kernel_slopes import table_slopes
from ._kernels import NeedsSampling, TooWide
from ._leaves import MAX_ROOT_STATES
from ._ratios import Ratio, term_ratios
from ._setting import Record, Setting
from ._weights import Planned

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]
Codes = NDArray[np.intp]

AT_ONCE = 1 << 22
"""Most numbers held at once while rows are differentiated."""
MOST_ROOTS = 256
"""Most joint states of roots of unknown law that an answer is differentiated under."""
AGREE = 1e-9
"""How far derivatives under two states of a root of unknown law may differ, as a share of the larger."""


class NotOneNumber(Exception):
    """The answer is an interval, here or right beside: there is no one derivative."""


@dataclass(frozen=True)
class Slopes:
    """Derivatives of some rows of an answer; rows that are alike are worked out once.

    Attributes:
        rows: which.
        at: for each of them, its place among the different rows, which are the last axis of what follows.
        value: the answer, shape (cells, rows); NaN where it is not defined, as are the derivatives there.
        partial: for each table or noise, shape (configurations, states, cells, rows). A table with several instances in
            one plan is moved within the simplex: its derivatives are those towards a state.
        missing: where there is no derivative; same shapes, only for tables that have such entries.
    """

    rows: Codes
    at: Codes
    value: Array
    partial: Mapping[str, Array]
    missing: Mapping[str, Bools]


def entries_of(model: Model, name: str) -> Array | None:
    """The probabilities of a table, or of a noise's law: shape (configurations, states); None where it has none."""
    if name in model.noises:
        law = probabilities(model.noises[name].law)
        return None if law is None else np.array([law])
    mechanism = model.mechanisms[name]
    return np.array(mechanism.rows) if isinstance(mechanism, Table) else None


def slopes(setting: Setting, query: Query, names: Collection[str] | None = None) -> Iterator[Slopes]:
    """The derivatives of `query`, a few rows at a time.

    Args:
        setting: what it is solved under.
        query: names and states checked.
        names: of the tables and noises that matter; None for all that the answer depends on.

    Raises:
        NotOneNumber: roots of unknown law make the answer an interval.
        NeedsCoupling, TooWide: as `solve`, or the derivatives exceed the budget.
        NeedsSampling: a coupling has no closed form here, or none beside the tables.
    """
    quiet = Record(until=setting.record.until)
    setting = replace(setting, record=quiet, execution=replace(setting.execution, precision="double"))
    if not setting.rows:
        return
    for group in row_groups(query, setting.columns, setting.rows, setting.domains, setting.empty):
        own = replace(setting, columns=group.columns(setting.columns), rows=len(group.rows))
        distinct, inverse = _distinct(own.columns, own.rows)
        here = replace(own, columns=distinct, rows=int(inverse.max(initial=0)) + 1)
        asked = group.query(query)
        try:
            found = _Terms(here, asked, names)
        except NeedsRows:
            yield from _each_row(own, asked, group.rows, names)
            continue
        for part in found.chunks():
            mine = np.flatnonzero((inverse >= part.rows[0]) & (inverse <= part.rows[-1]))
            yield replace(part, rows=group.rows[mine], at=inverse[mine] - part.rows[0])


def _distinct(columns: Mapping[str, Codes], rows: int) -> tuple[dict[str, Codes], Codes]:
    """The columns of the different rows, and for each row which of them it is."""
    if not columns:
        return {}, np.zeros(rows, dtype=np.intp)
    table = np.stack(list(columns.values()), axis=1)
    distinct, inverse = np.unique(table, axis=0, return_inverse=True)
    return dict(zip(columns, distinct.T, strict=True)), inverse.reshape(-1)


def _each_row(setting: Setting, query: Query, rows: Codes, names: Collection[str] | None) -> Iterator[Slopes]:
    """Each different row of a group with its values in the query."""
    distinct, inverse = _distinct(setting.columns, setting.rows)
    for k in range(int(inverse.max(initial=0)) + 1):
        leaf: dict[Placeholder, Const | Placeholder] = {
            Placeholder(n): Const(setting.domains[n][int(codes[k])]) for n, codes in distinct.items()
        }
        here = replace(setting, columns={}, rows=1)
        (one,) = _Terms(here, replace_placeholders(query, leaf), names).chunks()
        same = np.flatnonzero(inverse == k)
        yield replace(one, rows=rows[same], at=np.zeros(len(same), dtype=np.intp))


@dataclass(frozen=True)
class _Weighed:
    """The weights of a plan: outputs, roots, rows, and the power of two taken out of each row."""

    planned: Planned
    mantissa: Array
    exponent: NDArray[np.int64]

    def at(self, roots: Mapping[str, int], rows: slice) -> Array:
        """The weights at one state of the roots: outputs, then rows."""
        network = self.planned.network
        return self.mantissa[(*[slice(None)] * len(network.outputs), *(roots[n] for n in network.open), rows)]


class _Terms:
    """The terms of a query as ratios, for one group of rows."""

    def __init__(self, setting: Setting, query: Query, names: Collection[str] | None) -> None:
        self.setting, self.query, self.names = setting, query, names
        self.ratios: dict[Term, tuple[Ratio, ...]] = {t: term_ratios(setting, t) for t in query_terms(query)}
        plans: dict[int, Planned] = {}
        for ratio in itertools.chain.from_iterable(self.ratios.values()):
            plans |= {id(p): p for p in (ratio.bottom, *(p for p, _ in ratio.tops)) if p is not None}
        self.defined = all(r.bottom is not None for own in self.ratios.values() for r in own)
        self.roots = {n: p.network.sizes[x] for p in plans.values() for n, x in p.network.open.items()}
        if math.prod(self.roots.values()) > min(MOST_ROOTS, MAX_ROOT_STATES):
            raise NotOneNumber("too many states of roots of unknown law")
        self.weighed = {k: self.weigh(p) for k, p in plans.items()} if self.defined else {}

    def weigh(self, planned: Planned) -> _Weighed:
        s = self.setting
        found = run_plan(planned.plan, s.columns, s.rows, s.budget, s.execution, until=s.record.until)
        return _Weighed(planned, found.mantissa, found.exponent)

    @property
    def tables(self) -> dict[str, Array]:
        """The entries that the answer depends on and that are wanted."""
        origins = dict.fromkeys(o.name for w in self.weighed.values() for o in w.planned.network.origins)
        found = {n: entries_of(self.setting.model, n) for n in origins if self.names is None or n in self.names}
        return {n: e for n, e in found.items() if e is not None}

    def chunks(self) -> Iterator[Slopes]:
        cells = max((len(r.constant) for own in self.ratios.values() for r in own), default=1)
        tables = self.tables
        each = cells * (sum(e.size for e in tables.values()) * 2 + self.heaviest())
        self.check_budget(cells)
        step = max(1, int(min(AT_ONCE, self.setting.budget.entries)) // each)
        for start in range(0, self.setting.rows, step):
            until = self.setting.record.until
            if until is not None and time.monotonic() > until:
                raise TooWide("The budget of time ran out while the answer was differentiated. Raise the budget.")
            rows = np.arange(start, min(start + step, self.setting.rows))
            yield self.differentiate(rows, cells, tables)

    def heaviest(self) -> int:
        return max((entries_a_row(w.planned.plan) for w in self.weighed.values()), default=1)

    def check_budget(self, cells: int) -> None:
        """Two sweeps down a contraction cost about three times the contraction, for each cell and row."""
        each = sum((w.planned.plan.path.each + w.planned.plan.path.once) for w in self.weighed.values())
        work = 3 * each * cells * self.setting.rows * math.prod(self.roots.values())
        allowed = self.setting.budget.allowed(self.setting.rows)
        if work > allowed:
            raise TooWide(
                f"The derivatives are forecast at {work:.3g} operations; the budget is {allowed:.3g}. Raise the budget."
            )

    # --- one chunk
    def differentiate(self, rows: Codes, cells: int, tables: Mapping[str, Array]) -> Slopes:
        shape = (cells, len(rows))
        if not self.defined:
            return Slopes(rows, rows, np.full(shape, np.nan), {}, {})
        if not self.ratios:
            value = float(np.asarray(combine(self.query, {})))
            return Slopes(rows, rows, np.full(shape, value if math.isfinite(value) else np.nan), {}, {})
        states = [dict(zip(self.roots, s, strict=True)) for s in itertools.product(*map(range, self.roots.values()))]
        found: Slopes | None = None
        somewhere: dict[Query, Bools] = {}
        for state in states:
            values, shares = self.values_at(state, slice(int(rows[0]), int(rows[-1]) + 1))
            for term, value in values.items():
                somewhere[term] = somewhere.get(term, np.zeros(1, dtype=bool)) | np.isfinite(value)
            one = self.at_state(state, rows, cells, tables, (values, shares))
            found = one if found is None else _agreeing(found, one)
        assert found is not None
        if self.roots and (np.isnan(found.value) & np.logical_and.reduce([*somewhere.values()])).any():
            raise NotOneNumber("no state of the roots of unknown law defines every term of the contrast")
        return found

    def values_at(self, state: Mapping[str, int], at: slice) -> tuple[dict[Query, Array], dict[Term, list[Array]]]:
        """The value of each term, and the quotients that it is the sum of: cells, rows."""
        values: dict[Query, Array] = {}
        shares: dict[Term, list[Array]] = {}
        for term, ratios in self.ratios.items():
            shares[term] = [self.share(ratio, state, at) for ratio in ratios]
            parts = [r.constant[:, None] + s for r, s in zip(ratios, shares[term], strict=True)]
            values[term] = sum(parts, np.zeros(()))
        return values, shares

    def at_state(
        self,
        state: Mapping[str, int],
        rows: Codes,
        cells: int,
        tables: Mapping[str, Array],
        found: tuple[Mapping[Query, Array], Mapping[Term, Sequence[Array]]],
    ) -> Slopes:
        at, (values, shares) = slice(int(rows[0]), int(rows[-1]) + 1), found
        value = np.broadcast_to(np.asarray(combine(self.query, values)), (cells, len(rows)))
        slope = slopes_of(self.query, values)
        seeds: dict[int, Array] = {}
        ok = np.isfinite(value) & np.logical_and.reduce([np.isfinite(v) for v in values.values()])
        for term, ratios in self.ratios.items():
            outer = np.where(ok, slope[term], 0.0)
            for ratio, share in zip(ratios, shares[term], strict=True):
                # Without evidence the divisor is one whatever the laws are, and is left alone.
                kept = np.zeros(()) if term.given is None else np.where(ok, share, 0.0)
                self.add_seeds(seeds, ratio, kept, outer, state, at)
        partial = {n: np.zeros((*e.shape, cells * len(rows))) for n, e in tables.items()}
        missing: dict[str, Bools] = {}
        with np.errstate(over="ignore", invalid="ignore"):
            for key, seed in seeds.items():
                self.pull(self.weighed[key], seed, state, at, cells, (partial, missing))
        if not all(np.isfinite(a).all() for a in partial.values()):
            raise TooWide("Some derivatives are larger than floating point can hold. Ask about less evidence at once.")
        for name, none in missing.items():
            # At a kink in one direction of a row, no direction of that row is told from another's by a number.
            missing[name] = none | (none & (tables[name] > 0)[..., None]).any(axis=1, keepdims=True)
        hidden = ~ok.reshape(-1)
        for array in partial.values():
            array[..., hidden] = np.nan
        shape = (cells, len(rows))
        return Slopes(
            rows,
            rows,
            np.where(ok, value, np.nan),
            {n: a.reshape(*a.shape[:2], *shape) for n, a in partial.items()},
            {n: (a & ~hidden).reshape(*a.shape[:2], *shape) for n, a in missing.items()},
        )

    def share(self, ratio: Ratio, state: Mapping[str, int], at: slice) -> Array:
        """The quotient of a ratio: cells, rows."""
        assert ratio.bottom is not None
        low = self.weighed[id(ratio.bottom)]
        bottom = low.at(state, at).reshape(-1, at.stop - at.start).sum(axis=0)
        total = np.zeros((len(ratio.constant), at.stop - at.start))
        for planned, coefficients in ratio.tops:
            high = self.weighed[id(planned)]
            weights = np.tensordot(coefficients, high.at(state, at), axes=coefficients.ndim - 1)
            total += np.ldexp(weights, high.exponent[at] - low.exponent[at])
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(bottom > 0, total / bottom, np.nan)

    def add_seeds(
        self, seeds: dict[int, Array], ratio: Ratio, share: Array, outer: Array, state: Mapping[str, int], at: slice
    ) -> None:
        """Add the derivatives of the answer with respect to the weights of a ratio: outputs, then cells and rows."""
        assert ratio.bottom is not None
        low = self.weighed[id(ratio.bottom)]
        bottom = low.at(state, at).reshape(-1, at.stop - at.start).sum(axis=0)
        outer = np.where(bottom > 0, outer, 0.0) / np.where(bottom > 0, bottom, 1.0)
        for planned, coefficients in ratio.tops:
            high = self.weighed[id(planned)]
            scaled = np.ldexp(outer, high.exponent[at] - low.exponent[at])
            by_cell = np.moveaxis(coefficients, 0, -1)[..., None] * scaled
            seeds[id(planned)] = seeds.get(id(planned), np.zeros(())) + by_cell.reshape(*by_cell.shape[:-2], -1)
        outputs = [low.planned.network.sizes[x] for x in low.planned.network.outputs]
        down = np.broadcast_to((-share * outer).reshape(-1), (*outputs, outer.size))
        seeds[id(ratio.bottom)] = seeds.get(id(ratio.bottom), np.zeros(())) + down

    def pull(
        self,
        weighed: _Weighed,
        seed: Array,
        state: Mapping[str, int],
        at: slice,
        cells: int,
        into: tuple[dict[str, Array], dict[str, Bools]],
    ) -> None:
        """Add what the weights of one plan contribute to the derivatives: `seed` through the plan to the tables."""
        plan, network = weighed.planned.plan, weighed.planned.network
        partial, missing = into
        origins = [o for o in network.origins if o.name in partial]
        columns = {n: np.tile(c[at], cells) for n, c in self.setting.columns.items()}
        exponent = np.tile(weighed.exponent[at], cells)
        full = np.zeros((*(network.sizes[x] for x in plan.output), seed.shape[-1]))
        full[(*[slice(None)] * len(network.outputs), *(state[n] for n in network.open))] = seed
        joint = {o.factor: np.zeros((math.prod(map(len, o.values)), seed.shape[-1])) for o in origins}
        place = {o.factor: positions(o, network.factors[o.factor]) for o in origins}
        sliced = plan.path.sliced
        for codes in itertools.product(*(range(network.sizes[x]) for x in sliced)):
            fixed = dict(zip(sliced, codes, strict=True))
            found = factor_adjoints(plan, fixed, columns, full, exponent, tuple(joint))
            for k, adjoint in found.items():
                factor = network.factors[k]
                where, _, batched = gathered(factor, place[k], fixed, columns)
                _scatter(joint[k], where, adjoint, batched)
        for origin in origins:
            table = entries_of(self.setting.model, origin.name)
            assert table is not None
            if origin.configurations is None:
                partial[origin.name] += joint[origin.factor].reshape(partial[origin.name].shape)
                continue
            assert origin.possible is not None
            s, k = table.shape[1], origin.configurations.shape[1]
            adjoint = joint[origin.factor].reshape(len(origin.configurations), *[s] * k, -1)
            try:
                more, none = table_slopes(table, origin.configurations, origin.possible, origin.coupling, adjoint)
            except NeedsSampling as wrong:
                raise NeedsSampling(wrong.message, origin.name) from None
            partial[origin.name] += more
            if none.any():
                missing[origin.name] = missing.get(origin.name, np.zeros(1, dtype=bool)) | none


def _scatter(into: Array, where: NDArray[np.generic], adjoint: Array, batched: bool) -> None:
    """Add the derivatives of a factor's entries to those of the array it was taken from; no position comes twice."""
    place = cast(Codes, where).reshape(-1, adjoint.shape[-1] if batched else 1)
    flat = adjoint.reshape(len(place), -1)
    if batched:
        at = np.nonzero(place >= 0)
        into[place[at], at[1]] += flat[at]
    else:
        kept = place[:, 0] >= 0
        into[place[kept, 0]] += flat[kept]


def _agreeing(a: Slopes, b: Slopes) -> Slopes:
    """What two states of the roots agree about; a state that the evidence rules out has no say."""
    only_b = np.isnan(a.value)
    both = ~only_b & ~np.isnan(b.value)
    if not _same(a.value[both], b.value[both]):
        raise NotOneNumber("roots of unknown law make the answer an interval")
    partial: dict[str, Array] = {}
    for name, own in a.partial.items():
        other = b.partial[name]
        if not _same(own[..., both], other[..., both]):
            raise NotOneNumber("beside these tables, roots of unknown law make the answer an interval")
        partial[name] = np.where(only_b, other, own)
    names: Sequence[str] = [*dict.fromkeys((*a.missing, *b.missing))]
    nothing = np.zeros(1, dtype=bool)
    missing = {n: a.missing.get(n, nothing) | b.missing.get(n, nothing) for n in names}
    return Slopes(a.rows, a.at, np.where(only_b, b.value, a.value), partial, missing)


def _same(a: Array, b: Array) -> bool:
    top = max(np.abs(a).max(initial=0.0), np.abs(b).max(initial=0.0))
    return bool((np.abs(a - b) <= AGREE * top).all())
