"""Couplings: what a user may grant where a table alone does not say how a variable behaves across worlds.

A coupling gives the joint law of one variable's instances under different parent configurations. It must have the right
margins and agree with itself when an instance is dropped; that equal configurations give equal values is the engine's
part. None is ever used unless granted (`assume=`), and the grant is printed in the answer.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol, cast, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ._errors import InvalidModel, InvalidQuery, ScmError

Array = NDArray[np.float64]
Rows = NDArray[np.intp]

CUT_DIGITS = 14
"""Digits of a distribution function that count."""
ROUNDING = 1e-14
"""Overlaps of two states that are not larger may be made by rounding,"""
SHARE = 1e-3
"""where they are no larger a share of the probability of either."""
FAINT = 1e-9
"""Probabilities below this are added up without rounding: doubles near one would lose them."""
WHOLE_DIGITS = 345
"""Decimal digits behind the point that hold every double as it prints: at most 17 digits, the first at 1e-324."""
AT_ONCE = 1 << 16
"""Most cells of joint laws held in whole numbers at a time: each takes hundreds of bytes."""


class NeedsCoupling(ScmError):
    """Conditional probabilities alone do not decide how a variable behaves across worlds."""

    def __init__(self, variable: str) -> None:
        self.variable = variable
        super().__init__(
            f"{variable!r} is given by conditional probabilities only, which do not say how it would behave in two "
            "worlds at once. Grant a coupling (assume='rank_preserving', 'gumbel_max', 'independent', or one of your "
            "own), ask for the range over several (coupling_range), or give an equation or a noise table. Bounds "
            "without any of these are for models whose variables are all finite."
        )


class NeedsSampling(NeedsCoupling):
    """The coupling that was granted has no closed form here: its joint law can only be drawn from.

    A `NeedsCoupling`, since to an exact solver it is one: consistency may still make the joint law unnecessary.
    """

    def __init__(self, message: str, variable: str = "") -> None:
        ScmError.__init__(self, f"{variable!r}: {message}" if variable else message)
        self.variable, self.message = variable, message


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

        Raises:
            NeedsSampling: the joint law exists but has no closed form.
        """
        ...


def named_variables(variables: object, coupling: str) -> tuple[str, ...] | None:
    """`variables=` of a coupling as a tuple of names; None for every table.

    Raises:
        InvalidQuery: one text (its letters would be taken for names), nothing, or something that is no name.
    """
    if variables is None:
        return None
    if isinstance(variables, str):
        raise InvalidQuery(
            f"{coupling} got variables={variables!r}; a tuple of names is wanted: variables=({variables!r},)."
        )
    if not isinstance(variables, (tuple, list, set, frozenset)):
        raise InvalidQuery(f"{coupling} got variables={variables!r}; a tuple of names, or None for every table.")
    names = tuple(cast("Iterable[object]", variables))
    found = tuple(name for name in names if isinstance(name, str))
    if not names or len(found) < len(names):
        raise InvalidQuery(f"{coupling} got variables={variables!r}; at least one name, each a text, is wanted.")
    return tuple(dict.fromkeys(found))


def whom(variables: tuple[str, ...] | None) -> str:
    """The variables of a coupling, for its claim."""
    return "every variable given by a table" if variables is None else ", ".join(map(repr, variables))


def product(laws: Array) -> Array:
    """The joint laws of independent instances.

    Args:
        laws: shape (n, m, s).

    Returns:
        Shape (n, s, ..., s) with m axes of states.
    """
    n, m, s = laws.shape
    out = np.ones((n, *[1] * m))
    for i in range(m):
        out = out * laws[:, i].reshape((n, *(s if j == i else 1 for j in range(m))))
    return out


def places(axes: Sequence[int | None], states: int) -> Rows:
    """Where each cell of a smaller joint law goes in one of more instances, both laid out flat.

    Args:
        axes: for each instance, the axis of the smaller law that gives its state, or None for state 0.
        states: of the variable.

    Returns:
        Shape (states ** axes used,): the flat place of each cell.
    """
    width = 1 + max((a for a in axes if a is not None), default=-1)
    cells = np.indices([states] * width).reshape(width, states**width)
    out = np.zeros(cells.shape[1], dtype=np.intp)
    for axis in axes:
        out = out * states + (0 if axis is None else cells[axis])
    return out


@dataclass(frozen=True, slots=True)
class RankPreserving:
    """One uniform noise pushed through every inverse distribution function: ranks are kept.

    Depends on the order of states.
    """

    variables: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        """Check the names."""
        object.__setattr__(self, "variables", named_variables(self.variables, self.name))

    @property
    def name(self) -> str:
        """`rank_preserving`."""
        return "rank_preserving"

    @property
    def claim(self) -> str:
        """What is assumed."""
        return (
            f"rank_preserving: {whom(self.variables)} responds to one uniform noise through its inverse distribution "
            "function, in the order of its states"
        )

    @property
    def citation(self) -> str:
        """Where it comes from."""
        return "comonotone coupling (Fréchet 1951; Hoeffding 1940)"

    def kernel(self, laws: Array, configurations: Rows) -> Array:
        """Lengths of the states' intervals of [0, 1] intersected: max(0, min_i F_i(x_i) - max_i F_i(x_i - 1))."""
        del configurations
        faint = ((laws > 0) & (laws < FAINT)).any(axis=(1, 2))
        if not faint.any():
            return _overlaps(laws)
        n, m, s = laws.shape
        out = np.empty((n, *[s] * m))
        out[~faint] = _overlaps(laws[~faint])
        together = max(1, AT_ONCE // s**m)
        where = np.flatnonzero(faint)
        for part in np.split(where, range(together, len(where), together)):
            out[part] = _exact_overlaps(laws[part])
        return out


def _overlaps(laws: Array) -> Array:
    """The rank-preserving joint laws, where no state is faint."""
    n, m, s = laws.shape
    upper = np.cumsum(laws, axis=2)
    # A state of probability zero gets no width at all.
    last = s - 1 - np.argmax(laws[:, :, ::-1] > 0, axis=2)
    upper[np.arange(s) >= last[:, :, None]] = 1.0
    lower = np.concatenate([np.zeros((n, m, 1)), upper[:, :, :-1]], axis=2)
    high, low = (_over_states(ends, kind) for ends, kind in ((upper, np.minimum), (lower, np.maximum)))
    return _without_rounding(np.maximum(high - low, 0.0), laws)


def _exact_overlaps(laws: Array) -> Array:
    """The same for laws with states so faint that sums of doubles lose them: in whole numbers, nothing is rounded.

    Each probability is the decimal that it prints as; what a law then lacks of one is given to its likeliest state.
    """
    whole = np.array([_whole(p) for p in laws.ravel().tolist()], dtype=object).reshape(laws.shape)
    largest = laws.argmax(axis=2)[:, :, None]
    spare = 10**WHOLE_DIGITS - whole.sum(axis=2, keepdims=True)
    np.put_along_axis(whole, largest, np.take_along_axis(whole, largest, axis=2) + spare, axis=2)
    upper = np.cumsum(whole, axis=2)
    high, low = (_over_states(ends, kind) for ends, kind in ((upper, np.minimum), (upper - whole, np.maximum)))
    width = np.array([max(part, 0) / 10**WHOLE_DIGITS for part in (high - low).ravel()])
    return _without_rounding(width.reshape(high.shape), laws)


def _whole(probability: float) -> int:
    return int(Decimal(repr(probability)).scaleb(WHOLE_DIGITS))


def _over_states(each: NDArray[Any], kind: Callable[[NDArray[Any], NDArray[Any]], NDArray[Any]]) -> NDArray[Any]:
    """The least or the largest over instances at every cell, from numbers of shape (n, m, s)."""
    n, m, s = each.shape
    return functools.reduce(kind, (each[:, i].reshape((n, *(s if j == i else 1 for j in range(m)))) for i in range(m)))


def _without_rounding(width: Array, laws: Array) -> Array:
    """Overlaps without those that rounding makes: otherwise states that never meet would meet with 1e-17.

    Cut points are sums of numbers up to one, off by some units of their last place. An overlap that small is one all
    the same where it is a part worth mentioning of a state that is itself as faint.
    """
    share = SHARE * _over_states(laws, np.minimum)
    return np.where((width <= ROUNDING) & (width <= share), 0.0, width)


@dataclass(frozen=True, slots=True)
class Independent:
    """Independent noise for every parent configuration: what a unit does under one says nothing of another.

    Equal configurations still give equal values, in all worlds: only so is it a structural model.
    """

    variables: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        """Check the names."""
        object.__setattr__(self, "variables", named_variables(self.variables, self.name))

    @property
    def name(self) -> str:
        """`independent`."""
        return "independent"

    @property
    def claim(self) -> str:
        """What is assumed."""
        return (
            f"independent: {whom(self.variables)} has independent noise for each configuration of its parents, "
            "the same in every world"
        )

    @property
    def citation(self) -> str:
        """Where it comes from."""
        return "response variables (Balke & Pearl 1994) under a product law"

    def kernel(self, laws: Array, configurations: Rows) -> Array:
        """The product of the laws."""
        del configurations
        return product(laws)


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

    def __post_init__(self) -> None:
        """Check the names."""
        object.__setattr__(self, "variables", named_variables(self.variables, self.name))

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
independent = Independent()
"""Independent noise for every parent configuration, for every variable given by a table."""
