"""Noise laws: the unmodelled causes. A law may be `Unknown`: then every law over its states is allowed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, SupportsFloat, TypeAlias

from ._errors import InvalidModel
from ._syntax import Value

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TOLERANCE = 1e-9
"""How far a law may be from summing to one before it is refused; within it the law is rescaled."""

BOOLEAN: tuple[Value, ...] = (False, True)

_PLAIN_STATES = frozenset({bool, int, str})
"""Types of which everything is a state."""


def check_probability(value: object, where: str) -> float:
    """`value` as a probability.

    Raises:
        InvalidModel: not a number, NaN, negative or above one.
    """
    number = as_number(value)
    if number is None:
        raise InvalidModel(
            f"{where} has probability {value!r}; a number from 0 to 1 is wanted (0.95, not '95 percent')."
        )
    # Written so that NaN is refused, and before float() could choke on a huge integer.
    if not -1e-12 <= number <= 1 + TOLERANCE:
        raise InvalidModel(f"{where} has probability {value!r}; a number from 0 to 1 is wanted.")
    return min(max(float(number), 0.0), 1.0)


def as_number(value: object) -> int | float | Fraction | None:
    """`value` if it is a number (an array library's scalars count), else None; a truth value is none."""
    value = plain(value)
    if isinstance(value, (bool, str)):
        return None
    if isinstance(value, (int, float, Fraction)):
        return value
    try:
        return float(value) if isinstance(value, SupportsFloat) else None
    except (TypeError, ValueError):
        return None


def check_law(states: Sequence[Value], probabilities: Iterable[object], where: str) -> tuple[float, ...]:
    """Probabilities in the order of `states`, checked to sum to one and rescaled within `TOLERANCE`.

    Raises:
        InvalidModel: wrong length, or a sum off by more than `TOLERANCE`; the message names the row.
    """
    law = tuple(check_probability(p, where) for p in probabilities)
    if len(law) != len(states):
        raise InvalidModel(
            f"{where} has {len(law)} probabilities for {len(states)} states {tuple(states)}; one each is wanted."
        )
    total = math.fsum(law)
    if abs(total - 1) > TOLERANCE:
        raise InvalidModel(_sum_fault(where, total, law))
    return law if total == 1 else tuple(p / total for p in law)


def check_laws(laws: NDArray[np.float64], where: Callable[[int], str]) -> NDArray[np.float64]:
    """Like `check_law` for every row of `laws`, shape (rows, states), at once; equal laws give equal numbers.

    Args:
        laws: one law a row.
        where: names a row, for the message.

    Raises:
        InvalidModel: an entry that is no probability, or a sum off by more than `TOLERANCE`.
    """
    import numpy as np  # a model without arrays does not need it

    fits = (laws >= -1e-12) & (laws <= 1 + TOLERANCE)  # written so that NaN does not fit
    if not fits.all():
        row, state = np.argwhere(~fits)[0]
        check_probability(float(laws[row, state]), where(int(row)))
    laws = np.clip(laws, 0.0, 1.0)
    totals = np.array([math.fsum(row) for row in laws.tolist()])
    if (wrong := np.flatnonzero(np.abs(totals - 1) > TOLERANCE)).size:
        row = int(wrong[0])
        raise InvalidModel(_sum_fault(where(row), totals[row], tuple(laws[row].tolist())))
    return laws / totals[:, None]


def _sum_fault(where: str, total: float, law: tuple[float, ...]) -> str:
    shown = str(law) if len(law) <= 12 else f"({', '.join(map(repr, law[:10]))}, and {len(law) - 10} more)"
    return f"{where} sums to {total:.10g}: {shown}. Probabilities of one law sum to 1."


def check_state(state: object, where: str) -> Value:
    """A number, a truth value or a label; an array library's scalar becomes Python's.

    Raises:
        InvalidModel: something else, or a number that is not finite.
    """
    state = plain(state)
    if not isinstance(state, (bool, int, float, str)):
        raise InvalidModel(f"{where} has the state {state!r}; states are numbers, True/False or labels.")
    if isinstance(state, float) and not math.isfinite(state):
        raise InvalidModel(f"{where} has the state {state!r}; numeric states are finite.")
    return state


def plain(value: Any) -> object:
    """A NumPy scalar as the Python value it stands for; anything else as it is."""
    return value.item() if type(value).__module__ == "numpy" and hasattr(value, "item") else value


def check_states(states: Iterable[Value], where: str) -> tuple[Value, ...]:
    """At least one state, all different, each a number, a truth value or a label.

    Raises:
        InvalidModel: otherwise.
    """
    found = tuple(states)
    if not _PLAIN_STATES.issuperset(map(type, found)):
        found = tuple(check_state(state, where) for state in found)
    if not found:
        raise InvalidModel(f"{where} has no states; give at least one.")
    if len(set(found)) != len(found):
        raise InvalidModel(f"{where} has a state twice: {found}. States are different (True and 1 are the same state).")
    return found


@dataclass(frozen=True, slots=True)
class Categorical:
    """A law over named states: `Categorical({"small": 0.51, "large": 0.49})`."""

    states: tuple[Value, ...]
    probabilities: tuple[float, ...]

    def __init__(self, law: Mapping[Value, float]) -> None:
        """Check and keep `law` (state -> probability).

        Raises:
            InvalidModel: the probabilities do not sum to one, or are not probabilities.
        """
        states = check_states(law, "A Categorical law")
        object.__setattr__(self, "states", states)
        object.__setattr__(
            self, "probabilities", check_law(states, law.values(), f"The law Categorical({dict(law)!r})")
        )

    def __repr__(self) -> str:
        return f"Categorical({dict(zip(self.states, self.probabilities, strict=True))!r})"


@dataclass(frozen=True, slots=True)
class Bernoulli:
    """True with probability `p`."""

    p: float

    def __post_init__(self) -> None:
        """Check `p`."""
        object.__setattr__(self, "p", check_probability(self.p, f"Bernoulli({self.p!r})"))

    @property
    def states(self) -> tuple[Value, ...]:
        """False, then True."""
        return BOOLEAN

    @property
    def probabilities(self) -> tuple[float, ...]:
        """Of False, then of True."""
        return (1 - self.p, self.p)


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nothing is known of the law: every law over `states` is allowed."""

    states: tuple[Value, ...] = BOOLEAN

    def __post_init__(self) -> None:
        """Check the states."""
        object.__setattr__(self, "states", check_states(self.states, "An Unknown law"))


NoiseLaw: TypeAlias = Bernoulli | Categorical | Unknown
"""What is known of how likely each state of a noise is."""


def probabilities(law: NoiseLaw) -> tuple[float, ...] | None:
    """Of each state, or None where the law is unknown."""
    return None if isinstance(law, Unknown) else law.probabilities


@dataclass(frozen=True, slots=True)
class Noise:
    """A named noise that several variables may share (a hidden common cause)."""

    name: str
    law: NoiseLaw

    def __post_init__(self) -> None:
        """Check the name and the kind of law."""
        _check_noise(self.name, self.law)


def _check_noise(name: object, law: object) -> None:
    if not isinstance(name, str) or not name.strip():
        raise InvalidModel(f"A noise's name is text, got {name!r}.")
    if not isinstance(law, (Bernoulli, Categorical, Unknown)):
        raise InvalidModel(
            f"The noise {name!r} has the law {_shown(law)}; Bernoulli(p), Categorical({{state: p}}) or Unknown() is "
            'wanted, or a continuous law: normal(mean, sd), ContinuousLaw("Gamma", concentration=2, rate=1) or a '
            "distribution of NumPyro."
        )


def _shown(law: object) -> str:
    """A law of another package by its kind and parameters (SciPy's frozen distributions), anything else as it is."""
    if type(law).__module__.startswith("scipy.stats"):
        name = getattr(getattr(law, "dist", None), "name", type(law).__name__)
        return f"{name} of SciPy"
    return repr(law)
