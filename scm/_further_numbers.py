"""`further_numbers`: which further number would pin an answer down, best first."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ._further_number import FurtherNumber
from ._query import Query
from ._study import Study

if TYPE_CHECKING:
    from .bounds._granted import Grants


def further_numbers(
    study: Study,
    query: str | Query,
    assume: Grants = (),
    *,
    candidates: Iterable[str | Query] | None = None,
    seconds: float | None = None,
) -> tuple[FurtherNumber, ...]:
    """Which further number would narrow an answer that is not determined, the best first.

    Tried are probabilities that a person could learn: shares of a variable and of pairs of variables, results of
    experiments, shares of counterfactual types such as compliers. Every one is taken to be known exactly.

    Args:
        study: what is known; samples at face value.
        query: one number that is not determined.
        assume: what is granted, by name or as shapes.
        candidates: probabilities to try instead, as queries without conditions.
        seconds: how long bounds may take at each end, where several laws are unknown.

    Returns:
        Those that narrow the answer; none where it is determined already.

    Raises:
        InvalidQuery: not one number; a ratio of several; a candidate that is no plain probability.
        ScmError: what is known cannot hold together.
        TooLarge: the programme would be.
    """
    from ._further_asked import narrowing  # a tenth of a second that most questions do not need

    return narrowing(study, query, assume, candidates, seconds)
