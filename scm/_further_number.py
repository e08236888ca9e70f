"""`FurtherNumber`: a number that is not known, and what it would do to an answer."""

from __future__ import annotations

from dataclasses import dataclass

from ._query import Probability, print_query
from ._text import number_text


@dataclass(frozen=True)
class FurtherNumber:
    """A probability that is not known, and how narrow the answer would be if it were.

    Attributes:
        number: the probability.
        lower, upper: between which ends it lies, by what is known.
        width: of the interval of the answer now.
        expected: the width with this number known, on average over its possible values, all as likely.
        widest: the greatest width with this number known.
    """

    number: Probability
    lower: float
    upper: float
    width: float
    expected: float
    widest: float

    def __str__(self) -> str:
        """One line."""
        now, mean, most = (number_text(x) for x in (self.width, self.expected, self.widest))
        said = f"the answer's interval would be {mean} wide on average, {most} at most; now {now}"
        return f"{print_query(self.number)}: {said}"
