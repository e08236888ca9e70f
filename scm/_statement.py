"""Statements: what a text, a report or an expert says about probabilities, one sentence each. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from ._query import Contrast, Expectation, Probability
from ._syntax import Expr


@dataclass(frozen=True, slots=True)
class Correlation:
    """The correlation coefficient of two variables with two states each (phi), perhaps among those with `given`."""

    first: str
    second: str
    given: Expr | None = None


Quantity: TypeAlias = Probability | Expectation | Contrast | Correlation
"""What a statement is about, on any rung: `P(Y=1 | X=0)`, `P(Y=1 | do(X=1))`, a ratio, a difference, a correlation."""


@dataclass(frozen=True, slots=True)
class Statement:
    """`quantity relation value`, for example `P(Y=1 | X=0) = 26%`.

    Attributes:
        quantity: what it is about.
        value: at face value, 0.26.
        low, high: what rounding to the printed digits leaves open, [0.255, 0.265]; `value` itself for an exact number.
        relation: "=", or a comparison ("more likely than not": `P(Y=1) > 0.5`).
        total: for a share that was counted (81 of 87), the units it is a share of; None for a law.
        words: how the text puts it.
    """

    quantity: Quantity
    value: float
    low: float
    high: float
    relation: Literal["=", "<", "<=", ">", ">="] = "="
    total: int | None = None
    words: str = ""
