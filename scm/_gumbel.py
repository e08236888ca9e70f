r"""The Gumbel-max coupling (Oberst & Sontag 2019) in closed form, for two worlds and where more reduce to two.

A variable takes the state k with the largest log p_k + g_k, the g_k being independent Gumbel noises that all worlds
share. Put as a race: with independent E_k ~ Exp(1), the state is the one that arrives first, at E_k / p_k. Let the laws
of two worlds be p and q, let rho_k = p_k / q_k, and let M(t) = sum_k max(p_k, q_k t). Then

    P(X = i, Y = i) = p_i / M(rho_i)
    P(X = i, Y = j) = p_i q_j * integral from rho_j to rho_i of dt / M(t)^2      (0 where rho_i <= rho_j)

For: X = Y = i says that E_k >= E_i max(p_k / p_i, q_k / q_i) for every k. For i != j let x = E_i / p_i and t x =
E_j / q_j be the two arrivals. No other state comes before: E_k >= x max(p_k, q_k t) for every k, which for k = i and
k = j is rho_j <= t <= rho_i; then max(p_i, q_i t) = p_i and max(p_j, q_j t) = q_j t, so the density of (x, t) is
p_i q_j x exp(-x M(t)), and its integral over x is p_i q_j / M(t)^2.

The margins are right because M' = sum of the q_j with rho_j < t: summing over j gives p_i (1 / M(rho_i) + [-1 / M] from
0 to rho_i) = p_i / M(0) = p_i. Counterfactual stability (X = i, and i gained at least as much as j did, so Y is not j)
is the zero where rho_i <= rho_j. M is linear between neighbouring rho, so each piece of the integral is
(b - a) / (M(a) M(b)).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ._coupling import Array, NeedsSampling, RankPreserving, Rows, named_variables, places, whom
from ._hindsight import race_noise, race_winner

SAME_RATIO = 1e-14
"""Ratios p_k / q_k that differ by less than this share of themselves differ by rounding alone: they are one."""


@dataclass(frozen=True, slots=True)
class GumbelMax:
    """One Gumbel noise for each state, shared by all worlds, added to the log-probabilities; the largest sum wins.

    Does not depend on the order of states. It is counterfactually stable, but not the only coupling that is.
    """

    variables: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        """Check the names."""
        object.__setattr__(self, "variables", named_variables(self.variables, self.name))

    @property
    def name(self) -> str:
        """`gumbel_max`."""
        return "gumbel_max"

    @property
    def claim(self) -> str:
        """What is assumed."""
        return (
            f"gumbel_max: {whom(self.variables)} takes the state with the largest sum of its log-probability and a "
            "Gumbel noise, one for each state and the same in every world"
        )

    @property
    def citation(self) -> str:
        """Where it comes from."""
        return "Gumbel-max coupling (Oberst & Sontag 2019)"

    def kernel(self, laws: Array, configurations: Rows) -> Array:
        """The joint laws; see `Coupling.kernel`.

        Raises:
            NeedsSampling: three or more different laws over three or more states.
        """
        del configurations
        n, m, s = laws.shape
        if m == 1:
            return laws[:, 0].copy()
        if m == 2:
            return two_worlds(laws[:, 0], laws[:, 1])
        out = np.zeros((n, s**m))
        binary = (laws > 0).any(axis=1).sum(axis=1) <= 2
        # Between two states the noises enter through their difference alone, and the state is monotone in it.
        out[binary] = RankPreserving().kernel(laws[binary], np.empty((0, m), np.intp)).reshape(-1, s**m)
        # Equal laws under shared noises give equal states.
        same = np.argmax((laws[:, :, None] == laws[:, None]).all(axis=3), axis=2)
        for pattern in np.unique(same[~binary], axis=0):
            leaders = np.unique(pattern)
            if len(leaders) > 2:
                raise NeedsSampling(
                    f"the Gumbel-max coupling has no closed form here for {len(leaders)} different laws over more than "
                    "two states (it has one for two laws). It can be sampled, which needs a random key (key= of ask); "
                    "or grant another coupling."
                )
            chosen = np.flatnonzero(~binary & (same == pattern).all(axis=1))
            place = {int(leader): k for k, leader in enumerate(leaders)}
            at = places([place[int(k)] for k in pattern], s)
            found = two_worlds(laws[chosen, leaders[0]], laws[chosen, leaders[-1]]).reshape(len(chosen), -1)
            if len(leaders) == 1:
                found = laws[chosen, leaders[0]]
            out[np.ix_(chosen, at)] = found
        return out.reshape((n, *[s] * m))

    def noise_size(self, states: int) -> int:
        """One number a state; see `DrawsNoise`."""
        return states

    def draw_noise(self, laws: Array, observed: Rows, uniforms: Array) -> tuple[Array, Array]:
        """Noises in hindsight; see `DrawsNoise`."""
        return race_noise(laws, observed, uniforms)

    def respond(self, noise: Array, laws: Array) -> Rows:
        """The state that wins; see `DrawsNoise`."""
        return race_winner(noise, laws)


def two_worlds(p: Array, q: Array) -> Array:
    """The joint law of the states in two worlds that share their Gumbel noises.

    Args:
        p: shape (n, s), the law of the first world in each of n cases; zeros are allowed.
        q: shape (n, s), the law of the second.

    Returns:
        Shape (n, s, s). Sums of positive terms only: small entries keep their relative precision.
    """
    ratio = _ratios(p, q)
    order = np.argsort(ratio, axis=1, kind="stable")
    ratio_up = _merged(np.take_along_axis(ratio, order, axis=1))
    p_up, q_up = np.take_along_axis(p, order, axis=1), np.take_along_axis(q, order, axis=1)
    pieces = _pieces(ratio_up, p_up, q_up)
    # integral[a, b]: from the a-th ratio up to the b-th, for a < b; a sum of the pieces between them.
    s = p.shape[1]
    steps = pieces[:, None, :] * np.triu(np.ones((s, s - 1)))
    integral = np.concatenate([np.zeros((len(p), s, 1)), np.cumsum(steps, axis=2)], axis=2)
    joint = np.swapaxes(integral, 1, 2) * p_up[:, :, None] * q_up[:, None, :]
    np.einsum("nii->ni", joint)[...] = _agreement(ratio_up, p_up, q_up)
    back = np.argsort(order, axis=1, kind="stable")
    return joint[np.arange(len(p))[:, None, None], back[:, :, None], back[:, None, :]]


def _ratios(p: Array, q: Array) -> Array:
    """The ratios p / q; infinite where only q is zero. Where both are zero any will do: the state never happens."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.where(p > 0, p / q, 0.0)


def _merged(ratio: Array) -> Array:
    """Ratios in rising order, those that differ by rounding alone made one: otherwise states that never meet would."""
    with np.errstate(invalid="ignore"):
        new = ratio[:, 1:] * (1 - SAME_RATIO) > ratio[:, :-1]
    first = np.concatenate([ratio[:, :1], np.where(new, ratio[:, 1:], 0.0)], axis=1)
    return np.maximum.accumulate(first, axis=1)


def _pieces(ratio: Array, p: Array, q: Array) -> Array:
    """The integral of 1 / M^2 from each ratio to the next, all in rising order; shape (n, s - 1)."""
    low, high = ratio[:, :-1], ratio[:, 1:]
    # Between the two, M(t) = above + below * t.
    above = np.cumsum(p[:, ::-1], axis=1)[:, ::-1][:, 1:]
    below = np.cumsum(q, axis=1)[:, :-1]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        plain = (high - low) / ((above + below * low) * (above + below * high))
        # The same, divided through by the upper end, which may be infinite.
        scaled = np.where(high < np.inf, (high - low) / high, 1.0) / ((above + below * low) * (above / high + below))
    return np.where(low == high, 0.0, np.where(high > 1, scaled, plain))


def _agreement(ratio: Array, p: Array, q: Array) -> Array:
    """P(X = Y = i) = p_i / M(rho_i), for each i; shape (n, s)."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        small: Array = p / np.maximum(p[:, None, :], q[:, None, :] * ratio[:, :, None]).sum(axis=2)
        # The same, divided through by the ratio, which may be infinite.
        large: Array = q / np.maximum(p[:, None, :] / ratio[:, :, None], q[:, None, :]).sum(axis=2)
    return np.where((p > 0) & (q > 0), np.where(ratio > 1, large, small), 0.0)


gumbel_max = GumbelMax()
"""The Gumbel-max coupling, for every variable given by a table."""
