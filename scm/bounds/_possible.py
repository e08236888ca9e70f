"""Laws that attain an end, moved a little where they make the condition of a statement impossible.

`P(Y=1 | X=1) = 0.6` alone leaves P(Y[X=1]=1) anywhere above 0 and below 1: the rows of the programme, multiplied by
P(X=1), are met by laws without X=1, at which the statement is undefined. Such an end is approached and not attained; a
mixture with a law under which the condition is possible meets the rows too, and comes as near to the end as one likes.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ._effort import Effort
from ._programme import Array, Clash, End, Limit, Programme, Ratio, TooLarge
from ._solve import solve

SHARE = 1e-7
"""Of the law that makes conditions possible in the mixture: the end is missed by no more than its range times this."""
NEAR = 1e-6
"""A condition that is less likely than this in the model of an end is there to be possible."""
_IMPOSSIBLE = 1e-12
DECIDES = 1e-6
"""Most that rounding may move a number that is said to be attained."""


def told_from_rounding(programme: Programme, end: End) -> End:
    """An end; not an attained one where its condition is so faint that what its laws miss of what is known decides it.

    Limits are met up to rounding, and so are the signs of probabilities. A ratio divides what is missed by what its
    condition has: where that is as small, the laws may give any number, and only what duality proves is said.
    """
    if end.laws is None:
        return end
    values = programme.forms_at(end.laws)
    faintest = min((ratio.below.at(values) for ratio in programme.query if ratio.below is not None), default=1.0)
    signs = max((-float(law.min(initial=0.0)) for law in end.laws), default=0.0)
    if max(signs, programme.broken(end.laws)) <= DECIDES * faintest:
        return end
    return End(end.outer, np.nan)


def approached(programme: Programme, laws: tuple[Array, ...]) -> tuple[Limit, ...]:
    """The conditions of statements that are hardly possible under the laws that attain an end."""
    if not programme.presumed:
        return ()
    values = programme.forms_at(laws)
    return tuple(limit for limit in programme.presumed if limit.polynomial.at(values) < NEAR)


def possible_too(programme: Programme, end: End, effort: Effort) -> End:
    """An end whose laws leave what statements condition on possible; as it was where several laws are unknown.

    The number at the end stays as it is: it is the limit.
    """
    if end.laws is None or len(programme.blocks) != 1 or programme.blocks[0].apart is not None:
        return end
    values = programme.forms_at(end.laws)
    none = [limit for limit in programme.presumed if limit.polynomial.at(values) < _IMPOSSIBLE]
    found = [law for limit in none if (law := _with(programme, limit, effort)) is not None]
    if not found:
        return end
    mixed = (1 - SHARE) * end.laws[0] + SHARE * np.mean(found, axis=0)
    before = programme.at(end.laws)
    # A ratio whose own condition is as faint would be moved far; with NaN before, anything is better.
    return end if abs(programme.at((mixed,)) - before) > NEAR * (1 + abs(before)) else replace(end, laws=(mixed,))


def _with(programme: Programme, limit: Limit, effort: Effort) -> Array | None:
    """The law that makes a condition as likely as it can be."""
    asked = replace(programme, query=(Ratio(1.0, limit.polynomial),), floor=0.0, ceiling=1.0)
    try:
        found = solve(asked, effort)
    except TooLarge:
        return None
    if isinstance(found, Clash) or found.upper.laws is None or not found.upper.inner > _IMPOSSIBLE:
        return None
    return found.upper.laws[0]
