"""The joint law of several instances of one table."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .._by_noise import ByNoise
from .._coupling import Coupling, Independent, NeedsCoupling, NeedsSampling, RankPreserving, places, product
from .._coupling_laws import check_coupling
from .._errors import ScmError
from .._gumbel import GumbelMax

Array = NDArray[np.float64]
Rows = NDArray[np.intp]
MAX_KERNEL = 1 << 24
"""Most entries of one kernel."""

PROVED = (RankPreserving, GumbelMax, Independent, ByNoise)
"""Couplings whose laws are proved, and tested on random laws: checking them again wherever they are used would cost
many times what they do."""


class TooWide(ScmError):
    """A computation was forecast to be larger than the budget."""


def joint_table(
    variable: str, rows: Array, configurations: Rows, coupling: Coupling | None
) -> tuple[Array, Coupling | None]:
    """The joint law of k instances, for each of n combinations of their parents' configurations.

    Args:
        variable: whose table it is.
        rows: shape (configurations, states).
        configurations: shape (n, k), the row that each instance reads.
        coupling: granted by the user, or None.

    Returns:
        Shape (n, states, ..., states), and the coupling if it was needed.

    Raises:
        NeedsCoupling: none is granted and more than one law is uncertain somewhere.
        NeedsSampling: the one granted has no closed form for the uncertain laws somewhere.
        TooWide: more than `MAX_KERNEL` entries.
    """
    n, k = configurations.shape
    s = rows.shape[1]
    if n * s**k > MAX_KERNEL:
        raise TooWide(
            f"The joint law of {k} instances of {variable!r} has {n * s**k:,} entries; "
            f"at most {MAX_KERNEL:,} are built."
        )
    # An instance whose law is certain is the same under every coupling: only its place has to be known.
    certain = ((rows > 0).sum(axis=1) <= 1)[configurations]
    strides = np.array([s**i for i in reversed(range(k))], np.intp)
    state: Rows = np.where(certain, rows.argmax(axis=1)[configurations], 0)
    offset = state @ strides
    classes = np.argmax(configurations[:, :, None] == configurations[:, None, :], axis=2)
    classes[certain] = -1
    out = np.zeros((n, s**k))
    used = None
    for pattern in np.unique(classes, axis=0):
        chosen = np.flatnonzero((classes == pattern).all(axis=1))
        leaders = np.unique(pattern[pattern >= 0])
        distinct = configurations[chosen][:, leaders]
        if len(leaders) <= 1:
            joint = product(rows[distinct])
        elif coupling is None:
            raise NeedsCoupling(variable)
        else:
            used, joint = coupling, _kernel(variable, coupling, rows[distinct], distinct)
        if len(leaders) == k:
            out[chosen] = joint.reshape(len(chosen), -1)
            continue
        axis = {int(leader): j for j, leader in enumerate(leaders)}
        at = places([axis.get(int(c)) for c in pattern], s)
        out[chosen[:, None], offset[chosen, None] + at] = joint.reshape(len(chosen), -1)
    return out.reshape((n, *[s] * k)), used


def _kernel(variable: str, coupling: Coupling, laws: Array, configurations: Rows) -> Array:
    try:
        if isinstance(coupling, PROVED):
            return coupling.kernel(laws, configurations)
        return check_coupling(coupling, laws, configurations)
    except NeedsSampling as wrong:
        raise NeedsSampling(wrong.message, variable) from None
