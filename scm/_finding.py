"""The parts of an answer: what can be found, its ends, its uncertainty, its assumptions and the steps to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, cast, overload

import numpy as np
from numpy.typing import NDArray

from ._syntax import Value

Finding: TypeAlias = Literal["exact", "estimate", "bounds", "not_identified", "undefined", "contradiction", "refused"]
"""The summary of an answer. "refused": cannot be worked out here; "not_identified": cannot be known."""
Status: TypeAlias = Literal["ok", "undefined", "contradiction", "refused"]
Granter: TypeAlias = Literal["the text", "the reader", "the user", "the method"]
Number: TypeAlias = "float | NDArray[np.float64]"
LAWS = "the noises have the laws of the model: "
"""How an assumption begins that is the model's own, and no coupling."""


_STATUSES: tuple[Status, ...] = ("ok", "undefined", "contradiction", "refused")


class Statuses(Sequence[Status]):
    """The status of each row, one byte a row; equal to any sequence of the same words."""

    __slots__ = ("codes",)

    def __init__(self, statuses: Iterable[Status]) -> None:
        self.codes: NDArray[np.uint8] = np.array([_STATUSES.index(s) for s in statuses], dtype=np.uint8)
        self.codes.flags.writeable = False

    @classmethod
    def of(cls, defined: NDArray[np.bool_], refused: NDArray[np.bool_] | None = None) -> Statuses:
        """`refused` where it is, else `ok` where defined, else `undefined`."""
        made = cls(())
        made.codes = np.where(defined, 0, 1).astype(np.uint8)
        if refused is not None:
            made.codes[refused] = _STATUSES.index("refused")
        made.codes.flags.writeable = False
        return made

    @property
    def ok(self) -> NDArray[np.bool_]:
        """Which rows are ok."""
        return self.codes == 0

    @property
    def words(self) -> NDArray[np.str_]:
        """The words as an array."""
        return np.array(_STATUSES, dtype=np.str_)[self.codes]

    @overload
    def __getitem__(self, index: int) -> Status: ...
    @overload
    def __getitem__(self, index: slice) -> Statuses: ...
    def __getitem__(self, index: int | slice) -> Status | Statuses:
        if isinstance(index, slice):
            made = Statuses(())
            made.codes = self.codes[index]
            return made
        return _STATUSES[int(self.codes[index])]

    def __len__(self) -> int:
        return len(self.codes)

    def __iter__(self) -> Iterator[Status]:
        return (_STATUSES[int(k)] for k in self.codes)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Statuses):
            return np.array_equal(self.codes, other.codes)
        return isinstance(other, Sequence) and not isinstance(other, str) and list(self) == list(cast("Any", other))

    def __hash__(self) -> int:
        return hash(self.codes.tobytes())

    def __repr__(self) -> str:
        shown = ", ".join(map(repr, self[:6]))
        return f"({shown}{', ...' if len(self) > 6 else ',' if len(self) == 1 else ''})"


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


@dataclass(frozen=True)
class Confidence:
    """A confidence interval: over repetitions of the sampling it holds the truth in a share `level` of them.

    It says nothing of what is not identified; that is `Interval`. Shapes are those of `Answer.value`.

    Attributes:
        lower, upper: the ends; NaN where the data do not give one.
        level: the share, such as 0.95.
        method: how the ends were found, such as `influence function`.
    """

    lower: Number
    upper: Number
    level: float
    method: str


@dataclass(frozen=True, slots=True)
class Uncertainty:
    """Kinds of uncertainty, kept apart; None where a kind is absent.

    Attributes:
        sampling: standard error from finite counts (same shape as the value).
        confidence: the interval that goes with it, for estimates from samples.
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
    confidence: Confidence | None = None
