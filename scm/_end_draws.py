"""`BoundDraws`: the ends of a query under laws drawn from a posterior."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ._errors import InvalidQuery
from ._query import Query, print_query
from ._text import number_text

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class BoundDraws:
    """The ends of a query under laws drawn from a posterior, given samples.

    Two kinds of not knowing are kept apart. That the ends differ is a matter of identification: no number of units
    brings them together. That the draws of one end differ is a matter of sampling: more units bring them together.

    Attributes:
        query: what was asked.
        lower, upper: the ends under each draw, shape (draws that some model over the graph allows,).
        refuted: the share of draws that no model over the graph allows; they are left out, so that the prior is that
            of the laws which the graph allows.
        undefined: the share of draws in which the condition of the query has no probability.
        sharp: whether the ends are attained under every draw.
        prior: what was assumed before the samples were seen, in words.
    """

    query: Query
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    refuted: float
    undefined: float
    sharp: bool
    prior: str

    def __str__(self) -> str:
        return self.to_text()

    def ends(self) -> tuple[float, float]:
        """The means of the lower and of the upper end."""
        return float(self.lower.mean()), float(self.upper.mean())

    def credible(self, level: float = 0.95) -> tuple[float, float]:
        """An interval that holds both ends with this probability at least, half of the rest at each side.

        Raises:
            InvalidQuery: a level that is none.
        """
        import numpy as np  # a model without arrays does not need it

        if not 0 < level < 1:
            raise InvalidQuery(f"A level lies between 0 and 1, such as 0.95, got {level!r}.")
        rest = (1 - level) / 2
        return float(np.quantile(self.lower, rest)), float(np.quantile(self.upper, 1 - rest))

    def spread(self) -> tuple[float, float]:
        """The standard deviations of the lower and of the upper end."""
        return float(self.lower.std()), float(self.upper.std())

    def to_text(self, level: float = 0.95) -> str:
        """The ends, their spread and the prior in a few lines."""
        (low, high), (a, b), (first, last) = self.ends(), self.spread(), self.credible(level)
        lines = [
            f"{print_query(self.query)}: from {number_text(low)} to {number_text(high)} (means of the ends)",
            f"  not identified: the ends differ by {number_text(high - low)}, however many units are sampled",
            f"  sampling: the lower end has a posterior standard deviation of {number_text(a)}, the upper of "
            f"{number_text(b)}; with probability {level:.0%} at least, both lie between {number_text(first)} and "
            f"{number_text(last)}",
            f"  Bayesian, {len(self.lower):,} draws; prior: {self.prior}",
        ]
        if self.refuted:
            lines.append(f"  {self.refuted:.1%} of the draws are laws that no model over this graph has; left out")
        return "\n".join(lines)
