"""Grants that an answer made no use of: they are said to be left, never swallowed."""

from __future__ import annotations

from dataclasses import replace

from ._answer import Answer, Noted
from ._finding import Step
from ._query import Query
from ._study import Study
from .bounds._granted import BY_NAME, Grants, granted

NO_USE = (
    "it makes the average effect of a cause with two states a ratio, where an instrument for it is seen and the laws "
    "of the cause and of the effect given the instrument are known; the ends hold without it"
)
"""Why `homogeneity`, which is no shape, was not used."""


def with_grants(study: Study, query: Query, grants: Grants, found: Answer) -> Answer:
    """An answer that says also which grants it did not use, and why."""
    if found.finding in ("contradiction", "undefined"):
        return found
    given = granted(study.graph, study.states, query, grants, shapes=False)
    settled = found.finding in ("exact", "estimate")
    used = " ".join(one.text for one in found.assumptions)
    # Bounds take every shape, and so `no_defiers`; without them a shape was not needed, or the refusal says why.
    left = [name for name in given.names if name.replace("_", " ") not in used]
    names = [name for name in left if settled or name not in BY_NAME]
    shapes = [shape.claim for shape in given.shapes if settled and shape.claim not in used]
    claim, reason = ("is not needed", "the query is determined without it") if settled else ("is not used", NO_USE)
    steps = tuple(Step("grant", f"what was granted {claim}: {said}", reason) for said in (*names, *shapes))
    return replace(found, account=Noted(found.account, steps)) if steps else found
