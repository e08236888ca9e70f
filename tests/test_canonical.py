"""Canonical models: polynomials against an enumeration of response types, sizes, merging, and what is too large."""

from __future__ import annotations

import itertools
import re
from typing import Any

import numpy as np
import pytest
from scipy.optimize import linprog

from scm import CausalGraph, KnownLaw
from scm._parse import parse_query
from scm._query import Probability
from scm._resolve import resolve
from scm._syntax import Const, Op, Set, Var, conjunction, world
from scm.bounds import _columns, _events
from scm.bounds._attain import exact_value, model_of, verified
from scm.bounds._canonical import programme_of
from scm.bounds._known import Known
from scm.bounds._polynomials import masses
from scm.bounds._programme import Ends, Programme, TooLarge
from scm.bounds._solve import solve
from scm.io import graph_of

from . import response_types

BITS = (0, 1)
IV = "Z -> X -> Y, X <-> Y"


def programme(
    text: str, query: str, *laws: KnownLaw, known: Any = (), states: Any = None, equations: Any = None
) -> Any:
    graph = graph_with_hidden(text)
    states = dict.fromkeys(graph.variables, BITS) | (states or {})
    asked: Any = resolve(parse_query(query), states, "The query")
    sources = [f"law {k}" for k in range(len(laws))] + [f"statement {k}" for k in range(len(known))]
    return graph, states, asked, programme_of(graph, states, asked, laws, known, sources, equations=equations or {})


def graph_with_hidden(text: str) -> CausalGraph:
    """A graph from text, with the names behind `hidden` hidden."""
    edges, _, hidden = text.partition("; hidden ")
    found = graph_of(edges)
    return CausalGraph(found.variables, found.edges, found.confounded, tuple(hidden.split()))


def event_of(text: str) -> Any:
    """The event of a probability."""
    found = parse_query(text)
    assert isinstance(found, Probability)
    return found.event


def random_laws(found: Programme, seed: int) -> tuple[Any, ...]:
    rng = np.random.default_rng(seed)
    sizes = ((block, np.bincount(block.groups)) for block in found.blocks)
    return tuple(np.concatenate([rng.dirichlet(np.full(n, 0.4)) for n in own]) for _, own in sizes)


CASES = {
    "one term": (IV, "P(Y=1 | do(X=1))"),
    "seen": (IV, "P(Y=1 | X=1, Z=0)"),
    "effect": (IV, "P(Y=1 | do(X=1)) - P(Y=1 | do(X=0))"),
    "joint": (IV, "P(Y[X=1]=1, Y[X=0]=0)"),
    "necessity": (IV, "P(Y[X=0]=0 | X=1, Y=1)"),
    "risk ratio": (IV, "P(Y[X=1]=1) / P(Y[X=0]=1)"),
    "half": (IV, "0.5 * P(Y[X=1]=1) + P(X[Z=0]=1, X[Z=1]=0) / 2 - 1"),
    "either": (IV, "P(Y[X=1]=1 or Y[X=0]=1 and X != Z)"),
    "mean effect": (IV, "E[Y[X=1] - Y[X=0] | X=1]"),
    "product in a mean": (IV, "E[2 * Y[X=1] * Y[X=0] + Z]"),
    "front door": ("X -> M -> Y, X <-> Y", "P(Y[X=0]=0 | X=1, Y=1)"),
    "nested": ("X -> M -> Y, X -> Y, M <-> Y", "P(Y[X=1, M=M[X=0]]=1)"),
    "edge": ("X -> M -> Y, X -> Y, M <-> Y", "P(Y[X->Y=1]=1 | X=0)"),
    "policy": ("Z -> X -> Y, Z -> Y, X <-> Y", "P(Y[X := Z]=1 | X=0)"),
    "natural": ("Z -> X -> Y, Z -> Y, X <-> Y", "P(Y[X := not X]=1, Y=0)"),
    "drawn": (IV, "P(Y[X ~ {0: 0.3, 1: 0.7}]=1, X=1)"),
    "shared hidden": ("A -> B, U -> A, U -> B, U -> C, B -> C; hidden U", "P(C[A=1]=1, C[A=0]=0)"),
    "ratio under one condition": (IV, "P(Y[X=1]=1 | X=0) / P(Y[X=0]=1 | X=0)"),
}


@pytest.mark.parametrize("name", CASES)
def test_polynomials_against_enumeration(name: str) -> None:
    _, states, query, found = programme(*CASES[name])
    for seed in range(3):
        laws = random_laws(found, seed)
        truth = response_types.value_of(states, found, laws, query)
        assert found.at(laws) == pytest.approx(truth, abs=1e-12)
        assert found.floor <= truth <= found.ceiling


def response_graph(graph: Any) -> Any:
    from scm import latent_projection

    return latent_projection(graph)


@pytest.mark.parametrize("name", CASES)
def test_the_attained_model_has_the_value(name: str) -> None:
    graph, states, query, found = programme(*CASES[name])
    laws = random_laws(found, 7)
    value, missed = verified(graph, states, found, laws, query)
    assert value == pytest.approx(found.at(laws), abs=1e-12)
    assert missed == 0


# ---------------------------------------------------------------------------------------------------------------------
# Whole laws


def random_law(
    text: str, variables: tuple[str, ...], do: tuple[str, ...] = (), *, seed: int = 0, zeros: bool = False
) -> Any:
    """A law over a graph: that of random laws of response types of a programme that reads everything."""
    graph = graph_with_hidden(text)
    states = dict.fromkeys(graph.variables, BITS)
    _, _, _, found = programme(text, query_of_all(graph))
    rng = np.random.default_rng(seed)
    laws = random_laws(found, seed)
    if zeros:
        laws = tuple(law * (rng.random(len(law)) < 0.3) + 1e-300 for law in laws)
        pairs = zip(found.blocks, laws, strict=True)
        laws = tuple(law / np.bincount(block.groups, law)[block.groups] for block, law in pairs)
    array = np.zeros((2,) * (len(do) + len(variables)))
    for cell in itertools.product(BITS, repeat=len(array.shape)):
        at = dict(zip((*do, *variables), cell, strict=True))
        here = world(*(Set(n, Const(at[n])) for n in do))
        event = conjunction(*(Op("=", (Var(n, here), Const(at[n]))) for n in variables))
        array[cell] = response_types.value_of(states, found, laws, Probability(event))
    truth = {q: response_types.value_of(states, found, laws, parse_query(q)) for q in TRUTHS}
    return KnownLaw(variables, array, do), truth


TRUTHS = ("P(Y[X=1]=1, Y[X=0]=0)", "P(Y=1 | do(X=1))", "P(Y[X=0]=1 | X=1)")


def query_of_all(graph: Any) -> str:
    """A query that reads every coordinate: every variable in every world of its parents."""
    parts: list[str] = []
    for name in response_graph(graph).variables:
        parents = response_graph(graph).parents[name]
        for row in itertools.product(BITS, repeat=len(parents)):
            inside = ", ".join(f"{p}={x}" for p, x in zip(parents, row, strict=True))
            parts.append(f"{name}[{inside}]=1" if inside else f"{name}=1")
    return f"P({', '.join(parts)})"


def any_law(found: Programme, rng: Any) -> tuple[Any, ...]:
    """A law of each block that meets the limits, which are linear in one block each: a random vertex."""
    laws: list[Any] = []
    for b, block in enumerate(found.blocks):
        rows, right = [*masses(block)], [1.0] * len(masses(block))
        for limit in found.limits:
            factors, weights = limit.polynomial.factors, limit.polynomial.weights
            assert (factors >= 0).sum(axis=1).max(initial=0) <= 1
            if (factors[:, b] >= 0).any():
                rows.append(weights @ block.forms[factors[:, b]])
                right.append(limit.low)
        solved = linprog(rng.normal(size=block.columns), A_eq=np.array(rows), b_eq=right)
        assert solved.status == 0, solved.message
        laws.append(solved.x)
    return tuple(laws)


@pytest.mark.parametrize("zeros", [False, True])
@pytest.mark.parametrize(
    "text",
    [
        IV,
        "X -> M -> Y, X <-> Y",
        "Z -> X -> Y, Z <-> X, X <-> Y, Z <-> Y",
        "Z -> X -> Y, Z -> Y",
        "W -> Z -> X -> Y, W <-> X, Z <-> Y",
    ],
)
def test_a_whole_law_is_linear_and_means_the_law(text: str, zeros: bool) -> None:
    rng = np.random.default_rng(1)
    graph = graph_of(text)
    names = graph.order
    law, _ = random_law(text, names, seed=3, zeros=zeros)
    _, states, query, found = programme(text, TRUTHS[0], law)
    laws = any_law(found, rng)
    model = model_of(graph, states, found, laws)
    for cell in itertools.product(BITS, repeat=len(names)):
        event = conjunction(*(Op("=", (Var(n), Const(x))) for n, x in zip(names, cell, strict=True)))
        assert exact_value(model, Probability(event)) == pytest.approx(law.array[cell], abs=1e-9)
    value, missed = verified(graph, states, found, laws, query, given=[law])
    assert value == pytest.approx(found.at(laws), abs=1e-9)
    assert missed < 1e-8


@pytest.mark.parametrize("seed", range(4))
def test_the_truth_lies_between_the_ends(seed: int) -> None:
    law, truths = random_law(IV, ("Z", "X", "Y"), seed=seed)
    trial, _ = random_law(IV, ("X", "Y"), ("Z",), seed=seed)
    for text in TRUTHS[:2]:
        _, _, _, found = programme(IV, text, law, trial)
        low, high = linear_ends(found)
        assert low - 1e-9 <= truths[text] <= high + 1e-9


def linear_ends(found: Programme) -> tuple[float, float]:
    """The ends of a query about one block, by scipy."""
    b = next(k for k, block in enumerate(found.blocks) if len(block.members) > 1)
    block = found.blocks[b]
    cost = sum(r.weight * (r.above.weights @ block.forms[r.above.factors[:, b]]) for r in found.query)
    rows, right = [*masses(block)], [1.0] * len(masses(block))
    for limit in found.limits:
        if (limit.polynomial.factors[:, b] >= 0).any():
            rows.append(limit.polynomial.weights @ block.forms[limit.polynomial.factors[:, b]])
            right.append(limit.low)
    ends = [linprog(s * cost, A_eq=np.array(rows), b_eq=right) for s in (1, -1)]
    assert all(e.status == 0 for e in ends)
    return ends[0].fun, -ends[1].fun


def test_the_lipid_trial() -> None:
    array = np.array([[[0.919, 0.081], [0, 0]], [[0.315, 0.073], [0.139, 0.473]]])
    for law in (KnownLaw(("Z", "X", "Y"), array / 2), KnownLaw(("X", "Y"), array, ("Z",))):
        _, _, _, found = programme(IV, "P(Y=1 | do(X=1)) - P(Y=1 | do(X=0))", law)
        assert linear_ends(found) == pytest.approx((0.392, 0.780), abs=1e-9)


def test_a_law_that_is_no_product_of_its_blocks_is_infeasible() -> None:
    array = np.array([[[0.2, 0.05], [0.2, 0.05]], [[0.05, 0.2], [0.05, 0.2]]])  # Y follows Z, whatever X is
    _, _, _, found = programme("Z -> X -> Y", "P(Y=1 | do(X=1))", KnownLaw(("Z", "X", "Y"), array))
    said: dict[tuple[int, ...], set[float]] = {}
    for limit in found.limits:
        said.setdefault(tuple(limit.polynomial.factors[0].tolist()), set()).add(round(limit.low, 6))
    assert any(len(values) > 1 for values in said.values())


def test_a_law_without_some_causes_stays_a_polynomial() -> None:
    text = "Z -> X -> Y, X <-> Y, Z -> W"
    law, _ = random_law(text, ("W", "X", "Y"), seed=2)
    _, _, _, found = programme(text, "P(Y=1 | do(X=1))", law, known=[Known(((1.0, event_of("P(Z=1)")),), 0.3, 0.6, 1)])
    assert any((limit.polynomial.factors >= 0).sum(axis=1).max(initial=0) > 1 for limit in found.limits)


# ---------------------------------------------------------------------------------------------------------------------
# Sizes


def test_merging_keeps_one_of_equal_columns() -> None:
    for name in CASES:
        _, _, _, found = programme(*CASES[name])
        for block in found.blocks:
            told = np.vstack([block.forms, block.groups])
            assert len(np.unique(told, axis=1).T) == block.columns


def test_four_states_everywhere() -> None:
    states = dict.fromkeys("ZXY", (0, 1, 2, 3))
    rng = np.random.default_rng(0)
    law = KnownLaw(("X", "Y"), rng.dirichlet(np.ones(16), 4).reshape(4, 4, 4), ("Z",))
    _, _, _, found = programme(IV, "P(Y=1 | do(X=1))", law, states=states)
    (block,) = (b for b in found.blocks if len(b.members) == 2)
    # For each response of X: what Y answers where X can be, and where X is set.
    maps = itertools.product(range(4), repeat=4)
    images = [set(m) for m in maps]
    seen = sum(4 ** len(image) * (1 if 1 in image else 2) for image in images)
    assert block.columns == seen
    assert len(block.coordinates) == 4 + 4


def test_only_what_is_read_is_a_coordinate() -> None:
    _, _, _, found = programme(IV, "P(Y=1 | do(X=1))")
    assert [[c.variable for c in block.coordinates] for block in found.blocks] == [["Y"]]
    assert found.blocks[0].columns == 2
    _, _, _, chain = programme("A -> B -> C -> D -> E", "P(B=1 | do(A=1))")
    assert [block.members for block in chain.blocks] == [("B",)]


def test_strata_that_nothing_reads_together_are_apart() -> None:
    """A measured cause of both with 40 states: one small law for each, not one large one."""
    text, states = "W -> X -> Y, W -> Y, X <-> Y", {"W": tuple(range(40))}
    array = np.random.default_rng(0).dirichlet(np.ones(160)).reshape(40, 2, 2)
    graph, states, query, found = programme(text, "P(Y=1 | do(X=1))", KnownLaw(("W", "X", "Y"), array), states=states)
    (block,) = (b for b in found.blocks if len(b.members) == 2)
    assert len(np.unique(block.groups)) == 40
    assert block.columns <= 8 * 40
    end = solve(found)
    assert isinstance(end, Ends)
    assert end.sharp
    low = array[:, 1, 1].sum()
    assert (end.lower.outer, end.upper.outer) == pytest.approx((low, low + array[:, 0].sum()), abs=1e-7)  # Manski
    assert end.lower.laws is not None
    value, missed = verified(graph, states, found, end.lower.laws, query)
    assert value == pytest.approx(low, abs=1e-7)
    assert missed < 1e-7


def test_a_block_that_nothing_asks_about_may_be_too_large() -> None:
    text = "A -> B, " + ", ".join(f"P{i} -> Q" for i in range(9)) + ", Q <-> R"
    graph = graph_of(text)
    names = graph.order
    array = np.full((2,) * len(names), 0.5 ** len(names))
    law = KnownLaw(names, array)
    small, _columns.MOST_COLUMNS = _columns.MOST_COLUMNS, 10_000
    try:
        _, _, _, found = programme(text, "P(B[A=1]=1, B[A=0]=0)", law)
    finally:
        _columns.MOST_COLUMNS = small
    assert ("B",) in [block.members for block in found.blocks]
    assert not any("Q" in block.members for block in found.blocks)


def test_too_large_says_what_would_be_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_columns, "MOST_COLUMNS", 1000)
    states = dict.fromkeys("ZXY", (0, 1, 2, 3))
    law = KnownLaw(("X", "Y"), np.full((4, 4, 4), 1 / 16), ("Z",))
    with pytest.raises(TooLarge, match=re.escape("the hidden cause of X and Y has up to 6.6e+04 response types")):
        programme(IV, "P(Y=1 | do(X=1))", law, states=states)
    monkeypatch.setattr(_events, "MOST_ROWS", 1000)
    text = ", ".join(f"A{i} -> Y" for i in range(16))
    with pytest.raises(TooLarge, match=r"up to 1\.3e\+05 terms"):
        programme(text, f"P({' or '.join(f'Y = A{i}' for i in range(16))})")


@pytest.mark.parametrize(
    ("text", "query", "reason"),
    [
        ("A <-> B, B <-> C, A -> C", "P(C[A=1]=1, B=1, A=0)", "A and C have no hidden common cause"),
        ("A <-> B, B <-> C, A <-> C", "P(A=1, B=1, C=1)", ""),
        ("U -> A, U -> B, U -> C; hidden U", "P(A=1, B=1, C=1)", ""),
        ("U -> A, U -> B, V -> B, V -> C, W -> A, W -> C; hidden U V W", "P(A=1, B=1, C=1)", "none of all"),
        ("A <-> B, B <-> C", "P(A=1, B=1)", ""),
        ("A <-> B, B <-> C, B -> D", "P(D[B=1]=1)", ""),
    ],
)
def test_what_one_common_cause_only_relaxes(text: str, query: str, reason: str) -> None:
    _, _, _, found = programme(text, query)
    said = " ".join(block.relaxed for block in found.blocks)
    assert (reason in said) if reason else not said.strip()


def test_a_cause_that_nobody_mentions_goes_where_a_hidden_one_may_stand_for_it() -> None:
    law = KnownLaw(("X", "Y"), np.array([[0.3, 0.2], [0.1, 0.4]]))
    for text in ("Z -> X -> Y, X <-> Y", "Z -> X -> Y, Z -> Y, X <-> Y", "Z -> W -> X -> Y, X <-> Y, W <-> X"):
        _, _, _, found = programme(text, "P(Y=1 | do(X=1))", law)
        assert [block.members for block in found.blocks] == [("X", "Y")]
        assert linear_ends(found) == pytest.approx((0.4, 0.9), abs=1e-9)  # Manski
    # A cause of two that have no hidden cause in common may have its own two states only.
    _, _, _, found = programme("Z -> X -> Y, Z -> Y", "P(Y=1 | do(X=1))", law)
    assert sorted(block.members for block in found.blocks) == [("X",), ("Y",), ("Z",)]


def test_parts_of_a_block_that_a_law_measures_apart_are_independent() -> None:
    text = "X -> Y, Y <-> W, W <-> X"
    law = KnownLaw(("X", "Y"), np.array([[0.3, 0.2], [0.1, 0.4]]))
    graph, states, query, found = programme(text, "P(W=1, Y=1, X=0)", law)
    end = solve(found)
    assert isinstance(end, Ends)
    assert end.sharp
    for side in (end.lower, end.upper):
        assert side.laws is not None
        assert verified(graph, states, found, side.laws, query, given=[law])[1] < 1e-9


def test_a_confounded_instrument_is_as_good_as_a_plain_one() -> None:
    """Z <-> X leaves the bounds as they are: given Z, X responds to its own cause in any way."""
    law, _ = random_law(IV, ("Z", "X", "Y"), seed=5)
    lows, highs = [], []
    for text in ("Z -> X -> Y, Z <-> X, X <-> Y", IV):
        _, _, _, found = programme(text, "P(Y=1 | do(X=1)) - P(Y=1 | do(X=0))", law)
        assert not any(block.relaxed for block in found.blocks)
        low, high = general_ends(found)
        lows.append(low)
        highs.append(high)
    assert lows[0] == pytest.approx(lows[1], abs=1e-9)
    assert highs[0] == pytest.approx(highs[1], abs=1e-9)


def test_beside_a_collider_with_hidden_causes_an_effect_is_determined() -> None:
    """X -> Y with X <-> M <-> Y: X and the answers of Y are independent."""
    text = "X -> Y, X <-> M, M <-> Y"
    rng = np.random.default_rng(0)
    first, second = rng.dirichlet(np.ones(3)), rng.dirichlet(np.ones(3))
    m, y = rng.integers(2, size=(3, 3)), rng.integers(2, size=(2, 3))
    array = np.zeros((2, 2, 2))
    for i, j in itertools.product(range(3), repeat=2):
        array[i % 2, m[i, j], y[i % 2, j]] += first[i] * second[j]
    _, _, _, found = programme(text, "P(Y=1 | do(X=1))", KnownLaw(("X", "M", "Y"), array))
    assert not found.blocks[0].relaxed
    assert general_ends(found) == pytest.approx((second @ y[1], second @ y[1]), abs=1e-9)


def general_ends(found: Programme) -> tuple[float, float]:
    """The ends of a linear query about one block, whatever its limits, by scipy."""
    (b,) = {int(k) for r in found.query for k in np.flatnonzero((r.above.factors >= 0).any(axis=0))}
    block = found.blocks[b]
    with_one = np.vstack([block.forms, np.ones(block.columns)])
    cost = sum(r.weight * (r.above.weights @ with_one[r.above.factors[:, b]]) for r in found.query)
    own = [x.polynomial for x in found.limits if (x.polynomial.factors[:, b] >= 0).any()]
    right = [x.low for x in found.limits if (x.polynomial.factors[:, b] >= 0).any()]
    rows = [p.weights @ with_one[p.factors[:, b]] for p in own]
    ends = [linprog(s * cost, A_eq=np.array([*rows, with_one[-1]]), b_eq=[*right, 1.0]) for s in (1, -1)]
    assert all(e.status == 0 for e in ends)
    return ends[0].fun, -ends[1].fun


# ---------------------------------------------------------------------------------------------------------------------
# What is known


def test_a_condition_that_a_law_knows_is_a_number() -> None:
    law, _ = random_law(IV, ("Z", "X", "Y"), seed=1)
    _, _, _, found = programme(IV, "P(Y[X=0]=0 | X=1, Y=1)", law)
    assert [ratio.below for ratio in found.query] == [None]
    _, _, _, found = programme(IV, "P(Y[X=0]=0 | X=1, Y=1)")
    assert found.query[0].below is not None


def test_known_combinations() -> None:
    event = event_of("P(Y[X=1]=0, Y[X=0]=1)")
    _, states, _, found = programme(
        IV, "P(Y[X=1]=1, Y[X=0]=0)", known=[Known(((1.0, event), (0.5, None)), 0.5, 0.5, 0)]
    )
    laws = random_laws(found, 0)
    defiers = response_types.value_of(states, found, laws, Probability(event))
    (limit,) = found.limits
    assert limit.polynomial.at(found.forms_at(laws)) == pytest.approx(defiers + 0.5, abs=1e-12)


def test_equations_delete_what_does_not_follow_them() -> None:
    from scm._parse import parse_expression

    equations = {"X": parse_expression("Z")}
    graph, states, query, found = programme(IV, "P(Y=1 | do(X=1))", equations=equations)
    assert [block.members for block in found.blocks] == [("Y",)]
    law = KnownLaw(("Z", "X", "Y"), np.array([[[0.3, 0.2], [0, 0]], [[0, 0], [0.1, 0.4]]]))
    graph, states, query, found = programme(IV, "P(Y[X=1]=1 | Z=1)", law, equations=equations)
    assert "X" not in {m for block in found.blocks for m in block.members}
    for seed in range(3):
        laws = any_law(found, np.random.default_rng(seed))
        value, missed = verified(graph, states, found, laws, query, equations=equations, given=[law])
        assert value == pytest.approx(0.8, abs=1e-9)
        assert missed < 1e-9


def test_a_product_of_unknowns_is_refused() -> None:
    from scm import InvalidQuery

    with pytest.raises(InvalidQuery, match="product of two unknown numbers"):
        programme(IV, "P(Y[X=1]=1) * P(Y[X=0]=1)")
    with pytest.raises(InvalidQuery, match="no ratio"):
        programme(IV, "P(Y[X=1]=1 | X=0) / P(Y[X=0]=1 | X=1)")
