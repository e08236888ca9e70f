"""`ask` where laws are known for many strata at once: every stratum answered by one formula or one pool."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._answer import Answer, Told
from ._ask_bounds import identifying
from ._ask_laws import NONE, named
from ._bounds_ends import cells_of
from ._errors import InvalidQuery, ScmError
from ._finding import Assumption, Interval, Statuses, Step, Uncertainty
from ._identified import BEYOND, distribution_states, identified
from ._query import Probability, Query, query_terms
from ._row_estimand import row_values
from ._study import KnownLaw, Study
from .bounds._formula_of import formula_of
from .bounds._granted import Grants, granted
from .bounds._moments import ends
from .bounds._pool_rows import CONTRADICTION, OK, UNDEFINED
from .bounds._row_cells import RowLaw
from .bounds._row_query import NotTogether, RowQuery
from .bounds._sources import sources_of
from .identify import Available, Identification, identify

Array = NDArray[np.float64]
NAME = "strata"
REFUSED = 3
"""As `Statuses` counts it; the others are `OK`, `UNDEFINED` and `CONTRADICTION`."""
MOST_SINGLE = 500
"""Most strata that are answered one by one."""
SECONDS = 60.0
"""How long strata are answered one by one."""
FEW_TERMS = 24
"""Formulas with at most so many terms are shown in the derivation."""
MET = 1e-7


@dataclass(eq=False)
class _Rows:
    """The ends of every stratum so far; shape (strata,), or (strata, states...) for a distribution."""

    lower: Array
    upper: Array
    outer_lower: Array
    outer_upper: Array
    codes: NDArray[np.uint8]
    sharp: NDArray[np.bool_]

    @classmethod
    def empty(cls, strata: int, shape: tuple[int, ...]) -> _Rows:
        a, b, c, d = (np.full((strata, *shape), np.nan) for _ in range(4))
        return cls(a, b, c, d, np.full(strata, np.uint8(REFUSED)), np.zeros(strata, dtype=bool))

    def put(self, row: int, answer: Answer) -> None:
        """The answer of one stratum by itself."""
        if answer.finding in ("refused", "not_identified") and self.codes[row] == OK:
            return  # what a pool said holds
        words = {"contradiction": CONTRADICTION, "undefined": UNDEFINED, "refused": REFUSED, "not_identified": REFUSED}
        self.codes[row] = words.get(answer.finding, OK)
        if answer.finding in words:
            for end in (self.lower, self.upper, self.outer_lower, self.outer_upper):
                end[row] = np.nan
            return
        between = answer.interval
        self.lower[row] = answer.value if between is None else between.lower
        self.upper[row] = answer.value if between is None else between.upper
        self.outer_lower[row] = answer.value if between is None else between.outer_lower
        self.outer_upper[row] = answer.value if between is None else between.outer_upper
        self.sharp[row] = between is None or between.sharp


@dataclass(frozen=True, eq=False)
class _Asked:
    study: Study
    query: Query
    grants: Grants
    single: Callable[[Study], Answer]
    laws: tuple[KnownLaw, ...]
    base: Answer
    how: Identification

    @property
    def strata(self) -> int:
        return self.study.strata or 0

    def answer(self) -> Answer:
        """Every stratum."""
        shape = tuple(len(own) for _, own in distribution_states(self.study.states, self.query))
        found = _Rows.empty(self.strata, shape)
        steps: list[Step] = []
        told: dict[str, Any] = {"strata": self.strata}
        single = np.ones(self.strata, dtype=bool)
        if self.how.estimand is not None and self.base.finding != "refused":
            single = self.evaluated(found, told)
        else:
            single, steps = self.bounded(found, told)
        reason = self.one_by_one(found, single, told)
        return self.made(found, steps, told, reason)

    def evaluated(self, found: _Rows, told: dict[str, Any]) -> NDArray[np.bool_]:
        """The estimand at every stratum; returns the strata that it has no value in."""
        assert self.how.estimand is not None
        values = row_values(self.how.estimand, self.laws, self.study.states, self.how.axes)
        floor, ceiling = ends(self.query, self.study.states)
        flat = values.reshape(self.strata, -1)
        impossible = self.impossible()
        lost = np.isnan(flat.sum(axis=1)) & ~impossible
        beyond = ((flat < floor - BEYOND) | (flat > ceiling + BEYOND)).any(axis=1)
        values = np.clip(values, floor, ceiling)
        found.codes[:] = np.where(lost, REFUSED, np.where(beyond, CONTRADICTION, OK)).astype(np.uint8)
        found.codes[impossible] = UNDEFINED
        values[found.codes != OK] = np.nan
        found.lower = found.upper = found.outer_lower = found.outer_upper = values
        if lost.any():  # single strata may have two ends
            found.upper, found.outer_lower, found.outer_upper = values.copy(), values.copy(), values.copy()
        found.sharp[:] = ~lost
        return lost

    def impossible(self) -> NDArray[np.bool_]:
        """The strata in which a condition of the query has no probability, where the laws say so."""
        found = np.zeros(self.strata, dtype=bool)
        available = [Available(law.variables, law.do, law.name) for law in self.laws]
        for given in {term.given for term in query_terms(self.query)} - {None}:
            assert given is not None
            try:
                how = identify(self.study.graph, Probability(given), available, states=self.study.states)
            except ScmError:  # what cannot be known of the condition is not needed for the query
                continue
            if how.estimand is not None:
                found |= row_values(how.estimand, self.laws, self.study.states) < NONE
        return found

    def bounded(self, found: _Rows, told: dict[str, Any]) -> tuple[NDArray[np.bool_], list[Step]]:
        """Pools at every stratum; returns the strata that they say nothing of."""
        single = np.ones(self.strata, dtype=bool)
        try:
            query = RowQuery.of(self.study.graph, self.study.states, self.row_laws(), self.same())
        except NotTogether as wrong:
            told["one_by_one"] = str(wrong)
            return single, []
        steps: list[Step] = []
        shape = found.lower.shape[1:]
        if not shape:
            return self.number(query, found, told)
        codes = np.zeros(self.strata, dtype=np.uint8)
        flat = [
            end.reshape(self.strata, -1) for end in (found.lower, found.upper, found.outer_lower, found.outer_upper)
        ]
        sharp = np.ones(self.strata, dtype=bool)
        for k, cell in enumerate(cells_of(self.query, self.study.states, shape)):
            try:
                rows = query.ends(cell)
            except NotTogether as wrong:
                told["one_by_one"] = str(wrong)
                return single, []
            for end, new in zip(flat, (rows.lower, rows.upper, rows.outer_lower, rows.outer_upper), strict=True):
                end[:, k] = new
            codes, sharp = np.maximum(codes, rows.codes), sharp & rows.sharp
            told |= query.told
            steps += self.formula(query, cell)
        found.codes[:] = codes
        found.sharp[:] = sharp
        for end in flat:
            end[codes != OK] = np.nan
        return query.left, steps

    def number(self, query: RowQuery, found: _Rows, told: dict[str, Any]) -> tuple[NDArray[np.bool_], list[Step]]:
        """As `bounded`, for a query for one number."""
        try:
            rows = query.ends(self.query)
        except NotTogether as wrong:
            told["one_by_one"] = str(wrong)
            return np.ones(self.strata, dtype=bool), []
        found.lower, found.upper, found.outer_lower, found.outer_upper = (
            rows.lower, rows.upper, rows.outer_lower, rows.outer_upper,
        )  # fmt: skip
        found.codes, found.sharp = rows.codes, rows.sharp
        told |= query.told
        return query.left, self.formula(query, self.query)

    def row_laws(self) -> tuple[RowLaw, ...]:
        """The laws with one array a stratum; one that is the same in all of them is spread."""
        made: list[RowLaw] = []
        for source, law in enumerate(self.laws):
            axes = (*law.do, *law.variables)
            shape = tuple(len(self.study.states[name]) for name in axes)
            array = np.asarray(law.array, dtype=float)
            rows = array if law.strata else np.broadcast_to(array, (self.strata, *shape))
            made.append(RowLaw(law, rows, source))
        return tuple(made)

    def same(self) -> Any:
        """What is known with the same numbers in every stratum: statements, equations, grants."""
        shapes = granted(self.study.graph, self.study.states, self.query, self.grants).shapes
        others = [item for item in self.study.sources if not isinstance(item, KnownLaw)]
        rest = Study(self.study.graph, *others, states=self.study.states)
        return sources_of(rest, shapes)

    def formula(self, query: RowQuery, cell: Query) -> list[Step]:
        """The formula that all strata were answered by, where it is short."""
        pools = query.pools
        if pools is None or not pools.asked.pool.complete:
            return []
        pool = pools.asked.pool
        if len(pool.lower) + len(pool.upper) > FEW_TERMS:
            return []
        formula = formula_of(pools, cell)
        reason = "the ends of a linear programme over response types, by all vertices of its dual"
        return [Step("bounds", formula.to_text(), reason, "Balke & Pearl (1994)")]

    def one_by_one(self, found: _Rows, rows: NDArray[np.bool_], told: dict[str, Any]) -> str:
        """Strata that no formula or pool answers, each by itself; returns why some are left."""
        left = np.flatnonzero(rows)
        done, end = 0, time.monotonic() + SECONDS
        for row in left[:MOST_SINGLE].tolist():
            if time.monotonic() > end:
                break
            done += 1
            try:
                found.put(row, self.of_one(row))
            except ScmError:
                found.codes[row] = REFUSED if found.codes[row] != OK else OK
        if len(left):
            told["answered_one_by_one"] = done
        over = left[done:][found.codes[left[done:]] == REFUSED]
        if not len(over):
            return ""
        why = told.get("one_by_one", "a stratum of theirs has probability zero")
        return (
            f"{len(over):,} strata cannot be answered together ({why}), and at most {MOST_SINGLE} are answered one by "
            f"one, as many as {SECONDS:.0f} seconds allow. Ask for these in parts."
        )

    def of_one(self, row: int) -> Answer:
        """One stratum by itself."""
        others = [item for item in self.study.sources if not isinstance(item, KnownLaw)]
        laws = [replace(law, array=law.array[row], strata=False) if law.strata else law for law in self.laws]
        return self.single(Study(self.study.graph, *laws, *others, states=self.study.states))

    def made(self, found: _Rows, steps: Sequence[Step], told: dict[str, Any], reason: str) -> Answer:
        """The answer."""
        told["sharp"] = int(found.sharp.sum())
        status = Statuses(())
        status.codes = found.codes
        status.codes.flags.writeable = False
        refusals = ((NAME, reason),) if reason else ()
        base = replace(
            self.base,
            status=status,
            states=distribution_states(self.study.states, self.query),
            diagnostics={**self.base.diagnostics, **told},
            refusals=refusals,
            assumptions=(*self.base.assumptions, *self.claims()),
            account=Told((*self.base.derivation, *steps)),
            seek=None,
        )
        error = told.get("rounding")
        ok = found.codes == OK
        if not ok.any():
            worst = {CONTRADICTION: "contradiction", UNDEFINED: "undefined"}.get(int(found.codes.min()), "refused")
            return replace(base, finding=worst)
        wide = found.outer_upper[ok] - found.outer_lower[ok]
        for array in (found.lower, found.upper, found.outer_lower, found.outer_upper):
            array.flags.writeable = False
        if wide.max(initial=0.0) < MET:
            value = np.array((found.outer_lower + found.outer_upper) / 2)
            value.flags.writeable = False
            return replace(base, finding="exact", value=value, uncertainty=Uncertainty(floating_point=error))
        interval = Interval(
            found.lower, found.upper, found.outer_lower, found.outer_upper, bool((found.sharp | ~ok).all())
        )
        return replace(
            base, finding="bounds", interval=interval, uncertainty=Uncertainty(floating_point=error), estimand=None,
            check=None,
        )  # fmt: skip

    def claims(self) -> tuple[Assumption, ...]:
        """What the user granted, where bounds made use of it, and how printed numbers were read."""
        if self.how.estimand is not None:
            return ()
        digits = Assumption("the ends are over all that the digits of the statements leave open", "the method")
        shapes = granted(self.study.graph, self.study.states, self.query, self.grants).shapes
        claims = [Assumption(f"{s.claim}{f' ({s.citation})' if s.citation else ''}", "the user") for s in shapes]
        return (*claims, *([digits] if any(s.low < s.high for s in self.study.statements) else []))


def ask_strata(study: Study, query: Query, grants: Grants, single: Callable[[Study], Answer]) -> Answer:
    """Answer a query for every stratum of laws that are given with `strata=True`.

    Args:
        study: of laws, at least one of strata; statements and equations beside them hold in every stratum.
        query: with names and states checked.
        grants: what the user grants.
        single: answers a stratum by itself, where they cannot be answered together.

    Returns:
        One answer with an entry a stratum in its arrays and in `status`: `exact` where the query is identified, else
        `bounds`. A stratum is `undefined` where the condition of the query has no probability, `contradiction` where no
        model over the graph has its laws, `refused` where it would have to be answered by itself and there are too many
        of these.

    Raises:
        InvalidQuery, UnknownName: the query is about a hidden variable.
    """
    if study.samples:
        raise InvalidQuery("Laws of strata and samples are not put together. Ask about each by itself.")
    laws = named(study.laws)
    available = [Available(law.variables, law.do, law.name) for law in laws]
    base, how = identified(study.graph, query, available, identifying(study, query, grants), study.states)
    arrays = [replace(law, array=np.ascontiguousarray(law.array, dtype=np.float64)) for law in laws]
    return _Asked(study, query, grants, single, tuple(arrays), base, how).answer()
