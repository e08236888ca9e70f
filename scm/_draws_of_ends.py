"""Laws drawn from a posterior, and the ends of a query under each of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._ask_study import ask_study
from ._end_draws import BoundDraws
from ._errors import InvalidQuery
from ._finding import Number
from ._query import Distribution, Query, query_nodes, query_terms
from ._resolve import read_query
from ._study import KnownLaw, Sample, Study
from ._syntax import Var
from ._text import number_text
from .bounds._granted import Grants
from .bounds._regions import Counted, counted, reach

Array = NDArray[np.float64]


def drawn_ends(study: Study, query: str | Query, draws: int, prior: float, assume: Grants, seed: int) -> BoundDraws:
    """See `bound_draws`."""
    asked = read_query(query, study.states)
    if any(isinstance(term, Distribution) for term in query_terms(asked)):
        raise InvalidQuery("Ends are of one number. Ask for the probability of each state by itself.")
    if not study.samples:
        raise InvalidQuery("The study has no samples to learn laws from. Of known laws and statements, use ask().")
    spoken = {n.name for n in query_nodes(asked) if isinstance(n, Var)}
    spoken |= {a.target for n in query_nodes(asked) if isinstance(n, Var) for a in n.world}
    random = np.random.default_rng(seed)
    laws = [_drawn(study, sample, reach(study.graph, spoken), draws, prior, random) for sample in study.samples]
    rest = [item for item in study.sources if not isinstance(item, Sample)]
    found = ask_study(Study(study.graph, *laws, *rest, states=study.states), asked, assume)
    if found.finding in ("refused", "not_identified") or found.refusals:
        reasons = "; ".join(reason for _, reason in found.refusals)
        raise InvalidQuery(f"The ends of the draws were not found: {reasons or found.finding}.")
    between, status = found.interval, found.status
    ends = (found.value, found.value) if between is None else (between.outer_lower, between.outer_upper)
    ok = status.ok
    if not ok.any():
        raise InvalidQuery(
            "No draw is a law that a model over this graph can have. The samples contradict the graph; ask() says how."
        )
    lower, upper = (_array(end)[ok] for end in ends)
    words = status.words
    return BoundDraws(
        asked,
        lower,
        upper,
        float((words == "contradiction").mean()),
        float((words == "undefined").mean()),
        between is None or between.sharp,
        f"Dirichlet, worth {number_text(prior)} unit{'' if prior == 1 else 's'} in each cell of each factor of the law",
    )


def _array(number: Number | None) -> Array:
    out = np.array(number, dtype=float)
    out.flags.writeable = False
    return out


def _drawn(
    study: Study, sample: Sample, names: tuple[str, ...], draws: int, prior: float, random: np.random.Generator
) -> KnownLaw:
    """A law for each draw from the posterior of a sample."""
    own = counted(sample, study.graph, study.states, names)
    return KnownLaw(own.variables, _law(own, draws, prior, random), own.do, own.name, strata=True)


def _law(own: Counted, draws: int, prior: float, random: np.random.Generator) -> Array:
    """The product of its factors; of a sample without the causes of its columns, its cells."""
    axes = (*own.do, *own.variables)
    shares = [share for share in own.shares if len(share.of) == 1]
    if len(shares) < len(own.variables):
        shares = [share for share in own.shares if len(share.of) > 1]
    law = np.ones([draws] + [1] * len(axes))
    for share in shares:
        names = (*share.given, *share.of)
        table = _dirichlet(share.strata + prior, draws, random).reshape(draws, *share.counts.shape)
        order = [names.index(name) for name in axes if name in names]
        turned = np.transpose(table, [0, *(i + 1 for i in order)])
        sizes = iter(turned.shape[1:])
        law = law * turned.reshape([draws] + [next(sizes) if name in names else 1 for name in axes])
    return np.ascontiguousarray(np.broadcast_to(law, (draws, *own.counts.shape)))


def _dirichlet(counts: Array, draws: int, random: np.random.Generator) -> Array:
    """Draws for each row of counts, shape (draws, rows, cells)."""
    made = random.standard_gamma(counts, size=(draws, *counts.shape))
    made = np.maximum(made, np.finfo(float).tiny)  # a small prior may give zeros only
    return made / made.sum(axis=-1, keepdims=True)
