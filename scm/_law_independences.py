"""Independences that the graph implies and a known law does not have: looked at before anything is solved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ._answer import Answer, Told
from ._finding import Statuses, Step, Uncertainty
from ._graph_ops import latent_projection, mutilated
from ._separation import implied_independences
from ._study import KnownLaw, Study
from ._syntax import print_const, print_name
from ._text import number_text
from .bounds._sources import law_text

Array = NDArray[np.float64]
OFF = 1e-6
"""Probabilities nearer to a product than this are one: the machine rounds."""
PRINTED = 2e-3
"""Nearer than this, laws that were printed with few digits may be: a formula that identifies a query stands it."""
MOST_CELLS = 4_096
"""Larger laws are not looked at: they are checked, if at all, by what solves for the query."""


@dataclass(frozen=True)
class Dependence:
    """Two variables that the graph says are independent and a law says are not.

    Attributes:
        law: the position of the law among those of the study.
        reason: in words, with the numbers where they are furthest apart.
        by: how far apart these are.
    """

    law: int
    reason: str
    by: float


def dependence(study: Study, off: float = OFF) -> Dependence | None:
    """The first independence of the graph that a law of the study does not have; None where they have all.

    An imposed variable is taken to be drawn at random, each state as often: then what is measured is one joint law over
    the graph without arrows into it.
    """
    for k, law in enumerate(study.laws):
        cells = np.asarray(law.array, dtype=float)
        if law.strata or cells.size > MOST_CELLS:
            continue
        if (found := next((one for one in _found(study, k, law, cells) if one.by > off), None)) is not None:
            return found
    return None


def dependent(study: Study, base: Answer, off: float = OFF) -> Answer | None:
    """A contradiction where a law of the study does not have an independence that the graph implies.

    Args:
        study: what is known.
        base: the answer so far.
        off: how far from independent a probability may be.
    """
    found = dependence(study, off)
    if found is None:
        return None
    said = law_text(study.laws[found.law])
    step = Step("contradiction", f"{said} cannot be over this graph", found.reason)
    return replace(
        base, finding="contradiction", status=Statuses(("contradiction",)), account=Told((step,)), refusals=(),
        diagnostics={**base.diagnostics, "clash": [said], "statements": []}, seek=None, estimand=None, check=None,
        value=None, interval=None, uncertainty=Uncertainty(),
    )  # fmt: skip


def _found(study: Study, k: int, law: KnownLaw, cells: Array) -> Iterator[Dependence]:
    names = (*law.do, *law.variables)
    joint = cells / np.prod([len(study.states[name]) for name in law.do])
    graph = latent_projection(mutilated(study.graph, into=law.do), names)
    for one in implied_independences(graph):
        a, b, given = one.first, one.second, one.given
        if {a, b} <= set(law.do):
            continue
        order = [names.index(name) for name in (*given, a, b)]
        rest = tuple(i for i in range(len(names)) if i not in order)
        kept = [i for i in range(len(names)) if i in order]
        table: Array = joint.sum(axis=rest).transpose([kept.index(i) for i in order])
        yield from _apart(study, k, law, (a, b, given), table)


def _apart(
    study: Study, k: int, law: KnownLaw, about: tuple[str, str, tuple[str, ...]], table: Array
) -> Iterator[Dependence]:
    """Where a joint law, axes (given..., a, b), is no product within a stratum of what is given."""
    a, b, given = about
    strata = table.sum(axis=(-2, -1), keepdims=True)
    product = table.sum(axis=-1, keepdims=True) * table.sum(axis=-2, keepdims=True)
    product = np.divide(product, strata, out=np.zeros_like(table), where=strata > 0)
    worst = np.unravel_index(int(np.abs(table - product).argmax()), table.shape)
    by = float(abs(table[worst] - product[worst]))
    if by <= OFF:
        return
    *stratum, i, j = map(int, worst)
    at = [(a, i), (b, j), *zip(given, stratum, strict=True)]
    scale = float(strata[(*stratum, 0, 0)])
    row = table[tuple(stratum)]
    joint = float(row[i, j]) / scale
    one, two = float(row[i].sum()) / scale, float(row[:, j].sum()) / scale
    said = [f"{print_name(name)}={print_const(study.states[name][s])}" for name, s in at]
    behind = f" | {', '.join(said[2:])}" if given else ""
    world = f" where {', '.join(map(print_name, law.do))} is imposed" if law.do else ""
    beside = f" given {', '.join(map(print_name, given))}" if given else ""
    yield Dependence(
        k,
        f"the graph says that {print_name(a)} and {print_name(b)} are independent{beside}{world}, and in the law "
        f"P({said[0]}, {said[1]}{behind}) = {number_text(joint)}, where P({said[0]}{behind}) P({said[1]}{behind}) = "
        f"{number_text(one * two)}",
        by,
    )
