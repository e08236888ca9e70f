"""The oracle of bounds against published closed forms and against random members of the same family of laws."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
import pytest

from tests import bounds_closed as closed
from tests.bounds_cases import ASKED_CASES, ATE, CASES, PN, PNS, Case, Tables
from tests.bounds_oracle import (
    Graph,
    Source,
    Types,
    all_of,
    equal,
    exact_ends,
    impossible,
    law_source,
    setting,
    value,
)
from tests.rational_lp import Polytope, Unbounded


def rational_laws(graph: Graph, rng: random.Random) -> list[list[Fraction]]:
    """A random law of the types of each component; every law of all variables is positive."""
    laws: list[list[Fraction]] = []
    for size in graph.sizes:
        raw = [rng.choice((1, 1, 1, 2, 5, 30)) for _ in range(size)]
        laws.append([Fraction(x, sum(raw)) for x in raw])
    return laws


def known(types: Types, laws: list[list[Fraction]], case: Case) -> list[Source]:
    names = types.graph.names
    law, experiment = law_source(types, laws, names), law_source(types, laws, ("Y",), ("X",))
    return [{"law": law, "experiment": experiment}[kind] for kind in case.knows]


def tables_of(types: Types, laws: list[list[Fraction]]) -> Tables:
    """The same, as one table for the closed forms."""
    names = types.graph.names
    law = law_source(types, laws, names).table.astype(float)[None]
    experiment = law_source(types, laws, ("Y",), ("X",)).table.astype(float)[None]
    kernel = law / law.sum(tuple(range(2, law.ndim)), keepdims=True)
    return Tables(types.graph, law, experiment, kernel)


def granted(types: Types, laws: list[list[Fraction]], case: Case) -> list[Source]:
    """That nobody is prevented, or defies; the laws lose those who are."""
    if case.grant is None:
        return []
    _, cause, effect = case.grant
    event = all_of([equal(effect, 1 - x, setting({cause: x})) for x in (0, 1)])
    lost = types.holds(event).ravel()
    place = next(c for c, law in enumerate(laws) if len(law) == len(lost))
    kept = [Fraction(0) if bad else p for p, bad in zip(laws[place], lost, strict=True)]
    laws[place] = [p / sum(kept) for p in kept]
    return [impossible(event)]


@pytest.mark.parametrize("case", [*CASES, *ASKED_CASES], ids=lambda case: case.name)
def test_closed_forms_are_the_ends_of_exact_programmes(case: Case):
    graph = case.tables(1, 0).graph
    types, rng = Types(graph), random.Random(case.name)
    for _ in range(12):
        laws = rational_laws(graph, rng)
        shapes = granted(types, laws, case)
        ends = exact_ends(types, [*known(types, laws, case), *shapes], case.query, laws)
        assert ends is not None
        low, high = case.ends(tables_of(types, laws))
        assert [float(x) for x in ends] == pytest.approx([low[0], high[0]], abs=1e-12)
        truth = value(types, laws, case.query)
        assert truth is not None
        assert ends[0] <= truth <= ends[1]


def test_random_tables_are_laws():
    for case in CASES:
        tables = case.tables(7, 3)
        assert tables.law.reshape(7, -1).sum(1) == pytest.approx(1)
        assert tables.experiment.sum(-1) == pytest.approx(1)
        low, high = case.ends(tables)
        assert (low <= high + 1e-9).all()


def test_the_lipid_trial():
    """Balke & Pearl (1997); Causality, 8.2.5: the effect lies in [.392, .780]."""
    kernel = np.array([[[0.919, 0.081], [0, 0]], [[0.315, 0.073], [0.139, 0.473]]])
    low, high = closed.balke_pearl_effect(kernel)
    assert (low, high) == (pytest.approx(0.392, abs=1e-12), pytest.approx(0.780, abs=1e-12))
    assert closed.instrumental(kernel) <= 0


def test_the_legal_drug():
    """Causality, table 9.2: PN is 1, PNS in [.002, .016], PS in [.002, .031]."""
    p, q = np.array([[0.486, 0.014], [0.499, 0.001]]), np.array([0.014, 0.016])
    assert closed.pn(p, q) == (pytest.approx(1), pytest.approx(1))
    assert closed.pns(p, q) == (pytest.approx(0.002), pytest.approx(0.016))
    assert closed.ps(p, q) == (pytest.approx(0.001 / 0.486), pytest.approx(0.015 / 0.486))


def test_radiation():
    """Causality, table 9.1, with exogeneity and no prevention."""
    risk = np.array([16 / 59026, 30 / 69160])
    low, _ = closed.pns(None, risk)
    assert low == pytest.approx(0.00016271, abs=5e-9)
    assert low / risk[1] == pytest.approx(0.37510, abs=5e-6)
    assert low / (1 - risk[0]) == pytest.approx(0.00016275, abs=5e-9)


def test_what_several_components_determine_is_a_number():
    front_door = Graph(dict.fromkeys("XMY", 2), (("X", "M"), ("M", "Y")), (("X", "Y"),))
    types = Types(front_door)
    laws = rational_laws(front_door, random.Random(1))
    whole = [law_source(types, laws, ("X", "M", "Y"))]
    assert exact_ends(types, whole, ATE, laws) == (value(types, laws, ATE),) * 2
    for query in (PN, PNS):
        ends, truth = exact_ends(types, whole, query, laws), value(types, laws, query)
        assert ends is not None
        assert truth is not None
        assert ends[0] < truth < ends[1]


def test_programmes_without_a_point_or_an_end():
    assert Polytope(2, [([1, 1], 1), ([1, 1], 2)]).ends([1, 0]) is None
    assert Polytope(2, [([1, 1], 1)], [([1, 0], 2, None)]).ends([1, 0]) is None
    with pytest.raises(Unbounded):
        Polytope(2, [([1, -1], 0)]).ends([1, 0])
    assert Polytope(3, [([1, 1, 1], 1)]).vertices() == [[0, 0, 1], [0, 1, 0], [1, 0, 0]]
    assert Polytope(2, [([1, 1], 1)]).ratio_ends([1, 0], [0, 0]) is None
    assert Polytope(2, [([1, 1], 1)]).ratio_ends([1, 0], [1, 0]) == (1, 1)
