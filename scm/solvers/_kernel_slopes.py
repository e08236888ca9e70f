"""How the joint law of several instances of one table answers when a row of the table moves towards one state.

A joint law is given only where rows sum to one, so rows move within the simplex: towards state s, along
`row + t (e_s - row)`. Couplings are piecewise smooth: where the slopes on both sides differ there is no derivative, and
the entry is marked; so it is where a state of a table is too faint for slopes.
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from .._by_noise import ByNoise
from .._coupling import CUT_DIGITS, Coupling, Independent, RankPreserving

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]
Codes = NDArray[np.intp]

SHARE_OF_STEP = 0.02
"""The largest step of the numerical slope of a kernel, as a share of the entry that moves."""
STEP_FROM_ZERO = 1e-4
"""The step from an entry of zero, which can move in one direction only."""
ROUNDING = 2.0**-44
"""How far a numerical slope times its step may be off, as a share of the probability that moves."""
LOST = 1e-12
"""Cut points of rank preservation are told apart to 14 digits here: with a state that is less likely than this, slopes
are not told (its kernel adds such states up in whole numbers)."""
EXACT, NUMERICAL = 1e-9, 1e-4
"""How far two slopes may differ, as a share of what they are sums of, before they are called different."""


def table_slopes(
    rows: Array, configurations: Codes, possible: Bools, coupling: Coupling | None, adjoint: Array
) -> tuple[Array, Bools]:
    """Slopes of `sum(adjoint * joint law)` as each row of a table moves towards each state.

    Args:
        rows: shape (configurations, states).
        configurations: shape (n, k), the row that each of k instances reads.
        possible: shape (n,); elsewhere the joint law is zero.
        coupling: granted by the user; None where the law is the only one there is.
        adjoint: shape (n, states, ..., states, rows of data).

    Returns:
        Slopes of shape (configurations, states, rows of data), and where there is none: at a kink of the coupling, or
        where the joint law next to the table's is not determined.
    """
    s, data = rows.shape[1], adjoint.shape[-1]
    slopes = np.zeros((*rows.shape, data))
    missing = np.zeros((*rows.shape, data), dtype=bool)
    classes = np.argmax(configurations[:, :, None] == configurations[:, None, :], axis=2)
    for pattern in np.unique(classes, axis=0):
        chosen = np.flatnonzero((classes == pattern).all(axis=1) & possible)
        leaders = np.unique(pattern)
        distinct = configurations[chosen][:, leaders]
        laws, column = rows[distinct], {leader: j for j, leader in enumerate(leaders)}
        own = np.zeros((len(chosen), *[s] * len(leaders), data))
        for state in itertools.product(range(s), repeat=len(leaders)):
            own[(slice(None), *state)] = adjoint[(chosen, *(state[column[c]] for c in pattern))]
        for j in range(len(leaders)):
            if coupling is None or isinstance(coupling, ByNoise):  # a noise table beside another table is not stated
                found = _only_law(laws, j, own)
            else:
                found = _uncertain(coupling, laws, distinct, j, own)
            np.add.at(slopes, distinct[:, j], found[0])
            np.logical_or.at(missing, distinct[:, j], found[1])
    return slopes, missing


def _only_law(laws: Array, j: int, adjoint: Array) -> tuple[Array, Bools]:
    """Slopes where at most one law is uncertain: the product is the only joint law.

    If a certain law moves, two may be uncertain, and their joint law is open: only if nothing depends on it is there a
    slope.
    """
    rest, by_state = _apart(laws, j, adjoint)
    top = np.argmax(laws[:, j], axis=1)
    change = by_state - np.take_along_axis(by_state, top[:, None, None, None], axis=2)
    inside = (rest > 0)[:, :, None, None]
    high = np.where(inside, change, -np.inf).max(axis=1)
    low = np.where(inside, change, np.inf).min(axis=1)
    size = np.where(inside, np.abs(by_state), 0.0).max(axis=(1, 2))[:, None]
    return _product_slopes(laws, j, adjoint), high - low > EXACT * size


def _product_slopes(laws: Array, j: int, adjoint: Array) -> Array:
    """Slopes of the product of the laws as law `j` moves towards each state."""
    rest, by_state = _apart(laws, j, adjoint)
    mean = np.einsum("no,nosb->nsb", rest, by_state)
    return mean - np.einsum("ns,nsb->nb", laws[:, j], mean)[:, None]


def _apart(laws: Array, j: int, adjoint: Array) -> tuple[Array, Array]:
    """The product of the other laws, flat, and the adjoint with the state of law `j` behind theirs."""
    n, m, s = laws.shape
    rest = np.ones((n, 1))
    for i in range(m):
        if i != j:
            rest = (rest[:, :, None] * laws[:, None, i]).reshape(n, -1)
    return rest, np.moveaxis(adjoint, j + 1, -2).reshape(n, -1, s, adjoint.shape[-1])


def _uncertain(coupling: Coupling, laws: Array, distinct: Codes, j: int, adjoint: Array) -> tuple[Array, Bools]:
    """Slopes as law `j` moves; certain laws, which have no part in a coupling, are put in their places first."""
    slopes = np.zeros((len(laws), laws.shape[2], adjoint.shape[-1]))
    missing = np.zeros(slopes.shape, dtype=bool)
    active = (laws > 0).sum(axis=2) > 1
    active[:, j] = True
    state = laws.argmax(axis=2)
    for mask in np.unique(active, axis=0):
        at = np.flatnonzero((active == mask).all(axis=1))
        part, kept = adjoint[at], np.flatnonzero(mask)
        for i in np.flatnonzero(~mask)[::-1].tolist():
            place = state[at, i].reshape(-1, *[1] * (part.ndim - 1))
            part = np.take_along_axis(part, place, axis=i + 1).squeeze(axis=i + 1)
        own, rows, own_j = laws[at][:, kept], distinct[at][:, kept], int(np.searchsorted(kept, j))
        if len(kept) == 1:
            found = _only_law(own, own_j, part)
        elif isinstance(coupling, Independent):
            found = _product_slopes(own, own_j, part), np.zeros(1, dtype=bool)
        else:
            found = _coupled(coupling, own, rows, own_j, part)
        slopes[at], missing[at] = found
    return slopes, missing


def _coupled(coupling: Coupling, laws: Array, distinct: Codes, j: int, adjoint: Array) -> tuple[Array, Bools]:
    s = laws.shape[2]
    found = [_one_direction(coupling, laws, distinct, j, k, adjoint) for k in range(s)]
    return np.stack([a for a, _ in found], axis=1), np.stack([b for _, b in found], axis=1)


def _one_direction(
    coupling: Coupling, laws: Array, distinct: Codes, j: int, state: int, adjoint: Array
) -> tuple[Array, Bools]:
    n = len(laws)
    both = laws[:, j, state] > 0  # an entry of zero cannot fall
    moving = laws[:, j, state] < 1
    way = -laws[:, j].copy()
    way[:, state] += 1.0
    if isinstance(coupling, RankPreserving):
        forward, backward, tolerance = *_rank_slopes(laws, j, way), EXACT
        best, blur = forward, np.zeros(forward.shape)
    else:
        forward, backward, best, blur = _numerical(coupling, laws, distinct, j, state, way)
        tolerance = NUMERICAL
    flat = adjoint.reshape(n, -1, adjoint.shape[-1])
    ahead, behind, value = (_against(d, flat) for d in (forward, backward, best))
    size = _against(tolerance * np.maximum(np.abs(forward), np.abs(backward)) + blur, np.abs(flat))
    kink = (np.abs(ahead - behind) > size) & (both & moving)[:, None]
    if isinstance(coupling, RankPreserving):
        lost: Bools = np.any((laws > 0) & (laws < LOST), axis=(1, 2), keepdims=True)
        kink = kink | lost[:, 0]
    return np.where(moving[:, None], value, 0.0), kink


def _against(change: Array, adjoint: Array) -> Array:
    """What a change of the joint laws does: shape (n, rows of data)."""
    return np.einsum("no,nob->nb", change.reshape(len(change), -1), adjoint)


def _rank_slopes(laws: Array, j: int, way: Array) -> tuple[Array, Array]:
    """One-sided derivatives of max(0, min_i F_i(x_i) - max_i F_i(x_i - 1)) as law `j` moves along `way`, exactly."""
    n, m, s = laws.shape
    upper = np.round(np.cumsum(laws, axis=2), CUT_DIGITS)
    supported: Bools = laws > 0
    supported[:, j] |= way > 0
    last = s - 1 - np.argmax(supported[:, :, ::-1], axis=2)
    upper[np.arange(s) >= last[:, :, None]] = 1.0
    moved = np.cumsum(way, axis=1)
    moved[np.arange(s) >= last[:, j, None]] = 0.0
    lower = np.concatenate([np.zeros((n, m, 1)), upper[:, :, :-1]], axis=2)
    below = np.concatenate([np.zeros((n, 1)), moved[:, :-1]], axis=1)

    def axis(array: Array, i: int) -> Array:
        return array.reshape((n, *(s if k == i else 1 for k in range(m))))

    high, low = np.full((n, *[1] * m), np.inf), np.full((n, *[1] * m), -np.inf)
    for i in range(m):
        if i != j:
            high, low = np.minimum(high, axis(upper[:, i], i)), np.maximum(low, axis(lower[:, i], i))
    own_high, own_low, up, down = (axis(a, j) for a in (upper[:, j], lower[:, j], moved, below))
    width = np.round(np.minimum(high, own_high) - np.maximum(low, own_low), CUT_DIGITS)

    def one_side(sign: float) -> Array:
        rise, fall = sign * up, sign * down
        of_high = np.where(own_high < high, rise, np.where(own_high == high, np.minimum(rise, 0.0), 0.0))
        of_low = np.where(own_low > low, fall, np.where(own_low == low, np.maximum(fall, 0.0), 0.0))
        change = of_high - of_low
        return sign * np.where(width > 0, change, np.where(width == 0, np.maximum(change, 0.0), 0.0))

    return one_side(1.0), one_side(-1.0)


def _numerical(
    coupling: Coupling, laws: Array, distinct: Codes, j: int, state: int, way: Array
) -> tuple[Array, Array, Array, Array]:
    """Slopes of a kernel ahead and behind, the best there is, and how far rounding may have moved the first two.

    The best is central, of sixth order, where both sides are there.
    """
    entry = laws[:, j, state]
    both = (entry > 0) & (entry < 1)
    step = np.where(both, SHARE_OF_STEP * entry, np.where(entry > 0, 0.0, STEP_FROM_ZERO))
    shape = (-1, *[1] * laws.shape[1])

    def at(share: float) -> Array:
        moved = laws.copy()
        moved[:, j] = np.maximum(laws[:, j] + (share * step)[:, None] * way, 0.0)
        return np.asarray(coupling.kernel(moved, distinct), dtype=float)

    size = np.where(step > 0, step, 1.0).reshape(shape)
    here, ahead = at(0.0), {h: at(h) for h in (0.25, 0.5, 1.0)}
    behind = {h: at(-h) if both.any() else here for h in (0.25, 0.5, 1.0)}
    forward = _one_sided(here, ahead) / size
    backward = -_one_sided(here, behind) / size
    ratios = {h: (ahead[h] - behind[h]) / (2 * h * size) for h in ahead}
    fine = (4 * ratios[0.25] - ratios[0.5]) / 3
    coarse = (4 * ratios[0.5] - ratios[1.0]) / 3
    central = (16 * fine - coarse) / 15
    return forward, backward, np.where(both.reshape(shape), central, forward), ROUNDING * np.abs(here) / size


def _one_sided(here: Array, found: dict[float, Array]) -> Array:
    """The slope at 0 of the cubic through the values at 0, a quarter, a half and one."""
    weights = {0.25: 32 / 3, 0.5: -4.0, 1.0: 1 / 3}
    return sum((w * (found[h] - here) for h, w in weights.items()), np.zeros_like(here))
