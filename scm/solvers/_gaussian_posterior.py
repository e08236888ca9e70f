"""Independent standard normals given linear evidence: one factorisation for all rows of a pattern.

With `A z = d` observed, `A = U S V'` gives `z = V S^-1 U' d` plus what varies in the null space of A (the Schur
complement, without forming `A A'`, which would square the condition number).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ._gaussian_pieces import Truth
from ._gaussian_space import EPS, OVERFLOW, Array, Form, Space
from ._refusal import Refusal

NEARLY = 1e-9
"""Evidence with a singular value below this share of the largest, yet not zero, is refused."""
AGREE = 1e-9
"""Values that a deterministic relation ties agree when they do to nine digits."""


@dataclass(frozen=True, eq=False)
class Posterior:
    """The law of z given the evidence.

    Attributes:
        gain: z's posterior mean is `gain @ d`, shape (noises, evidence).
        basis: orthonormal rows that span what the evidence determines, shape (rank, noises).
        known: evidence's known parts, `d = -known @ columns`, shape (evidence, columns).
        size: the same for sizes.
        condition: of the evidence, rows scaled to length one.
        defined: whether the evidence of each row agrees with itself.
        tolerance: relative rounding.
        means: of forms, once worked out.
    """

    space: Space
    gain: Array
    basis: Array
    known: Array
    size: Array
    condition: float
    defined: Truth
    tolerance: float
    means: dict[int, tuple[Form, Array]] = field(default_factory=lambda: {})

    def mean(self, form: Form) -> Array:
        """Its posterior mean for each row; kept."""
        if id(form) not in self.means:
            weights = self._weights(form)
            found = self.space.sum({k: float(x) for k, x in enumerate(weights) if x})
            if not np.isfinite(found).all():
                raise Refusal(OVERFLOW)
            self.means[id(form)] = form, found
        return self.means[id(form)][1]

    def mean_error(self, form: Form) -> Array:
        """Bound on the rounding in `mean` for each row."""
        size = self.space.matrix([form.known_size])[0]
        if len(self.known):
            size = size + np.abs(form.noise_size @ np.abs(self.gain)) @ self.size
        return self.tolerance * self.space.sum({k: float(x) for k, x in enumerate(size) if x}, absolute=True)

    def root(self, form: Form) -> Array:
        """Its posterior coefficients on standard normals: products of two are covariances; zero where it is known."""
        if not np.isfinite(self.scale(form)):
            raise Refusal(OVERFLOW)
        if not len(self.basis):
            return form.noise
        left = form.noise - (form.noise @ self.basis.T) @ self.basis
        left = left - (left @ self.basis.T) @ self.basis  # twice is enough (Kahan; Parlett 1998)
        return left if np.linalg.norm(left) > self.root_error(form) else np.zeros_like(left)

    def root_error(self, form: Form) -> float:
        """Bound on the rounding in the length of `root`."""
        return self.tolerance * self.scale(form)

    def scale(self, form: Form) -> float:
        """The standard deviation of what the form is made of, before anything was observed."""
        return float(np.linalg.norm(form.noise_size))

    def _weights(self, form: Form) -> Array:
        known = self.space.matrix([form.known])[0]
        return known - (form.noise @ self.gain) @ self.known if len(self.known) else known


def condition_on(space: Space, evidence: Sequence[Form]) -> Posterior:
    """The posterior given that every form of `evidence` is zero.

    Raises:
        Refusal: evidence that is so nearly redundant that rounding would decide.
    """
    noise = np.array([f.noise for f in evidence]).reshape(len(evidence), space.noises)
    known, size = space.matrix([f.known for f in evidence]), space.matrix([f.known_size for f in evidence])
    rounding = space.unit * np.array([np.linalg.norm(f.noise_size) for f in evidence])
    lengths = np.linalg.norm(noise, axis=1)
    if not np.isfinite(lengths).all():
        raise Refusal(OVERFLOW)
    live = lengths > rounding
    scale = np.where(live, lengths, 1.0)
    noise = np.where(live[:, None], noise, 0.0) / scale[:, None]
    known, size = known / scale[:, None], size / scale[:, None]
    unit = max(space.unit, float((rounding[live] / lengths[live]).max(initial=0.0)))
    left, values, right = np.linalg.svd(noise, full_matrices=False)
    largest = float(values.max(initial=0.0))
    zero = values <= 4 * max(1, *noise.shape) * unit * largest if len(values) else np.zeros(0, bool)
    kept = values[~zero]
    condition = largest / float(kept.min()) if len(kept) else 1.0
    if condition * NEARLY > 1 or unit > NEARLY:
        raise Refusal(
            f"the evidence is nearly redundant (condition number {max(condition, unit / EPS):.2g}): rounding would "
            "decide the answer. Leave out a value that the others all but determine"
        )
    left, right = left[:, ~zero], right[~zero]
    gain = (right.T / kept) @ left.T
    defined = _agrees(space, left, known, size, unit * condition)
    return Posterior(space, gain, right, known, size, condition, defined, unit * condition)


def _agrees(space: Space, left: Array, known: Array, size: Array, unit: float) -> Truth:
    """Whether what the evidence leaves over is zero, for each row."""
    defined = np.ones(space.rows, bool)
    if len(known) == left.shape[1]:
        return defined
    told = left @ left.T
    over, spread = np.eye(len(known)) - told, np.eye(len(known)) + np.abs(told) + unit / AGREE
    for k in range(len(known)):
        residual = space.sum({j: float(x) for j, x in enumerate(over[k] @ known) if x})
        bound = space.sum({j: float(x) for j, x in enumerate(spread[k] @ size) if x}, absolute=True)
        defined &= np.abs(residual) <= max(AGREE, unit) * bound
    return defined
