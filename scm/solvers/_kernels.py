"""The joint law of several instances of one table."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from .._coupling import Coupling, check_coupling
from .._errors import ScmError

Array = NDArray[np.float64]
MAX_KERNEL = 1 << 24
"""Most entries of one kernel."""


class NeedsCoupling(ScmError):
    """Conditional probabilities alone do not decide how a variable behaves across worlds."""

    def __init__(self, variable: str) -> None:
        self.variable = variable
        super().__init__(
            f"{variable!r} is given by conditional probabilities only, which do not say how it would behave in two "
            "worlds at once. Grant a coupling (assume='rank_preserving', or one of your own), or give an equation or a "
            "noise table."
        )


class TooWide(ScmError):
    """A computation was forecast to be larger than the budget."""


def _forced(laws: Array) -> NDArray[np.bool_]:
    """Where at most one of the laws is uncertain: then the product is the only coupling."""
    return ((laws > 0).sum(axis=2) > 1).sum(axis=1) <= 1


def _product(laws: Array) -> Array:
    """The joint laws of independent instances."""
    n, m, s = laws.shape
    out = np.ones((n, *[1] * m))
    for i in range(m):
        out = out * laws[:, i].reshape((n, *(s if j == i else 1 for j in range(m))))
    return out


def joint_table(
    variable: str, rows: Array, configurations: NDArray[np.intp], coupling: Coupling | None
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
    """
    n, k = configurations.shape
    s = rows.shape[1]
    if n * s**k > MAX_KERNEL:
        raise TooWide(
            f"The joint law of {k} instances of {variable!r} has {n * s**k:,} entries; "
            f"at most {MAX_KERNEL:,} are built."
        )
    out = np.zeros((n, *[s] * k))
    used = None
    classes = np.argmax(configurations[:, :, None] == configurations[:, None, :], axis=2)
    for pattern in np.unique(classes, axis=0):
        chosen = np.flatnonzero((classes == pattern).all(axis=1))
        leaders = np.unique(pattern)
        distinct = configurations[chosen][:, leaders]
        laws = rows[distinct]
        joint = _product(laws)
        if len(leaders) > 1 and not _forced(laws).all():
            if coupling is None:
                raise NeedsCoupling(variable)
            used = coupling
            joint = check_coupling(coupling, laws, distinct)
        column = {leader: j for j, leader in enumerate(leaders)}
        for state in itertools.product(range(s), repeat=len(leaders)):
            full = tuple(state[column[c]] for c in pattern)
            out[(chosen, *full)] = joint[(slice(None), *state)]
    return out, used
