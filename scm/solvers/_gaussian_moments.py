"""Expectations of products of normal forms (Isserlis 1918)."""

from __future__ import annotations

import numpy as np

from ._gaussian_pieces import Piece
from ._gaussian_posterior import Posterior
from ._gaussian_space import Array, Form


def expectation(posterior: Posterior, piece: Piece) -> tuple[Array, Array]:
    """E[piece | evidence] where its guard always holds, and a bound on its error."""
    value, error = posterior.mean(piece.form), posterior.mean_error(piece.form)
    for product in piece.products:
        found, bound = _product(posterior, product)
        value, error = value + found, error + bound
    return value, error


def _product(posterior: Posterior, factors: tuple[Form, ...]) -> tuple[Array, Array]:
    means = [posterior.mean(f) for f in factors]
    roots = [posterior.root(f) for f in factors]
    errors = [posterior.mean_error(f) + posterior.root_error(f) for f in factors]
    # By the size of everything that is multiplied, each off by its own error.
    sizes = [np.abs(m) + np.linalg.norm(r) for m, r in zip(means, roots, strict=True)]
    whole: Array = np.ones(posterior.space.rows)
    grown: Array = np.ones(posterior.space.rows)
    for size, error in zip(sizes, errors, strict=True):
        whole, grown = whole * size, grown * (size + error)
    return _wick(means, roots, tuple(range(len(factors)))), (grown - whole) * len(factors)


def _wick(means: list[Array], roots: list[Array], left: tuple[int, ...]) -> Array:
    if not left:
        return np.ones_like(means[0])
    first, *rest = left
    found = means[first] * _wick(means, roots, tuple(rest))
    for other in rest:
        covariance = float(roots[first] @ roots[other])
        if covariance:
            found = found + covariance * _wick(means, roots, tuple(k for k in rest if k != other))
    return found
