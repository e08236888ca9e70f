"""A whole law that statements give number by number: what a programme can take in at once."""

from __future__ import annotations

import math
from collections.abc import Collection

import numpy as np

from .._query import Probability, query_nodes
from .._statement import Correlation, Statement
from .._study import KnownLaw, Study
from .._syntax import Const, Op, Var, conjunction
from ..statements import Statements, TooLarge, names_of
from ._programme import Array

MOST_CELLS = 256
"""Laws of more cells are not put together from statements."""
OFF = 1e-9
"""How far numbers may be off a law: rounding of the machine."""


def stated_law(study: Study, wanted: Collection[str]) -> KnownLaw | None:
    """The law of as many variables as the statements give one, at face value; None where they give none.

    Args:
        study: with statements.
        wanted: variables that matter.

    Returns:
        A law of variables that holds all their observed causes.
    """
    spoken = {name for given in study.statements for name in names_of(given.quantity)}
    names = [name for name in study.graph.order if name in spoken | set(wanted) and name in study.graph.observed]
    knowledge = Statements(study.graph, study.states, study.statements, None)
    for size in range(len(names), 0, -1):
        chosen = tuple(names[:size])
        if not _closed(study, chosen) or math.prod(len(study.states[name]) for name in chosen) > MOST_CELLS:
            continue
        if _freedom(study, chosen) > len(study.statements):  # each gives one number
            continue
        array = _cells(study, knowledge, chosen)
        if array is not None:
            return KnownLaw(chosen, array)
    return None


def is_about(given: Statement, law: KnownLaw) -> bool:
    """Whether a statement is one about a law: about its variables, as they are seen."""
    if isinstance(given.quantity, Correlation):
        return {given.quantity.first, given.quantity.second} <= set(law.variables) and given.relation == "="
    worlds = any(isinstance(node, Var) and node.world for node in query_nodes(given.quantity))
    return not worlds and names_of(given.quantity) <= set(law.variables) and given.relation == "="


def _closed(study: Study, names: Collection[str]) -> bool:
    """Whether every observed cause of the variables is among them."""
    return all(cause in names or cause in study.graph.hidden for name in names for cause in study.graph.ancestors[name])


def _freedom(study: Study, names: Collection[str]) -> int:
    """How many numbers a law of the variables takes at least: a table of each given its causes."""
    sizes = {name: len(study.states[name]) for name in names}
    tables = ((sizes[name] - 1, (sizes[c] for c in study.graph.parents[name] if c in sizes)) for name in names)
    return sum(own * math.prod(causes) for own, causes in tables)


def _cells(study: Study, knowledge: Statements, names: tuple[str, ...]) -> Array | None:
    """The probability of each cell; None where one is not determined, or they are no law."""
    out = np.empty(tuple(len(study.states[name]) for name in names))
    for codes in np.ndindex(*out.shape):
        at = zip(names, map(int, codes), strict=True)
        event = conjunction(*(Op("=", (Var(name), Const(study.states[name][code]))) for name, code in at))
        try:
            found = knowledge.answer(Probability(event), pins=False)
        except TooLarge:
            return None
        if found.clash or found.read is None or not -OFF <= found.read.value <= 1 + OFF:
            return None
        out[codes] = found.read.value
    out = np.clip(out, 0.0, 1.0)
    return out / out.sum() if abs(out.sum() - 1) < OFF else None
