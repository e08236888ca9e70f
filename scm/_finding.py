"""The parts of an answer: what can be found, its ends, its uncertainty, its assumptions and the steps to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ._syntax import Value

Finding: TypeAlias = Literal["exact", "estimate", "bounds", "not_identified", "undefined", "contradiction", "refused"]
"""The summary of an answer. "refused": cannot be worked out here; "not_identified": cannot be known."""
Status: TypeAlias = Literal["ok", "undefined", "contradiction"]
Granter: TypeAlias = Literal["the text", "the reader", "the user", "the method"]
Number: TypeAlias = "float | NDArray[np.float64]"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a derivation: its name, what it claims, why it may be made, and whose theorem it is."""

    name: str
    claim: str
    reason: str
    citation: str = ""


@dataclass(frozen=True, slots=True)
class Assumption:
    """Something the answer rests on, and who granted it."""

    text: str
    granted_by: Granter


@dataclass(frozen=True)
class Interval:
    """Where the answer can lie. Shapes are those of `Answer.value`.

    Attributes:
        lower, upper: inner ends: each is attained by some law.
        outer_lower, outer_upper: no law goes beyond these.
        sharp: inner and outer ends are proved to be the same.
        lower_at, upper_at: for a single number, a state of the roots of unknown law that attains each end.
    """

    lower: Number
    upper: Number
    outer_lower: Number
    outer_upper: Number
    sharp: bool
    lower_at: Mapping[str, Value] | None = None
    upper_at: Mapping[str, Value] | None = None


@dataclass(frozen=True, slots=True)
class Uncertainty:
    """Kinds of uncertainty, kept apart; None where a kind is absent.

    Attributes:
        sampling: standard error from finite counts (same shape as the value).
        rounding: interval from printed digits.
        floating_point: bound on the absolute error of the arithmetic.
        noise, parameters, monte_carlo: spread of a unit's noise, of fitted parameters, of drawn samples.
    """

    noise: Number | None = None
    parameters: Number | None = None
    sampling: Number | None = None
    monte_carlo: Number | None = None
    rounding: tuple[float, float] | None = None
    floating_point: float | None = None
