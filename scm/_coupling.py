"""Couplings: what a user may grant where a table alone does not say how a variable behaves across worlds.

A coupling gives the joint law of one variable's instances under different parent configurations. It must have the right
margins and agree with itself when an instance is dropped; that equal configurations give equal values is the engine's
part. None is ever used unless granted (`assume=`), and the grant is printed in the answer.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ._errors import InvalidModel, InvalidQuery, near

Array = NDArray[np.float64]
Rows = NDArray[np.intp]

CUT_DIGITS = 14
"""Digits of a distribution function that count."""
TOLERANCE = 1e-9
"""How far a user's kernel may be from its margins."""


@runtime_checkable
class Coupling(Protocol):
    """A named way to join the laws of one variable under several parent configurations."""

    @property
    def name(self) -> str:
        """What the answer prints."""
        ...

    @property
    def claim(self) -> str:
        """What is assumed, in a sentence."""
        ...

    @property
    def citation(self) -> str:
        """Where it comes from."""
        ...

    @property
    def variables(self) -> tuple[str, ...] | None:
        """The variables it is granted for; None means every table."""
        ...

    def kernel(self, laws: Array, configurations: Rows) -> Array:
        """The joint laws.

        Args:
            laws: shape (n, m, s): in each of n cases, the laws under m *different* parent configurations of s states.
            configurations: shape (n, m), the row numbers of those configurations in the table.

        Returns:
            Shape (n, s, ..., s) with m axes of states.
        """
        ...


@dataclass(frozen=True, slots=True)
class RankPreserving:
    """One uniform noise pushed through every inverse distribution function: ranks are kept.

    Depends on the order of states.
    """

    variables: tuple[str, ...] | None = None

    @property
    def name(self) -> str:
        """`rank_preserving`."""
        return "rank_preserving"

    @property
    def claim(self) -> str:
        """What is assumed."""
        who = "every variable given by a table" if self.variables is None else ", ".join(map(repr, self.variables))
        return (
            f"rank_preserving: {who} responds to one uniform noise through its inverse distribution function, "
            "in the order of its states"
        )

    @property
    def citation(self) -> str:
        """Where it comes from."""
        return "comonotone coupling (Fréchet 1951; Hoeffding 1940)"

    def kernel(self, laws: Array, configurations: Rows) -> Array:
        """Lengths of the states' intervals of [0, 1] intersected: max(0, min_i F_i(x_i) - max_i F_i(x_i - 1))."""
        n, m, s = laws.shape
        # Cut points that differ by rounding alone are one: otherwise states that never meet would meet with 1e-17. A
        # state of probability zero gets no width at all.
        upper = np.round(np.cumsum(laws, axis=2), CUT_DIGITS)
        last = s - 1 - np.argmax(laws[:, :, ::-1] > 0, axis=2)
        upper[np.arange(s) >= last[:, :, None]] = 1.0
        lower = np.concatenate([np.zeros((n, m, 1)), upper[:, :, :-1]], axis=2)
        high, low = np.full((n, *[1] * m), np.inf), np.full((n, *[1] * m), -np.inf)
        for i in range(m):
            shape = (n, *(s if j == i else 1 for j in range(m)))
            high = np.minimum(high, upper[:, i].reshape(shape))
            low = np.maximum(low, lower[:, i].reshape(shape))
        return np.maximum(high - low, 0.0)


@dataclass(frozen=True, slots=True)
class Custom:
    """A user's own coupling: a name, a claim and a kernel (see `Coupling.kernel`).

    Its laws are checked where it is used.
    """

    name: str
    function: Callable[[Array, Rows], Array]
    claim: str = "a coupling given by the user"
    citation: str = "the user"
    variables: tuple[str, ...] | None = None

    def kernel(self, laws: Array, configurations: Rows) -> Array:
        """What the user's function gives, after a check of its shape."""
        found = np.asarray(self.function(laws, configurations), dtype=float)
        n, m, s = laws.shape
        wanted = (n, *[s] * m)
        if found.shape != wanted:
            raise InvalidModel(f"The coupling {self.name!r} gave an array of shape {found.shape}; {wanted} is wanted.")
        return found


rank_preserving = RankPreserving()
"""The coupling that keeps ranks, for every variable given by a table."""

NAMED: dict[str, Coupling] = {"rank_preserving": rank_preserving}
"""Couplings that can be granted by name."""


def granted(assume: str | Coupling | Iterable[str | Coupling]) -> tuple[Coupling, ...]:
    """The couplings that `assume` grants, by name or as they are.

    Raises:
        InvalidQuery: a name that is no known assumption, or something else.
    """
    items = (assume,) if isinstance(assume, (str, Coupling)) else tuple(assume)
    return tuple(_granted(item) for item in items)


def _granted(item: object) -> Coupling:
    if isinstance(item, Coupling):
        return item
    if not isinstance(item, str):
        raise InvalidQuery(f"assume= takes names or couplings, got {type(item).__name__}.")
    if item not in NAMED:
        raise InvalidQuery(
            f"Unknown assumption {item!r}; what can be granted is {', '.join(NAMED)}.{near(item, NAMED)}"
        )
    return NAMED[item]


def check_coupling(coupling: Coupling, laws: Array, configurations: Rows) -> Array:
    """The kernel of `coupling`, after checking the laws that every coupling must keep.

    Raises:
        InvalidModel: a negative entry, a wrong margin, or a joint law that changes when an instance is dropped.
    """
    joint = coupling.kernel(laws, configurations)
    m = laws.shape[1]
    if not np.all(np.isfinite(joint)) or joint.min(initial=0.0) < -TOLERANCE:
        raise InvalidModel(
            f"The coupling {coupling.name!r} gave a negative or non-finite probability; a joint law is wanted."
        )
    axes = string.ascii_lowercase[:m]
    for i in range(m):
        margin = np.einsum(f"...{axes}->...{axes[i]}", joint)
        off = np.abs(margin - laws[:, i]).max(initial=0.0)
        if off > TOLERANCE:
            raise InvalidModel(
                f"The coupling {coupling.name!r} has the wrong margins: off by {off:.3g}. "
                "Its joint law must give back the table's row for each configuration."
            )
    if m > 2:
        for i in range(m):
            rest = [j for j in range(m) if j != i]
            smaller = check_coupling(coupling, laws[:, rest], configurations[:, rest])
            if np.abs(joint.sum(axis=i + 1) - smaller).max(initial=0.0) > TOLERANCE:
                raise InvalidModel(
                    f"The coupling {coupling.name!r} changes when an instance is dropped; it must agree with itself."
                )
    return np.maximum(joint, 0.0)
