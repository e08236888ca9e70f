"""The laws that every coupling must keep, checked on the laws and configurations at hand."""

from __future__ import annotations

import itertools
import string
from collections.abc import Sequence

import numpy as np

from ._coupling import Array, Coupling, Rows
from ._errors import InvalidModel

TOLERANCE = 1e-9
"""How far a user's kernel may be from its margins, and from itself."""


def check_coupling(coupling: Coupling, laws: Array, configurations: Rows) -> Array:
    """The kernel of `coupling`, after checking the laws that every coupling must keep.

    An instance may be dropped, or all but two: what is checked grows with the square of the number of instances, not
    with the number of their subsets. Any order of instances is a product of exchanges of neighbours, which are tried.

    Args:
        coupling: any coupling; its kernel is called for all, all but one, and each two of the instances.
        laws: shape (n, m, s), as for `Coupling.kernel`.
        configurations: shape (n, m).

    Raises:
        InvalidModel: an array of the wrong shape, a negative entry, a wrong margin, a joint law that changes when an
            instance is dropped, or one that depends on the order in which the instances are listed.
    """
    joint = _joint_law(coupling, laws, configurations)
    m = laws.shape[1]
    for i in range(m):
        off = _apart(_kept(joint, (i,)), laws[:, i])
        if off > TOLERANCE:
            raise InvalidModel(
                f"The coupling {coupling.name!r} has the wrong margins: off by {off:.3g}. "
                "Its joint law must give back the table's row for each configuration."
            )
    smaller = {tuple(j for j in range(m) if j != i) for i in range(m)} | set(itertools.combinations(range(m), 2))
    for kept in sorted(smaller) if m > 2 else ():
        if _apart(_kept(joint, kept), _joint_law(coupling, laws[:, kept], configurations[:, kept])) > TOLERANCE:
            raise InvalidModel(
                f"The coupling {coupling.name!r} changes when an instance is dropped; it must agree with itself."
            )
    for i in range(m - 1):
        order = [*range(i), i + 1, i, *range(i + 2, m)]
        exchanged = _joint_law(coupling, laws[:, order], configurations[:, order])
        if _apart(np.swapaxes(joint, i + 1, i + 2), exchanged) > TOLERANCE:
            raise InvalidModel(
                f"The coupling {coupling.name!r} is not symmetric: it gives another joint law when the instances are "
                "listed in another order. It may depend on their laws and configurations, not on their places."
            )
    return np.maximum(joint, 0.0)


def _joint_law(coupling: Coupling, laws: Array, configurations: Rows) -> Array:
    joint = np.asarray(coupling.kernel(laws, configurations), dtype=float)
    n, m, s = laws.shape
    wanted = (n, *[s] * m)
    if joint.shape != wanted:
        raise InvalidModel(f"The coupling {coupling.name!r} gave an array of shape {joint.shape}; {wanted} is wanted.")
    if not np.all(np.isfinite(joint)) or joint.min(initial=0.0) < -TOLERANCE:
        raise InvalidModel(
            f"The coupling {coupling.name!r} gave a negative or non-finite probability; a joint law is wanted."
        )
    return joint


def _kept(joint: Array, instances: Sequence[int]) -> Array:
    axes = string.ascii_letters[: joint.ndim - 1]
    return np.einsum(f"...{axes}->...{''.join(axes[i] for i in instances)}", joint)


def _apart(one: Array, other: Array) -> float:
    return float(np.abs(one - other).max(initial=0.0))
