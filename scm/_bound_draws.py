"""`bound_draws`: how far the ends of bounds can be trusted that come from samples, by draws from a posterior."""

from __future__ import annotations

from collections.abc import Sequence

from ._end_draws import BoundDraws
from ._errors import InvalidQuery
from ._query import Query
from ._shapes import Shape
from ._study import Study

MOST_DRAWS = 1_000_000


def bound_draws(
    study: Study,
    query: str | Query,
    *,
    draws: int = 4000,
    prior: float = 1.0,
    assume: str | Shape | Sequence[str | Shape] = (),
    seed: int = 0,
) -> BoundDraws:
    """The ends of a query under laws that are drawn from their posterior, given the samples of a study.

    The laws of each sample are drawn factor by factor: the probabilities of a variable, in each stratum of what it
    depends on, have a Dirichlet prior, and so a Dirichlet posterior. Each draw is a law, and its ends are found for all
    draws together. This is uncertainty from sampling alone, and no interval for the query itself (Kitagawa 2012).

    Args:
        study: with at least one sample; laws and statements beside it are taken as they are.
        query: for one number.
        draws: how many.
        prior: how many units the prior is worth in each cell; 1 is the uniform distribution, 1/2 that of Jeffreys.
        assume: what is granted, as for `ask`.
        seed: of the random numbers.

    Raises:
        InvalidQuery: no samples, draws or a prior that cannot be, a query for a distribution; strata cannot be
            answered together; no draw is a law of the graph.
    """
    from ._draws_of_ends import drawn_ends  # a tenth of a second that a model does not need

    if isinstance(draws, bool) or not isinstance(draws, int) or not 1 <= draws <= MOST_DRAWS:  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidQuery(f"draws= is a whole number from 1 to {MOST_DRAWS:,}, got {draws!r}.")
    if isinstance(prior, bool) or not isinstance(prior, (int, float)) or not 0 < prior < 1e6:  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidQuery(f"prior= is a number of units above 0, got {prior!r}.")
    return drawn_ends(study, query, draws, float(prior), assume, seed)
