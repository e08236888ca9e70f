"""An interval in words: ends that are never said narrower than they are, and what closer ones would take."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from typing import Any, NamedTuple, cast

from scm import Answer, Contrast, Probability, Query, ScmError, Set, Var, parse_query, query_nodes

from ._problem import Problem, Reply
from ._rounding import ends_of
from ._state_words import named
from ._verdict import CLOSE, yes_or_no

_FINE = 12
"""The last digit that is said is at most such a part of the interval."""
_MOST_DECIMALS = 6


class Scale(NamedTuple):
    """How a quantity is counted in words, and between which ends it lies whatever is known."""

    factor: int
    sign: str
    unit: str
    floor: float
    ceiling: float


PERCENT = Scale(100, "%", "", 0.0, 1.0)
POINTS = Scale(100, "", " percentage points", -1.0, 1.0)
PLAIN = Scale(1, "", "", -math.inf, math.inf)


def scale_of(query: Query) -> Scale:
    """Percent for a probability, percentage points for a difference of two, else plain numbers."""
    match query:
        case Probability():
            return PERCENT
        case Contrast("-", Probability(), Probability()):
            return POINTS
        case _:
            return PLAIN


def lies(low: float, high: float, scale: Scale, marks: Iterable[float] = ()) -> str:
    """`lies between 39% and 78%`, `is at least 39%`, or that nothing is ruled out.

    Args:
        low: the lower end.
        high: the upper end, at least the lower one.
        scale: how they are counted.
        marks: numbers that an end must not seem to reach which it does not reach, such as what it is compared with.
    """
    floored, capped = low <= scale.floor + CLOSE, high >= scale.ceiling - CLOSE
    if floored and capped:
        if not math.isfinite(scale.floor):
            return "can be any number: what is given says nothing about it"
        first, last = (_said(x, 0, scale, ROUND_HALF_EVEN) for x in (scale.floor, scale.ceiling))
        return f"can be anything from {first} to {last}{scale.unit}: what is given says nothing about it"
    first, last = ends_said(low, high, scale, marks)
    if floored:
        return f"is at most {last}{scale.unit}"
    if capped:
        return f"is at least {first}{scale.unit}"
    if high - low <= CLOSE:
        return f"is {first}{scale.unit}"
    return f"lies between {first} and {last}{scale.unit}"


def ends_said(low: float, high: float, scale: Scale, marks: Iterable[float] = ()) -> tuple[str, str]:
    """The ends in as many digits as say something, the lower one rounded down and the upper one up."""
    kept = [mark for mark in (*marks, scale.floor, scale.ceiling, 0.0) if math.isfinite(mark)]
    decimals = _decimals(low, high, scale, kept)
    if high - low <= CLOSE:
        both = _said((low + high) / 2, _MOST_DECIMALS, scale, ROUND_HALF_EVEN)
        return both, both
    return _said(low, decimals, scale, ROUND_FLOOR), _said(high, decimals, scale, ROUND_CEILING)


def _decimals(low: float, high: float, scale: Scale, marks: Sequence[float]) -> int:
    """As few as tell the ends well enough apart, and neither end from a mark that it does not reach."""
    width = (min(high, scale.ceiling) - max(low, scale.floor)) * scale.factor
    fit = 0 if not 0 < width < math.inf else max(0, math.ceil(-math.log10(width / _FINE)))
    for decimals in range(min(fit, _MOST_DECIMALS), _MOST_DECIMALS):
        first, last = _number(low, decimals, scale, ROUND_FLOOR), _number(high, decimals, scale, ROUND_CEILING)
        reached = [m for m in marks if m + CLOSE < low and first <= m * scale.factor]
        reached += [m for m in marks if high < m - CLOSE and last >= m * scale.factor]
        if not reached:
            return decimals
    return _MOST_DECIMALS


def _number(value: float, decimals: int, scale: Scale, way: str) -> float:
    if not math.isfinite(value):
        return value
    exact = Decimal(value) * scale.factor
    unit = Decimal(1).scaleb(-decimals)
    nearest = exact.quantize(unit, ROUND_HALF_EVEN)
    # Arithmetic is no more exact than that: 0.78 may come as 0.78 + 1e-16, which is no reason to say 79%.
    near = abs(nearest - exact) <= Decimal(CLOSE) * scale.factor
    return float(nearest if near else exact.quantize(unit, way))


def _said(value: float, decimals: int, scale: Scale, way: str) -> str:
    number = _number(value, decimals, scale, way)
    text = f"{number:.{decimals}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return f"{'0' if text == '-0' else text}{scale.sign}"


# ---------------------------------------------------------------------------------------------------------------------
# Answers


def rules_nothing_out(answer: Answer) -> bool:
    """Whether bounds are the ends that the value has whatever is known."""
    ends, scale = ends_of(answer), scale_of(answer.query)
    return ends is not None and ends[0] <= scale.floor + CLOSE and ends[1] >= scale.ceiling - CLOSE


def answer_lies(answer: Answer, marks: Iterable[float] = ()) -> str:
    """Where the value of an answer lies, by its outer ends; that it is not determined where there are none."""
    ends = ends_of(answer)
    return "is not determined" if ends is None else lies(*ends, scale_of(answer.query), marks)


def cannot_say_more(problem: Problem | None, answer: Answer) -> str:
    """What closer bounds would take, as the end of a sentence; empty where nothing is known of that."""
    missing = further(answer)
    interval = answer.interval
    told = ""
    if missing:
        such_as = "" if len(missing) == 1 else "a further number, such as "
        told = f"; what is given cannot say more without {such_as}{_law_said(problem, missing[0])}"
    elif interval is not None and interval.sharp:
        told = _taken(answer)
    if interval is None or interval.sharp:
        return told
    inner = _inner(answer)
    beside = "" if inner is None else f" (all from {inner} is possible)"
    return f"{told}; closer bounds than these are not ruled out{beside}"


def _taken(answer: Answer) -> str:
    """What it would take where every number that is known was used and the ends are sharp."""
    imposed = dict.fromkeys(
        assignment.target
        for node in query_nodes(answer.query)
        if isinstance(node, Var)
        for assignment in node.world
        if isinstance(assignment, Set)
    )
    if not imposed or answer.rung == 1 or rules_nothing_out(answer):
        return ""
    if answer.rung == 2:
        return f"; what is given cannot say more, and an experiment that sets {' and '.join(imposed)} would settle it"
    return "; what is given cannot say more without a further number, or something granted about how units respond"


def further(answer: Answer) -> list[str]:
    """The numbers that would say more, the most telling first; not the answer itself."""
    found = cast("Sequence[Any]", answer.diagnostics.get("further") or answer.diagnostics.get("missing") or ())
    texts = [str(cast("Mapping[str, Any]", one).get("law", one) if isinstance(one, Mapping) else one) for one in found]
    itself = answer.text.replace(" ", "")
    return [text for text in texts if text.replace(" ", "") != itself]


def _law_said(problem: Problem | None, text: str) -> str:
    """A law in the words of the text, where it has some."""
    if problem is None:
        return text
    try:
        told = named(problem, parse_query(text, tuple(problem.all_states)))
    except (ScmError, KeyError):
        return text
    return text if told is None else told.rstrip(",")


def _inner(answer: Answer) -> str | None:
    """What is attained, rounded inwards; None where none is known or nothing of it is left."""
    found = answer.interval
    if found is None or not isinstance(found.lower, float) or not isinstance(found.upper, float):
        return None
    if not math.isfinite(found.lower) or not math.isfinite(found.upper):
        return None
    scale = scale_of(answer.query)
    decimals = _decimals(found.lower, found.upper, scale, ())
    low, high = _said(found.lower, decimals, scale, ROUND_CEILING), _said(found.upper, decimals, scale, ROUND_FLOOR)
    return f"{low} to {high}{scale.unit}" if found.lower < found.upper else None


def spread_said(answer: Answer, low: float, high: float) -> str:
    """Ends with rounding or chance in them, counted as the answer is."""
    scale = scale_of(answer.query)
    first, last = ends_said(low, high, scale)
    return f"between {first} and {last}{scale.unit}"


class Chance(NamedTuple):
    """Ends with the chance in the counts allowed for, and how sure they are."""

    lower: float
    upper: float
    level: float


def chance_ends(answer: Answer) -> Chance | None:
    """The confidence region of the whole interval; None where nothing was counted."""
    found = answer.uncertainty.confidence
    if found is None or not isinstance(found.lower, float) or not isinstance(found.upper, float):
        return None
    return Chance(found.lower, found.upper, found.level) if found.lower <= found.upper else None


def chance_decides(answer: Answer, form: Reply) -> bool:
    """Whether bounds on one side of what they are compared with are on both once chance is allowed for."""
    ends = chance_ends(answer)
    return ends is not None and yes_or_no(form, (ends.lower, ends.upper)) is None
