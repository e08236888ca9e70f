"""Expectations of pieces given linear evidence and an event: sums over the cells where the event holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

from ._gaussian_pieces import Event, Piece, Pieces, Truth, both
from ._gaussian_posterior import Posterior
from ._gaussian_regions import Line, Regions, regions
from ._gaussian_space import Array, Form
from ._normal_boxes import Weight, box
from ._normal_intervals import scaled_moments
from ._normal_lattice import Lattice
from ._normal_planes import given_line
from ._refusal import Refusal

POSSIBLE = 1e-290
"""Conditions less probable than this have no probability that can be divided by, but along one line they do."""
MARGIN = 1e-9
"""A region that is narrower is empty up to rounding."""


@dataclass(frozen=True)
class Average:
    """A ratio of integrals for each row.

    Attributes:
        value: undefined rows hold anything.
        error: bound on its absolute error.
        size: what an error is small beside.
        defined: whether the condition has positive probability.
        log_mass: logarithm of that probability.
        mass_error: bound on the error of `log_mass`.
        drawn: standard error of what was drawn; None where nothing was.
    """

    value: Array
    error: Array
    size: Array
    defined: Truth
    log_mass: Array
    mass_error: Array
    drawn: Array | None = None


def average(posterior: Posterior, number: Pieces, given: Event | None, lattice: Lattice | None = None) -> Average:
    """E[number | evidence, given] for each row.

    Args:
        posterior: of the noises.
        number: what is asked.
        given: what else holds.
        lattice: for probabilities of many comparisons.

    Raises:
        Refusal: it is no sum of boxes that can be integrated, or `given` is too improbable to be told from what is
            impossible.
    """
    live = [p for p in number if p.products or p.form.constant != 0]
    events = [both(p.guard, given) for p in live]
    found = regions(posterior, [given, *events])
    if len(found.lines) <= 1:
        return _along_one(posterior, found, live, events, given)
    return _over_boxes(posterior, live, events, given, lattice)


# ---------------------------------------------------------------------------------------------------------------------
# One line: everything in closed form (Isserlis 1918 for products; moments of truncated normals)


def _along_one(
    posterior: Posterior, found: Regions, live: Sequence[Piece], events: Sequence[Event | None], given: Event | None
) -> Average:
    rows = found.rows
    if not found.lines:
        found.lines.append(Line(np.zeros(posterior.space.noises)))
        found.cells.append(np.stack([np.full(rows, -np.inf), np.full(rows, np.inf)]))
        found.ranks.append(np.zeros((0, rows), dtype=np.intp))
    unit, cells = found.lines[0].unit, found.cells[0]
    degree = max((len(product) for p in live for product in p.products), default=1)
    inside = [found.holds(given, place) for place in found.places()]
    shift = _shift(cells, inside) if given is not None else np.zeros(rows)
    moments = [scaled_moments(cells[k], cells[k + 1], shift, degree) for k in range(len(cells) - 1)]

    def integral(event: Event | None) -> list[Array]:
        total = [np.zeros(rows) for _ in range(degree + 1)]
        for place, own in zip(found.places(), moments, strict=True):
            holds = found.holds(event, place)
            total = [t + np.where(holds, m, 0.0) for t, m in zip(total, own, strict=True)]
        return total

    mass = integral(given)[0] if given is not None else np.ones(rows)
    defined = mass > 0
    if given is not None:
        _refuse_rare(found, given, ~defined)
    # A condition far out changes by its hazard rate, which is about the distance, where its cut moves.
    hazard = 1.0 + np.abs(np.where(np.isfinite(cells), cells, 0.0)).max(axis=0)
    value, error, size = np.zeros(rows), np.zeros(rows), np.zeros(rows)
    for piece, event in zip(live, events, strict=True):
        weights = integral(event)
        for factors in ((piece.form,), *piece.products):
            polynomial = _wick(posterior, factors, unit)
            for coefficient, weight in zip(polynomial, weights, strict=False):
                value = value + coefficient * weight
            own = _bounds(posterior, factors)
            error = error + own.error + own.size * found.error * hazard
            size = size + own.scale
    divisor = np.where(defined, mass, 1.0)
    return Average(value / divisor, error, size, defined, np.log(divisor) - shift, found.error * hazard)


def _shift(cells: Array, inside: Sequence[Truth]) -> Array:
    """Half the square of the point nearest to zero in any of the cells."""
    nearest = np.full(cells.shape[1], np.inf)
    for k, holds in enumerate(inside):
        low, high = cells[k], cells[k + 1]
        own = np.where((low <= 0) & (high >= 0), 0.0, np.minimum(np.abs(low), np.abs(high)))
        nearest = np.where(holds & (low < high), np.minimum(nearest, own), nearest)
    nearest = np.where(np.isfinite(nearest), nearest, 0.0)
    return nearest * nearest / 2


def _wick(posterior: Posterior, factors: tuple[Form, ...], unit: Array) -> list[Array]:
    """E[product | t] as a polynomial of the position t along a line: coefficients of 1, t, t^2, ..."""
    means = [posterior.mean(f) for f in factors]
    roots = [posterior.root(f) for f in factors]
    slopes = [float(r @ unit) for r in roots]
    rest = [r - s * unit for r, s in zip(roots, slopes, strict=True)]

    def expand(left: tuple[int, ...]) -> list[Array]:
        if not left:
            return [np.ones(posterior.space.rows)]
        first, *others = left
        inner = expand(tuple(others))
        out = [np.zeros(posterior.space.rows) for _ in range(len(left) + 1)]
        for k, c in enumerate(inner):
            out[k] = out[k] + means[first] * c
            out[k + 1] = out[k + 1] + slopes[first] * c
        for other in others:
            covariance = float(rest[first] @ rest[other])
            if covariance:
                for k, c in enumerate(expand(tuple(j for j in others if j != other))):
                    out[k] = out[k] + covariance * c
        return out

    return expand(tuple(range(len(factors))))


@dataclass(frozen=True)
class _Bounds:
    """Of a product of forms.

    Attributes:
        size: how large it is.
        error: by how much it grows when each factor is off by its rounding.
        scale: what an error is small beside: its size, or a thousandth of what varied in it before the evidence.
    """

    size: Array
    error: Array
    scale: Array


def _bounds(posterior: Posterior, factors: tuple[Form, ...]) -> _Bounds:
    rows = posterior.space.rows
    whole, grown, scale = np.ones(rows), np.ones(rows), np.ones(rows)
    for f in factors:
        size = np.abs(posterior.mean(f)) + float(np.linalg.norm(posterior.root(f)))
        error = posterior.mean_error(f) + posterior.root_error(f)
        natural = posterior.scale(f)
        other = 1e-3 * natural if natural else posterior.mean_error(f) / posterior.tolerance
        whole, grown, scale = whole * size, grown * (size + error), scale * np.maximum(size, other)
    return _Bounds(whole, (grown - whole) * len(factors), scale)


# ---------------------------------------------------------------------------------------------------------------------
# Several lines: boxes


def _over_boxes(
    posterior: Posterior,
    live: Sequence[Piece],
    events: Sequence[Event | None],
    given: Event | None,
    lattice: Lattice | None,
) -> Average:
    if any(p.products for p in live):
        raise Refusal("a product under comparisons of several different combinations is not worked out")
    rows = posterior.space.rows
    mass = Weight(np.ones(rows))
    moved, defined = np.zeros(rows), np.ones(rows, bool)
    if given is not None:
        condition = regions(posterior, [given])
        mass, moved = _weight(posterior, condition, given, None, lattice), condition.error
        defined = mass.value > POSSIBLE + mass.error + moved
        _refuse_rare(condition, given, ~defined)
    value, error, size, drawn = np.zeros(rows), np.zeros(rows), np.zeros(rows), None
    for piece, event in zip(live, events, strict=True):
        own = regions(posterior, [event])
        weight = _weight(posterior, own, event, piece.form, lattice)
        value = value + weight.value
        bounds = _bounds(posterior, (piece.form,))
        error = error + bounds.error + bounds.size * (own.error + weight.error)
        size = size + bounds.scale
        if weight.drawn is not None:
            drawn = weight.drawn + (0.0 if drawn is None else drawn)
    divisor = np.where(defined, mass.value, 1.0)
    error = (error + mass.error * size) / divisor
    if mass.drawn is not None:
        drawn = np.abs(value / divisor) * mass.drawn + (0.0 if drawn is None else drawn)
    drawn = None if drawn is None else drawn / divisor
    return Average(value / divisor, error, size, defined, np.log(divisor), (mass.error + moved) / divisor, drawn)


def _refuse_rare(found: Regions, event: Event, rare: Truth) -> None:
    """Refuse where an event has no probability that the arithmetic finds, and is possible all the same.

    Raises:
        Refusal: in some row.
    """
    units = np.array([line.unit for line in found.lines])
    for place in found.places() if rare.any() else ():
        lows, highs = map(np.stack, found.ends(place))
        here = rare & found.holds(event, place) & (lows < highs).all(axis=0)
        for row in np.flatnonzero(here).tolist():
            if _meets(units, lows[:, row], highs[:, row]):
                raise Refusal(
                    f"what is given in row {row + 1} is possible, and so improbable that its probability is lost in "
                    "rounding",
                    rows=here,
                )


def _meets(units: Array, lows: Array, highs: Array) -> bool:
    """Whether some point lies strictly between both ends in every direction."""
    if np.linalg.matrix_rank(units) == len(units):
        return True
    # The widest margin, at most one, that a point can keep from every end: a linear program.
    optimize: Any = import_module("scipy.optimize")
    sides = np.concatenate([units, -units])
    ends = np.concatenate([highs, -lows])
    kept = np.isfinite(ends)
    limits = np.column_stack([sides, np.ones(len(sides))])[kept]
    goal = np.append(np.zeros(units.shape[1]), -1.0)
    bounds = [(None, None)] * units.shape[1] + [(None, 1.0)]
    best = optimize.linprog(goal, A_ub=limits, b_ub=ends[kept], bounds=bounds)
    return not best.success or -best.fun > MARGIN


def _weight(
    posterior: Posterior, found: Regions, event: Event | None, form: Form | None, lattice: Lattice | None
) -> Weight:
    """E[form where the event holds], or its probability where there is no form; its error is a share of the size.

    By Stein's lemma E[(r @ z) 1(box)] is a sum over the sides of the box (Tallis 1961).
    """
    total, error, drawn = np.zeros(found.rows), 0.0, None
    units = [line.unit for line in found.lines]
    constant = np.ones(found.rows) if form is None else posterior.mean(form)
    slopes = np.zeros(len(units)) if form is None else np.array([u @ posterior.root(form) for u in units])
    for place in found.places():
        holds = found.holds(event, place)
        if not holds.any():
            continue
        lows, highs = found.ends(place)
        inside = box(units, lows, highs, lattice) if units else Weight(np.ones(found.rows))
        value, error = constant * inside.value, error + inside.error
        for k in np.flatnonzero(slopes):
            sides = [_side(units, lows, highs, int(k), at) for at in (lows[k], highs[k])]
            value = value + slopes[k] * (sides[0] - sides[1])
        total = total + np.where(holds, value, 0.0)
        if inside.drawn is not None:
            own = np.where(holds, np.abs(constant) * inside.drawn, 0.0)
            drawn = own + (0.0 if drawn is None else drawn)
    return Weight(total, error, drawn)


def _side(units: list[Array], lows: list[Array], highs: list[Array], k: int, at: Array) -> Array:
    """Density of direction k at `at`, times the probability of the other sides there."""
    here = np.where(np.isfinite(at), at, 0.0)
    density = np.where(np.isfinite(at), np.exp(-here * here / 2) / np.sqrt(2 * np.pi), 0.0)
    others = [j for j in range(len(units)) if j != k]
    left, angles = given_line([units[j] for j in others], units[k])
    ends = [
        [(side[j] - cosine * here) / sine for j, (cosine, sine) in zip(others, angles, strict=True)]
        for side in (lows, highs)
    ]
    return density * box(left, ends[0], ends[1]).value
