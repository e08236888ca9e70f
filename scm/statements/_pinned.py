"""Whether statements pin a number down at all, by whatever equations: a local test, by derivatives.

Near a random model of the graph, a number is a function of what is stated only if its slope is a combination of theirs
in every direction that the model can move. The rules that recipes are made of are linear; what they do not reach and
this test says is pinned down is refused, and not called unknowable.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np

from .._estimand import Estimand
from .._estimand_parts import cells_of, laws_of
from .._graph import CausalGraph
from .._query import Contrast, Distribution, Expectation, Number, Probability, Query
from .._statement import Correlation, Quantity, Statement
from .._study import KnownLaw
from .._syntax import Const, Op, Var, conjunction
from ..solvers import JointLaws, evaluate_estimand
from ._atoms import Array, Atoms
from ._recipes import combine
from ._reference import reference_law
from ._terms import Flat, Reading, flat

STEP = 1e-5
PINNED = 1e-5
"""How far, relative to its size, a slope may be from the slopes of the statements to be a combination of them."""
MOST_ENTRIES = 400
"""Most entries of the tables of a random model that are moved."""

Read = Callable[[Array], float]


def pinned(graph: CausalGraph, atoms: Atoms, statements: Sequence[Statement], asked: Query | Estimand) -> bool:
    """Whether the statements pin `asked` down near a random model; False where that cannot be told here."""
    reading = Reading(graph, atoms)
    quantities = [_reader(reading, s.quantity) for s in statements if s.relation == "="]
    known = [q for q in quantities if q is not None]
    wanted: Read | None = None
    if isinstance(asked, (Probability, Expectation, Contrast, Number, Distribution)):
        wanted = _reader(reading, asked)
    elif atoms.regimes == ((),) and _speaks_within(asked, atoms):
        wanted = _estimand_reader(atoms, asked)
    if wanted is None or len(known) < len(quantities):
        return False
    return all(_pinned_at(graph, atoms, [*known, wanted], seed) for seed in (11, 12))


def _speaks_within(estimand: Estimand, atoms: Atoms) -> bool:
    """Whether an estimand speaks of what is seen of these variables only."""
    laws = laws_of(estimand)
    return all(not law.source and {name for name, _ in cells_of(law)} <= atoms.place.keys() for law in laws)


def _pinned_at(graph: CausalGraph, atoms: Atoms, readers: Sequence[Read], seed: int) -> bool:
    slopes: list[list[float]] = []
    for entry in itertools.count():
        try:
            up, down = (reference_law(graph, atoms, seed, (entry, step)) for step in (STEP, -STEP))
        except IndexError:
            break
        if entry >= MOST_ENTRIES:
            return False
        slopes.append([(read(up) - read(down)) / (2 * STEP) for read in readers])
    table = np.array(slopes).T
    if not np.isfinite(table).all():
        return False
    _, sizes, directions = np.linalg.svd(table[:-1], full_matrices=False)
    kept = directions[sizes > 1e-6 * max(float(sizes.max(initial=0.0)), 1e-12)]
    rest = table[-1] - kept.T @ (kept @ table[-1])
    return bool(np.linalg.norm(rest) < PINNED * np.linalg.norm(table[-1]))


def _reader(reading: Reading, quantity: Query | Quantity) -> Read | None:
    """What a quantity is on a law; None for what lives in several worlds."""
    match quantity:
        case Correlation():
            return _correlation(reading, quantity)
        case Number(value):
            return lambda law: value
        case Contrast(op, left, right):
            one, two = _reader(reading, left), _reader(reading, right)
            if one is None or two is None:
                return None
            return lambda law: float(combine(op, np.array(one(law)), np.array(two(law))))
        case Probability() | Expectation():
            term = flat(reading.graph, quantity)
            return None if term is None or term.regime not in reading.atoms.regimes else _ratio(reading, term)
        case _:
            return None


def _ratio(reading: Reading, term: Flat) -> Read:
    part = reading.fraction(term)
    return lambda law: float(law @ part.above) / float(law @ part.below)


def _correlation(reading: Reading, quantity: Correlation) -> Read:
    states = reading.atoms.states
    events = [Op("=", (Var(name), Const(states[name][1]))) for name in (quantity.first, quantity.second)]
    both, one, two = (
        _ratio(reading, Flat(event, quantity.given, False, ())) for event in (conjunction(*events), *events)
    )

    def read(law: Array) -> float:
        p, q = one(law), two(law)
        return (both(law) - p * q) / float(np.sqrt(p * (1 - p) * q * (1 - q)))

    return read


def _estimand_reader(atoms: Atoms, estimand: Estimand) -> Read:
    def read(law: Array) -> float:
        joint = KnownLaw(atoms.variables, law.reshape(atoms.shape))
        return float(evaluate_estimand(estimand, JointLaws([joint]), atoms.states))

    return read
