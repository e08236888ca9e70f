"""Monte Carlo for finite models: likelihood weighting, with what need not be drawn contracted exactly.

For models too wide to contract whole, and couplings that can only be drawn from. Each term of a contrast, and each part
of a sum of expectations, has draws of its own, so that their errors are independent.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .._errors import ScmError
from .._groups import row_groups
from .._query import Contrast, Distribution, Number, Probability, Query, Term, query_terms
from .._sample import random_key
from ._budget import OPERATIONS_A_SECOND, ROWS_AT_ONCE
from ._draws import Array, Values
from ._ends import combine
from ._estimate import Asked, Estimate, Prepared, Unreliable, estimate, prepare
from ._kernels import TooWide
from ._laws import MAX_DISTRIBUTION, linear_parts, numeric_values
from ._moments import LARGEST_SHARE, LARGEST_UNSEEN, LEAST_SIZE
from ._prefix import split
from ._setting import Setting, split_given
from ._solution import Solution, point

ACCURACY = 0.005
"""Standard error that is aimed at, as a share of the most that two values of what is asked can differ."""
SECONDS = 10.0
"""Most time that is drawn for where the budget names none, for every `ROWS_AT_ONCE` rows."""
PATIENCE = 4.0
"""How many times its forecast a run may take where the budget is one of operations."""
NONZERO = 5.0
"""Standard errors that a divisor must be away from zero."""


class NeedsKey(ScmError):
    """An estimate could be drawn, but no random key was given."""


def solve(setting: Setting, query: Query, *, accuracy: float = ACCURACY, least: int = 0) -> Solution:
    """An estimate of `query` for every row, with its standard error.

    Args:
        setting: what the query is solved under; its key decides every draw.
        query: what is asked.
        accuracy: the standard error to aim at, as a share of the most that two values can differ.
        least: draw at least so many steps, even where contracting them is affordable.

    Raises:
        NeedsKey: the setting has no key.
        TooWide, NeedsCoupling: nothing can be drawn; see `prepare` and `split`.
        Unreliable: the draws do not support an answer.
        InvalidQuery: an expectation of labels, or a key that is none.
    """
    if not setting.rows:
        return _of_no_rows(setting, query)
    setting = _timed(setting)
    parts: list[tuple[NDArray[np.intp], Solution]] = []
    for group in row_groups(query, setting.columns, setting.rows, setting.domains, setting.empty):
        here = replace(setting, columns=group.columns(setting.columns), rows=len(group.rows))
        parts.append((group.rows, _solve_group(here, group.query(query), accuracy, least)))
    return parts[0][1] if len(parts) == 1 and len(parts[0][0]) == setting.rows else _gathered(parts, setting.rows)


def forecast(setting: Setting, query: Query) -> list[tuple[Query, int, int, float]]:
    """What `solve` would draw, nothing of it drawn: the term, steps drawn, all steps, seconds for each 1,000 draws.

    Raises:
        TooWide, NeedsCoupling, InvalidQuery: as `solve`.
    """
    found: list[tuple[Query, int, int, float]] = []
    setting = _timed(setting)
    for group in row_groups(query, setting.columns, setting.rows, setting.domains, setting.empty):
        here = replace(setting, columns=group.columns(setting.columns), rows=len(group.rows))
        for term in query_terms(group.query(query)):
            for _, part in _parts(here, term):
                ready = prepare(here, part)
                if ready.sampler is None:
                    continue
                chosen = split(here, ready.sampler, ready.steps, part.outputs, part.conditions)
                seconds = 1000 * chosen.operations * here.rows / OPERATIONS_A_SECOND
                found.append((term, len(chosen.steps), len(ready.steps), seconds))
    return found


def _timed(setting: Setting) -> Setting:
    """The setting with a limit of time, where the budget names none."""
    budget = setting.budget
    if setting.record.until is not None:
        return setting
    seconds = SECONDS * max(setting.rows / ROWS_AT_ONCE, 1.0)
    if budget.operations is None:
        budget = replace(budget, operations=seconds * OPERATIONS_A_SECOND, seconds=seconds)
    else:
        seconds = PATIENCE * budget.operations / OPERATIONS_A_SECOND
    return replace(setting, budget=budget, record=replace(setting.record, until=time.monotonic() + seconds))


def _of_no_rows(setting: Setting, query: Query) -> Solution:
    of = next((term.of for term in query_terms(query) if isinstance(term, Distribution)), ())
    nothing = np.zeros((*(len(setting.model.states[t.name]) for t in of), 0))
    return replace(point(nothing, np.ones(0, bool)), monte_carlo=nothing, effective_size=np.zeros(0))


def _parts(setting: Setting, term: Term) -> list[tuple[float, Asked]]:
    """A term as a sum of means."""
    facts, conditions = split_given(setting.model, term.given)
    match term:
        case Probability(event):
            return [(1.0, Asked(facts, conditions, ((event, (False, True)),), np.array([0.0, 1.0]), 1.0))]
        case Distribution(of):
            outputs = tuple((t, setting.model.states[t.name]) for t in of)
            cells = math.prod(len(values) for _, values in outputs)
            if cells > MAX_DISTRIBUTION:
                raise TooWide(f"The joint distribution asked for has {cells:,} cells. Ask for fewer terms at once.")
            return [(1.0, Asked(facts, conditions, outputs, None, 1.0))]
        case _:
            out: list[tuple[float, Asked]] = []
            for factor, expr in linear_parts(term.expr):
                values: Values = numeric_values(setting, expr)
                numbers = np.array([float(v) for v in values])
                spread = float(numbers.max() - numbers.min()) or 1.0
                out.append((factor, Asked(facts, conditions, ((expr, values),), numbers, spread)))
            return out


@dataclass(frozen=True)
class _Found:
    """What was found of one term."""

    value: Array
    error: Array
    pieces: tuple[Estimate, ...]


def _solve_group(setting: Setting, query: Query, accuracy: float, least: int) -> Solution:
    asked = query_terms(query)
    ready: dict[Term, list[tuple[float, Prepared]]] = {
        term: [(factor, prepare(setting, part)) for factor, part in _parts(setting, term)] for term in asked
    }
    if setting.key is None:
        raise NeedsKey("give key= (a JAX random key) to allow a Monte Carlo estimate with a standard error")
    key, stream = random_key(setting.key), 0
    found: dict[Query, _Found] = {}
    aim = accuracy / math.sqrt(max(len(asked), 1))
    for term, parts in ready.items():
        pieces: list[Estimate] = []
        for _, part in parts:
            pieces.append(estimate(setting, part, key, stream, aim / math.sqrt(len(parts)), least))
            stream += 1
        factors = [factor for factor, _ in parts]
        value = sum((f * p.value for f, p in zip(factors, pieces, strict=True)), np.zeros(()))
        variance = sum(((f * p.error) ** 2 for f, p in zip(factors, pieces, strict=True)), np.zeros(()))
        found[term] = _Found(np.asarray(value), np.sqrt(variance), tuple(pieces))
    return _solution(setting, query, found)


def _solution(setting: Setting, query: Query, found: Mapping[Query, _Found]) -> Solution:
    values = {term: f.value for term, f in found.items()}
    errors = {term: f.error for term, f in found.items()}
    value = np.asarray(combine(query, values))
    error = np.asarray(_error(query, values, errors))
    _check_divisors(query, values, errors)
    pieces = [piece for f in found.values() for piece in f.pieces]
    ok = np.logical_and.reduce(np.isfinite(value).reshape(-1, setting.rows), axis=0)
    value, error = np.where(ok, value, np.nan), np.where(ok, error, np.nan)  # the last axis is rows
    size = np.min([piece.size for piece in pieces], axis=0)
    draws = np.sum([piece.draws for piece in pieces], axis=0)
    figures = {
        "draws": int(draws.max(initial=0)),
        "effective_size": _least(size),
        "least_effective_size": LEAST_SIZE,
        "largest_share": LARGEST_SHARE,
        "largest_unseen": LARGEST_UNSEEN,
        "stopped_by_the_clock": any(piece.stopped for piece in pieces),
    }
    return replace(point(value, ok), monte_carlo=error, effective_size=size, diagnostics=figures)


def _error(query: Query, values: Mapping[Query, Array], errors: Mapping[Query, Array]) -> Array:
    """Standard error of a contrast of independent estimates, to first order."""
    slopes: dict[Query, Array] = {}
    _collect(query, np.ones(()), values, slopes)
    return np.sqrt(sum(((slope * errors[term]) ** 2 for term, slope in slopes.items()), np.zeros(())))


def _collect(query: Query, outer: Array, values: Mapping[Query, Array], slopes: dict[Query, Array]) -> None:
    """Add the slope of each term under `query`, times `outer`, to `slopes`."""
    match query:
        case Number():
            return
        case Contrast(op, left, right):
            a, b = np.asarray(combine(left, values)), np.asarray(combine(right, values))
            with np.errstate(divide="ignore", invalid="ignore"):
                first, second = {
                    "+": (np.ones(()), np.ones(())),
                    "-": (np.ones(()), -np.ones(())),
                    "*": (b, a),
                    "/": (1 / b, -a / b**2),
                }[op]
                _collect(left, outer * first, values, slopes)
                _collect(right, outer * second, values, slopes)
        case _:
            slopes[query] = slopes.get(query, np.zeros(())) + outer


def _check_divisors(query: Query, values: Mapping[Query, Array], errors: Mapping[Query, Array]) -> None:
    """Refuse a quotient whose divisor the draws do not tell from zero."""
    if not isinstance(query, Contrast):
        return
    _check_divisors(query.left, values, errors)
    _check_divisors(query.right, values, errors)
    if query.op != "/":
        return
    divisor, error = np.asarray(combine(query.right, values)), _error(query.right, values, errors)
    if np.any((error > 0) & (np.abs(divisor) < NONZERO * error)):
        raise Unreliable(
            f"A divisor is within {NONZERO:.0f} standard errors of zero, so that the quotient could be anything. Raise "
            "the budget for more draws, or ask for the two terms by themselves."
        )


def _least(size: Array) -> float | None:
    """The smallest effective sample size of those that were drawn."""
    least = float(size.min(initial=np.inf))
    return least if np.isfinite(least) else None


def _gathered(parts: list[tuple[NDArray[np.intp], Solution]], rows: int) -> Solution:
    """The solutions of groups of rows put back in order."""
    first = parts[0][1]
    value, error = np.empty((*first.lower.shape[:-1], rows)), np.empty((*first.lower.shape[:-1], rows))
    size, ok = np.empty(rows), np.empty(rows, dtype=bool)
    for at, part in parts:
        assert part.monte_carlo is not None
        assert part.effective_size is not None
        value[..., at], error[..., at], size[at] = part.lower, part.monte_carlo, part.effective_size
        ok[at] = part.defined
    figures = dict(first.diagnostics)
    figures["effective_size"] = _least(size)
    for name in ("draws", "stopped_by_the_clock"):
        figures[name] = max(part.diagnostics[name] for _, part in parts)
    return replace(point(value, ok), monte_carlo=error, effective_size=size, diagnostics=figures)
