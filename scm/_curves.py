"""`sensitivity_curve`: how far an answer holds as less and less is granted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from ._answer import Answer
from ._errors import InvalidQuery
from ._finding import Interval
from ._query import Query, print_query
from ._render import plain
from ._shapes import Shape
from ._study import Study
from ._text import number_text, outward_text

Array = NDArray[np.float64]
Family = Callable[[float], Shape]
"""What is granted at each strength, such as `lambda odds: marginal_sensitivity("X", "Y", odds)`."""
MOST_STEPS = 40
"""Most answers that are asked to find one tipping point."""
ROUNDED = 1e-12
"""Ends nearer to zero than this are printed as zero."""
NESTED = 1e-6
"""By how much an interval may be narrower than one before it: more, and less is granted at the smaller strength."""


@dataclass(frozen=True, eq=False)
class SensitivityCurve:
    """What `sensitivity_curve` returns.

    Attributes:
        query: what was asked.
        claim: what is granted at the last strength, in words.
        strengths: shape (n,), rising.
        lower, upper: inner ends at each strength, shape (n,): attained by a model; NaN where none was found or what is
            known refutes what is granted.
        outer_lower, outer_upper: no model goes beyond; same shape.
        confidence_lower, confidence_upper: from samples, the confidence interval of what the ends enclose; else NaN.
        refuted: shape (n,), whether what is known refutes what is granted.
        reference: the value that the answer is compared with; 0 is no effect.
        tipping: the strength from which on the reference is no longer ruled out; None where it is ruled out throughout.
        confidence_tipping: the same of the confidence interval; None where there is none.
        answers: the whole answer at each strength.
        measure: what the strengths are numbers of, in words.
    """

    query: Query
    claim: str
    strengths: Array
    lower: Array
    upper: Array
    outer_lower: Array
    outer_upper: Array
    confidence_lower: Array
    confidence_upper: Array
    refuted: NDArray[np.bool_]
    reference: float
    tipping: float | None
    confidence_tipping: float | None
    answers: tuple[Answer, ...]
    measure: str = "strength"

    def to_columns(self) -> dict[str, list[float]]:
        """One line for each strength: {column: values}, for a data frame."""
        names = ("lower", "upper", "outer_lower", "outer_upper", "confidence_lower", "confidence_upper")
        columns = {name: cast(Array, getattr(self, name)).tolist() for name in names}
        return {"strength": self.strengths.tolist(), **columns, "refuted": self.refuted.tolist()}

    def to_text(self) -> str:
        """The query, the ends at each strength, and from where on the reference is not ruled out."""
        lines = [f"{print_query(self.query)}, granted at most: {self.claim}"]
        for k, strength in enumerate(self.strengths.tolist()):
            if self.refuted[k]:
                ends = "refuted by what is known"
            elif np.isnan(self.outer_lower[k]):
                ends = f"no number ({self.answers[k].finding})"
            else:
                ends = " to ".join(outward_text(*(_plain(float(x[k])) for x in (self.outer_lower, self.outer_upper))))
            lines.append(f"  {number_text(strength)}: {ends}")
        lines.append(f"  {self._tips(self.tipping, 'ruled out at every strength')}")
        if not np.isnan(self.confidence_lower).all():
            told = self._tips(self.confidence_tipping, "ruled out at every strength even so")
            lines.append(f"  with sampling error, {told}")
        return "\n".join(lines)

    def _tips(self, tipping: float | None, never: str) -> str:
        """From where on the reference is possible."""
        value = number_text(self.reference)
        if tipping is None:
            return f"{value} is {never}"
        at_all = bool(tipping <= self.strengths[0])
        return (
            f"{value} is not ruled out at any of these strengths"
            if at_all
            else (f"{value} is no longer ruled out from {number_text(tipping)} on")
        )

    def __str__(self) -> str:
        return self.to_text()

    def to_json(self) -> dict[str, Any]:
        """The curve as JSON data (no NaN: what is not there is null)."""
        columns = {name: plain(np.asarray(values)) for name, values in self.to_columns().items()}
        return {
            "query": print_query(self.query),
            "claim": self.claim,
            **columns,
            "reference": self.reference,
            "tipping": self.tipping,
            "confidence_tipping": self.confidence_tipping,
        }


def sensitivity_curve(
    study: Study,
    query: str | Query,
    family: Family,
    *,
    over: Sequence[float],
    reference: float = 0.0,
    assume: str | Shape | Sequence[str | Shape] = (),
    tolerance: float = 1e-4,
) -> SensitivityCurve:
    """The ends of a query as less and less is granted: as a hidden confounder grows, or a shape fails in more units.

    Args:
        study: what is known.
        query: with one number for an answer.
        family: what is granted at each strength; a larger strength grants less. For example
            `lambda d: additive_confounding("X", "Y", d)` or `lambda s: no_prevention("X", "Y", violated=s)`.
        over: the strengths, rising.
        reference: the value of interest, 0 for no effect; the tipping point is where it is no longer ruled out.
        assume: what is granted besides, at every strength; see `ask`.
        tolerance: how exactly the tipping point is found.

    Raises:
        InvalidQuery: strengths that are none or do not rise; a family that makes no shapes, or grants more as they
            rise; what is asked is no number.
        QuerySyntaxError, UnknownName, UnknownState: as `ask`.
    """
    strengths = _checked(study, over, reference, tolerance)
    if not callable(cast(object, family)):
        raise InvalidQuery(
            f"family= says what is granted at each strength, such as lambda d: additive_confounding('X', 'Y', d), got "
            f"{f'one shape, {family.name}' if isinstance(family, Shape) else repr(family)[:60]}."
        )
    work = _Work(study, query, family, (assume,) if isinstance(assume, (str, Shape)) else tuple(assume))
    answers = [work.at(float(strength)) for strength in strengths]
    ends = np.array([_ends(answer) for answer in answers])
    _check_nested(strengths, ends)
    confidence = np.array([_confidence(answer) for answer in answers])
    tips = [
        _tipping(strengths, table, reference, tolerance, lambda x, read=read: read(work.at(x)))
        for table, read in ((ends[:, 2:], _outer), (confidence, _confidence))
    ]
    asked = answers[0].query
    for array in (ends, confidence):
        array.flags.writeable = False
    return SensitivityCurve(
        asked,
        family(float(strengths[-1])).claim,
        strengths,
        *ends.T,
        *confidence.T,
        refuted=np.array([answer.finding == "contradiction" for answer in answers]),
        reference=float(reference),
        tipping=tips[0],
        confidence_tipping=None if np.isnan(confidence).all() else tips[1],
        answers=tuple(answers),
        measure=family(float(strengths[-1])).strength,
    )


@dataclass(frozen=True)
class _Work:
    study: Study
    query: str | Query
    family: Family
    assume: tuple[str | Shape, ...]

    def at(self, strength: float) -> Answer:
        """The answer at one strength.

        Raises:
            InvalidQuery: the family makes no shape of it; the answer is no single number.
        """
        shape = cast(object, self.family(strength))
        if not isinstance(shape, Shape):
            raise InvalidQuery(
                f"The family gave {type(shape).__name__} at {strength:g}; a shape is wanted, such as "
                "additive_confounding('X', 'Y', strength)."
            )
        from ._ask_study import ask_study  # a tenth of a second that most questions do not need

        found = ask_study(self.study, self.query, (*self.assume, shape))
        if found.states:
            raise InvalidQuery("A sensitivity curve is of one number; ask for the probability of one state.")
        return found


def _checked(study: object, over: Sequence[float], reference: float, tolerance: float) -> Array:
    if not isinstance(study, Study):
        raise InvalidQuery(
            f"A sensitivity curve is of a Study, got {type(study).__name__}; for a model see sensitivity()."
        )
    if study.strata is not None:
        raise InvalidQuery(
            "A sensitivity curve is of one population. Give the law of one stratum, without strata=True."
        )
    try:
        found = np.array(over, dtype=float)
    except (TypeError, ValueError):
        found = np.zeros(0)
    if found.ndim != 1 or not found.size or not np.isfinite(found).all() or (np.diff(found) <= 0).any():
        raise InvalidQuery(f"over= takes strengths that rise, such as (0, 0.1, 0.2), got {over!r:.60}.")
    if not np.isfinite(reference) or not tolerance > 0:
        raise InvalidQuery(f"reference= is a number and tolerance= one above zero, got {reference!r}, {tolerance!r}.")
    found.flags.writeable = False
    return found


def _ends(answer: Answer) -> tuple[float, float, float, float]:
    """Inner and outer ends of an answer; of a number, four times that."""
    interval: Interval | None = answer.interval
    if interval is not None:
        ends = (interval.lower, interval.upper, interval.outer_lower, interval.outer_upper)
        return cast("tuple[float, float, float, float]", tuple(float(end) for end in ends))
    value = float(np.nan if answer.value is None else answer.value)
    return value, value, value, value


def _plain(end: float) -> float:
    """An end without the rounding about zero, of strengths and shares that are given in a few digits."""
    return 0.0 if abs(end) < ROUNDED else end


def _outer(answer: Answer) -> tuple[float, float]:
    return _ends(answer)[2:]


def _confidence(answer: Answer) -> tuple[float, float]:
    found = answer.uncertainty.confidence
    return (np.nan, np.nan) if found is None else (float(found.lower), float(found.upper))


def _check_nested(strengths: Array, ends: Array) -> None:
    """That the intervals grow with the strength: inner ends within the outer ones of all later strengths."""
    for k in range(len(ends) - 1):
        inner, later = ends[k, :2], ends[k + 1, 2:]
        if inner[0] < later[0] - NESTED or inner[1] > later[1] + NESTED:
            raise InvalidQuery(
                f"The family grants more at {strengths[k + 1]:g} than at {strengths[k]:g}: the ends became narrower. A "
                "larger strength has to grant less."
            )


def _tipping(
    strengths: Array, ends: Array, reference: float, tolerance: float, at: Callable[[float], tuple[float, float]]
) -> float | None:
    """The least strength at which the reference lies between the ends, by bisection; None where there is none."""
    inside = [low <= reference <= high for low, high in ends.tolist()]
    if not any(inside):
        return None
    k = inside.index(True)
    above = float(strengths[k])
    if k == 0:
        return above
    below = float(strengths[k - 1])
    for _ in range(MOST_STEPS):
        if above - below <= tolerance:
            break
        middle = (below + above) / 2
        low, high = at(middle)
        below, above = (below, middle) if low <= reference <= high else (middle, above)
    return above
