"""`solve`: between which ends a query lies. What does not matter is left out, the rest goes where it is solved best.

One block left is a linear programme, whose ends are exact; several are a multilinear one. Blocks that the query does
not depend on are solved too: what is known of them may clash, and the model that attains an end needs their laws.
"""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from ._asked import ZeroCondition
from ._effort import Effort
from ._one import solve_one
from ._polynomials import constant_of, number, reads
from ._programme import Array, Clash, End, Ends, Programme, Ratio
from ._reduce import Reduced, broken_constants, linked, merged, part_of, reduced, some_law
from ._several import solve_several

_ROUNDING = 1e-9


def solve(programme: Programme, effort: Effort | None = None) -> Ends | Clash:
    """Between which ends the query lies, over all laws that meet the limits.

    Raises:
        ZeroCondition: a condition of the query is impossible.
        TooLarge: several blocks, and their products are more than the effort allows.
    """
    effort = (Effort() if effort is None else effort).shared()
    if len(programme.blocks) == 1 and programme.blocks[0].apart is None:
        return solve_one(programme)
    found = _solved(programme, replace(effort, measure=False))
    return _smallest(programme, found, effort) if isinstance(found, Clash) else found


def _solved(programme: Programme, effort: Effort) -> Ends | Clash:
    begun = time.monotonic()
    less = reduced(programme)
    if (broken := broken_constants(less.programme, _ROUNDING)) is not None:
        return Clash(*broken)
    asked, *others = linked(less.programme)
    found = _asked(less.programme, asked, effort)
    if isinstance(found, Clash):
        return found
    laws: dict[int, Array] = {}
    for part in others:
        if not any(_is_known(less.programme, b) for b in part):
            continue
        some = _part(_without_query(less.programme), part, effort)
        if isinstance(some, Clash):
            return some
        laws |= _laws_of(some.lower, part)
    lower, upper = (_whole(programme, less, end, asked, laws) for end in (found.lower, found.upper))
    return replace(found, lower=lower, upper=upper, spent=found.spent | {"seconds": time.monotonic() - begun})


def _without_query(programme: Programme) -> Programme:
    return replace(programme, query=(), floor=-np.inf, ceiling=np.inf)


def _smallest(programme: Programme, clash: Clash, effort: Effort) -> Clash:
    """A smallest clashing set of sources: each is left out in turn, and stays out where the others still clash.

    What clashes last may have got its numbers from other limits, so the search is among all of them.
    """
    quick = replace(effort, branches=min(effort.branches, 200), starts=0, meter=None, work=1.0, measure=False)
    kept = {limit.source for limit in programme.limits}
    for source in sorted(kept):
        limits = tuple(limit for limit in programme.limits if limit.source in kept - {source})
        found = _solved(_without_query(replace(programme, limits=limits)), quick)
        if isinstance(found, Clash):
            kept, clash = kept - {source}, found
    limits = tuple(limit for limit in programme.limits if limit.source in kept)
    found = _solved(_without_query(replace(programme, limits=limits)), replace(quick, measure=True))
    clash = found if isinstance(found, Clash) else clash
    return Clash(tuple(sorted(kept)), clash.by, clash.reason)


def _asked(programme: Programme, blocks: tuple[int, ...], effort: Effort) -> Ends | Clash:
    """The ends of the query, over the blocks that it depends on."""
    if blocks:
        return _part(programme, blocks, effort)
    total = 0.0
    for ratio in programme.query:
        below = 1.0 if ratio.below is None else constant_of(ratio.below)
        if below <= 0:
            raise ZeroCondition
        total += ratio.weight * constant_of(ratio.above) / below
    end = End(total, total, ())
    return Ends(end, end, sharp=True)


def _part(programme: Programme, blocks: tuple[int, ...], effort: Effort) -> Ends | Clash:
    """The ends over some of the blocks; the query is 0 where they are not asked for."""
    query = programme.query or (Ratio(1.0, number(0.0, len(programme.blocks))),)
    part = part_of(programme, blocks, query)
    if len(blocks) == 1 and part.blocks[0].apart is None:
        return solve_one(part)
    fewer, columns = merged(part)
    found = solve_several(fewer, effort)
    if isinstance(found, Clash):
        return found
    sizes = [block.columns for block in part.blocks]
    less = Reduced(fewer, columns)
    back = [
        replace(end, laws=end.laws and tuple(less.original(b, law, sizes[b]) for b, law in enumerate(end.laws)))
        for end in (found.lower, found.upper)
    ]
    return replace(found, lower=back[0], upper=back[1])


def _laws_of(end: End, blocks: tuple[int, ...]) -> dict[int, Array]:
    return {} if end.laws is None else dict(zip(blocks, end.laws, strict=True))


def _whole(programme: Programme, less: Reduced, end: End, asked: tuple[int, ...], others: dict[int, Array]) -> End:
    """An end with a law for each block of the original programme."""
    laws = others | _laws_of(end, asked)
    if end.laws is None or any(b not in laws and _is_known(programme, b) for b in range(len(programme.blocks))):
        return replace(end, laws=None, duals=None)
    full = tuple(
        less.original(b, laws.get(b, some_law(less.programme.blocks[b])), block.columns)
        for b, block in enumerate(programme.blocks)
    )
    return replace(end, laws=full, duals=None)


def _is_known(programme: Programme, b: int) -> bool:
    return any(b in reads(limit.polynomial) for limit in programme.limits)
