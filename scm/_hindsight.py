"""Couplings in hindsight: their noise drawn given what was observed, then pushed through the laws of other worlds.

Where a joint law over several worlds has no closed form, or too many entries, the noise behind it can still be drawn.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ._coupling import CUT_DIGITS, Coupling, RankPreserving

Array = NDArray[np.float64]
Codes = NDArray[np.intp]


@runtime_checkable
class DrawsNoise(Protocol):
    """What a coupling can do besides its kernel: draw the noise that all worlds share, and respond to it."""

    def noise_size(self, states: int) -> int:
        """How many uniform numbers one noise of a variable with so many states is made of."""
        ...

    def draw_noise(self, laws: Array, observed: Codes, uniforms: Array) -> tuple[Array, Array]:
        """Noises drawn given what was observed.

        Args:
            laws: shape (n, m, s), the laws of m observed instances (there may be none) in each of n cases.
            observed: shape (n, m), the state that each was seen in.
            uniforms: shape (n, `noise_size(s)`), numbers in [0, 1).

        Returns:
            The noises, whatever their shape beyond n, and the importance weight of each: on average over `uniforms`,
            the weight times any function of the noise is its expectation with the observations as an indicator.
        """
        ...

    def respond(self, noise: Array, laws: Array) -> Codes:
        """The state that each noise gives under each law of shape (n, s)."""
        ...


def drawn_noise(coupling: Coupling | None) -> DrawsNoise | None:
    """How the noise of a coupling is drawn, if it can be."""
    if isinstance(coupling, DrawsNoise):
        return coupling
    return RankNoise() if isinstance(coupling, RankPreserving) else None


# ---------------------------------------------------------------------------------------------------------------------
# Gumbel-max, put as a race: the state k with the least E_k / p_k, the E_k independent and exponential.
#
# E_k = exp(-G_k) turns the Gumbel noises G_k and the largest log p_k + G_k into this. In hindsight the winner's time T
# is exponential whoever won (the p_k sum to one), and every other E_k exceeds p_k T by a fresh exponential, since
# waiting has no memory. That is the truncated Gumbel -log(exp(-phi_k) + exp(-Z)) of Maddison, Tarlow & Minka (2014) and
# Oberst & Sontag (2019) with no logarithm of a probability that may be zero.


def race_noise(laws: Array, observed: Codes, uniforms: Array) -> tuple[Array, Array]:
    """Exponential noises of the Gumbel-max coupling given what was observed; see `DrawsNoise.draw_noise`.

    The first observation is met by construction; the others by weights of 0 and 1.
    """
    # 1 - u is in (0, 1], so that no time is infinite; a time of exactly zero would tie.
    noise: Array = np.maximum(-np.log1p(-uniforms), float(np.finfo(float).tiny))
    n, m, _ = laws.shape
    weight: Array = np.ones(len(noise))
    if m == 0:
        return noise, weight
    each = np.arange(n, dtype=np.intp)
    first, winner = laws[:, 0], observed[:, 0]
    time = noise[each, winner].copy()
    noise[each, winner] = 0.0
    noise += first * time[:, None]
    weight *= first[each, winner]
    for i in range(1, m):
        weight *= race_winner(noise, laws[:, i]) == observed[:, i]
    return noise, weight


def race_winner(noise: Array, laws: Array) -> Codes:
    """The state that comes first: the least noise over probability."""
    with np.errstate(divide="ignore", over="ignore"):
        return np.argmin(np.where(laws > 0, noise / laws, np.inf), axis=1)


class RankNoise:
    """The noise of the rank-preserving coupling: one uniform number, read through every distribution function."""

    def noise_size(self, states: int) -> int:
        """One."""
        del states
        return 1

    def draw_noise(self, laws: Array, observed: Codes, uniforms: Array) -> tuple[Array, Array]:
        """A uniform number from the interval that all observations leave; the weight is its length."""
        n, m, _ = laws.shape
        low, high = np.zeros(n), np.ones(n)
        each = np.arange(n, dtype=np.intp)
        for i in range(m):
            upper = _cuts(laws[:, i])
            lower = np.concatenate([np.zeros((n, 1)), upper[:, :-1]], axis=1)
            low = np.maximum(low, lower[each, observed[:, i]])
            high = np.minimum(high, upper[each, observed[:, i]])
        length = np.maximum(high - low, 0.0)
        return (low + uniforms[:, 0] * length)[:, None], length

    def respond(self, noise: Array, laws: Array) -> Codes:
        """The state whose interval of [0, 1) holds the noise."""
        return (_cuts(laws)[:, :-1] <= noise).sum(axis=1)


def _cuts(laws: Array) -> Array:
    """Where the interval of each state ends; see `RankPreserving.kernel` for the rounding."""
    upper = np.round(np.cumsum(laws, axis=1), CUT_DIGITS)
    last = laws.shape[1] - 1 - np.argmax(laws[:, ::-1] > 0, axis=1)
    upper[np.arange(laws.shape[1]) >= last[:, None]] = 1.0
    return upper
