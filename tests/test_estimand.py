"""Estimands: text, data, and values against plain loops in rational numbers."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scm import CausalGraph
from scm._errors import InvalidFile, InvalidQuery, QuerySyntaxError, UnknownName, UnknownState, ZeroCell
from scm._estimand import ONE, ZERO, Estimand, Index, Law, Linear, Product, Quotient, Sum, Weight, cells
from scm._estimand_canonical import canonical
from scm._estimand_data import estimand_from_data, estimand_to_data
from scm._estimand_parse import parse_estimand
from scm._estimand_parts import nodes_of, open_indices, parts_of, placed, with_parts
from scm._estimand_simplify import simplify
from scm._estimand_text import estimand_latex, print_estimand
from scm._evaluate import evaluate
from scm._study import KnownLaw
from scm._syntax import Const, Op, Placeholder, Set, Var
from scm.solvers._evaluate_estimand import evaluate_estimand
from scm.solvers._law_source import JointLaws, ModelLaws
from scm.solvers._random_models import random_model

NAMES = ("X", "Y", "Z", "a b")
STATES: dict[str, tuple[Any, ...]] = {"X": (0, 1), "Y": (False, True), "Z": ("old", "young", "it's"), "a b": (-1, 2.5)}
NAPKIN = "[sum_w P(X=1, Y=y | W=w, Z=0) P(W=w)] / [sum_w P(X=1 | W=w, Z=0) P(W=w)]"


# ---------------------------------------------------------------------------------------------------------------------
# A plain evaluator: rational numbers, one point at a time


def value(node: Estimand, joint: Mapping[tuple[Any, ...], Fraction], at: Mapping[Index, Any]) -> Fraction:
    def event(items: Any) -> dict[str, Any]:
        return {name: v.value if isinstance(v, Const) else at[v] for name, v in items}

    def mass(wanted: dict[str, Any]) -> Fraction:
        return sum(
            (p for point, p in joint.items() if all(point[NAMES.index(n)] == v for n, v in wanted.items())), Fraction(0)
        )

    match node:
        case Law(of, seen):
            below = mass(event(seen))
            return mass(event(of) | event(seen)) / below
        case Weight(expr, where):
            return Fraction(evaluate(expr, lambda term: event(where)[term.name]))
        case Sum(over, body):
            grid = itertools.product(*(STATES[i.variable] for i in over))
            return sum(
                (value(body, joint, {**at, **dict(zip(over, point, strict=True))}) for point in grid), Fraction(0)
            )
        case Product(factors):
            return math.prod((value(factor, joint, at) for factor in factors), start=Fraction(1))
        case Quotient(above, below):
            return value(above, joint, at) / value(below, joint, at)
        case Linear(parts, constant):
            return sum((Fraction(n) * value(part, joint, at) for n, part in parts), Fraction(constant))
    raise AssertionError(node)


def random_joint(seed: int, zeros: bool = False) -> dict[tuple[Any, ...], Fraction]:
    rng = random.Random(seed)
    points = list(itertools.product(*(STATES[name] for name in NAMES)))
    masses = [rng.randint(0 if zeros else 1, 9) for _ in points]
    return {point: Fraction(m, sum(masses)) for point, m in zip(points, masses, strict=True)}


def joint_laws(joint: Mapping[tuple[Any, ...], Fraction]) -> JointLaws:
    array = np.array([float(p) for p in joint.values()]).reshape([len(STATES[name]) for name in NAMES])
    return JointLaws([KnownLaw(NAMES, array)])


# ---------------------------------------------------------------------------------------------------------------------
# Random estimands


@st.composite
def a_cell(draw: Any, name: str, open_to: int) -> Any:
    if draw(st.booleans()):
        return Const(draw(st.sampled_from(STATES[name])))
    return Index(name, draw(st.integers(0, open_to)))


@st.composite
def a_law(draw: Any, open_to: int = 1) -> Law:
    names = draw(st.permutations(NAMES))
    of = draw(st.integers(1, 3))
    given_ = draw(st.integers(0, 4 - of))
    first = {name: draw(a_cell(name, open_to)) for name in names[:of]}
    second = {name: draw(a_cell(name, open_to)) for name in names[of : of + given_]}
    return Law(cells(first), cells(second))


@st.composite
def a_weight(draw: Any, open_to: int = 1) -> Weight:
    if draw(st.booleans()):
        name = draw(st.sampled_from(("X", "a b")))
        return Weight(Var(name), cells({name: draw(a_cell(name, open_to))}))
    name = draw(st.sampled_from(NAMES))
    return Weight(Op("=", (Var(name), Const(draw(st.sampled_from(STATES[name]))))), cells({name: Index(name, 1)}))


def bigger(inner: st.SearchStrategy[Estimand]) -> st.SearchStrategy[Estimand]:
    numbers = st.sampled_from([1.0, -1.0, 0.5, -2.25])
    indices = st.lists(st.builds(Index, st.sampled_from(NAMES), st.integers(0, 1)), min_size=1, max_size=2, unique=True)
    return st.one_of(
        st.builds(lambda over, body: Sum(tuple(over), body), indices, inner),
        st.builds(lambda parts: Product(tuple(parts)), st.lists(inner, min_size=2, max_size=3)),
        st.builds(Quotient, inner, a_law()),
        st.builds(
            lambda parts, constant: Linear(tuple(parts), constant),
            st.lists(st.tuples(numbers, inner), min_size=1, max_size=2),
            st.sampled_from([0.0, 1.0, -0.5]),
        ),
    )


estimands = st.recursive(st.one_of(a_law(), a_weight(), st.just(ONE), st.just(ZERO)), bigger, max_leaves=6)


@settings(max_examples=200, deadline=None)
@given(estimands)
def test_text_and_data_read_back(estimand: Estimand):
    assert parse_estimand(print_estimand(estimand)) == estimand
    assert estimand_from_data(estimand_to_data(estimand)) == estimand
    assert estimand_latex(estimand).count("{") == estimand_latex(estimand).count("}")


@settings(max_examples=120, deadline=None)
@given(estimands, st.integers(0, 9))
def test_values_agree_with_plain_loops(estimand: Estimand, seed: int):
    joint = random_joint(seed)
    axes = sorted(open_indices(estimand))
    found = np.asarray(evaluate_estimand(estimand, joint_laws(joint), STATES, axes=axes))
    assert found.shape == tuple(len(STATES[i.variable]) for i in axes)
    places = random.Random(seed).sample(list(np.ndindex(found.shape)), min(4, found.size))
    for place in places:
        at = {i: STATES[i.variable][k] for i, k in zip(axes, place, strict=True)}
        assert found[place] == pytest.approx(float(value(estimand, joint, at)), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(
    ("text", "problem", "caret"),
    [
        ("P(Y=1", "the text ends", 5),
        ("P(Y=y) P(W=q)", "'q' is the index of no one variable", 11),
        ("2 P(Y=1)", "after a coefficient", 2),
        ("P(y=y, Y=1)", "it could be 'Y' or 'y'", 4),
        ("P(Y=1, Y=0)", "stands here twice", 7),
        ("sum_z weight(Y >; Z=z)", "a value is missing", 16),
        ("P(Y=1) P(Y=0))", "cannot stand here", 13),
    ],
)
def test_errors_have_a_caret(text: str, problem: str, caret: int):
    with pytest.raises(QuerySyntaxError, match=problem) as wrong:
        parse_estimand(text)
    assert wrong.value.position == caret


def test_deep_or_foreign_data_is_refused():
    with pytest.raises(QuerySyntaxError, match="Nested deeper"):
        parse_estimand("[" * 100 + "P(Y=1)" + "]" * 100)
    data: Any = {"law": {"Y": {"const": 1}}}
    for _ in range(100):
        data = {"product": [data]}
    with pytest.raises(InvalidFile, match="levels"):
        estimand_from_data(data)
    with pytest.raises(InvalidFile, match=r"estimand\.sum\[0\]\.number"):
        estimand_from_data({"sum": [{"index": "Z", "number": -1}], "body": {"law": {}}})


# ---------------------------------------------------------------------------------------------------------------------
# Canonical form and simplification


def shuffled(node: Estimand, rng: random.Random) -> Estimand:
    """The same formula with its factors, terms and bound indices in another order and under other numbers."""
    parts = [shuffled(part, rng) for part in parts_of(node)]
    match node:
        case Sum(over):
            new = {index: Index(index.variable, index.number + 5 + 7 * rng.randint(0, 3)) for index in over}
            taken = open_indices(parts[0]) | {
                i for part in nodes_of(parts[0]) if isinstance(part, Sum) for i in part.over
            }
            if len(set(new.values())) < len(over) or taken & set(new.values()):
                new = {}
            renamed = [new.get(index, index) for index in over]
            rng.shuffle(renamed)
            return Sum(tuple(renamed), placed(parts[0], new))
        case Product():
            rng.shuffle(parts)
            return Product((Product(tuple(parts[:1])), *parts[1:]))
        case Linear(old, constant):
            terms = [(number, part) for (number, _), part in zip(old, parts, strict=True)]
            rng.shuffle(terms)
            return Linear(tuple(terms), constant)
        case _:
            return with_parts(node, tuple(parts))


@settings(max_examples=120, deadline=None)
@given(estimands, st.integers(0, 99))
def test_equal_formulas_have_one_canonical_form(estimand: Estimand, seed: int):
    form = canonical(estimand)
    assert canonical(form) == form
    assert canonical(shuffled(estimand, random.Random(seed))) == form
    assert parse_estimand(print_estimand(form)) == form


@settings(max_examples=150, deadline=None)
@given(estimands, st.integers(0, 9))
def test_rewriting_keeps_the_value(estimand: Estimand, seed: int):
    laws = joint_laws(random_joint(seed))
    axes = sorted(open_indices(estimand))
    before = evaluate_estimand(estimand, laws, STATES, axes=axes)
    for after in (canonical(estimand), simplify(estimand)):
        assert set(open_indices(after)) <= set(axes)
        assert evaluate_estimand(after, laws, STATES, axes=axes) == pytest.approx(before, rel=1e-9, abs=1e-12)


SIMPLER = [
    ("sum_{z, w} P(Z=z | W=w) P(Y=1 | X=1, Z=z, W=w) P(W=w)", "sum_{w, z} P(Y=1 | W=w, X=1, Z=z) P(W=w, Z=z)"),
    ("sum_{m, x} P(M=m | X=1) P(Y=1 | X=x, M=m) P(X=x)", "sum_m P(M=m | X=1) sum_x P(Y=1 | M=m, X=x) P(X=x)"),
    ("sum_{y, z} P(Y=y | Z=z) P(Z=z)", "1"),
    ("sum_z P(Y=1, Z=z | X=0)", "P(Y=1 | X=0)"),
    ("[sum_y P(X=1, Y=y | Z=0) P(Z=0)] / [sum_x P(X=x, Z=0)]", "P(X=1 | Z=0)"),
    ("sum_{w, z} P(W=w) P(Z=z) P(X=1 | W=w) P(Y=1 | Z=z) / P(X=1)", "P(Y=1)"),
    (
        "sum_{w, z} P(W=w) P(Z=z) P(X=1 | W=w, Q=0) P(Y=1 | Z=z, Q=1) / P(X=1)",
        "[[sum_w P(X=1 | W=w, Q=0) P(W=w)] [sum_z P(Y=1 | Z=z, Q=1) P(Z=z)]] / P(X=1)",
    ),
    ("P(Y=1 | X=1) P(Z=0) - P(Z=0) P(Y=1 | X=1) + 2*[sum_z P(Z=z)]", "2"),
    ("P(A=1, B=0) P(C=1) [P(D=1) / P(C=1)]", "P(A=1, B=0) P(D=1)"),
    ("sum_z P(X=1, Y=1, Z=z) / P(X=1 | Z=z)", "sum_z [P(X=1, Y=1, Z=z) / P(X=1 | Z=z)]"),
]


@pytest.mark.parametrize(("before", "after"), SIMPLER)
def test_what_is_simpler(before: str, after: str):
    assert print_estimand(simplify(parse_estimand(before))) == print_estimand(canonical(parse_estimand(after)))


@pytest.mark.parametrize("seed", range(20))
def test_conditions_that_the_graph_makes_idle_are_dropped(seed: int):
    """Over random mixed graphs, the value on random models of the graph stays."""
    rng = random.Random(seed)
    names = tuple("ABCDE")
    pairs = list(itertools.combinations(names, 2))
    graph = CausalGraph(
        names,
        tuple(pair for pair in pairs if rng.random() < 0.4),
        tuple(pair for pair in pairs if rng.random() < 0.2),
    )
    models = random_model(graph, np.random.default_rng(seed), count=3)
    dropped = 0
    for _ in range(20):
        order = rng.sample(names, 5)
        of, given_, do = order[:1], order[1 : rng.randint(2, 4)], order[4 : rng.randint(4, 5)]
        cell: Any = {name: Index(name) for name in names}
        first, second, third = (cells({name: cell[name] for name in part}) for part in (of, given_, do))
        law = Law(first, second, third)
        thin = simplify(law, graph)
        assert isinstance(thin, Law)
        dropped += len(law.given) - len(thin.given)
        axes = [Index(name) for name in names]
        found = [evaluate_estimand(estimand, models, models.states, axes=axes) for estimand in (law, thin)]
        assert found[0] == pytest.approx(found[1], abs=1e-12)
    assert dropped


# ---------------------------------------------------------------------------------------------------------------------
# Rows, wide sums, zero cells


def test_placeholders_take_rows():
    joint = random_joint(3)
    estimand = parse_estimand("sum_z P(Y=?y | X=?x, Z=z) P(Z=z)")
    rows = {"x": [0, 1, 1], "y": [True, False, True]}
    found = evaluate_estimand(estimand, joint_laws(joint), STATES, values=rows)
    for k in range(3):
        one = {name: column[k] for name, column in rows.items()}
        assert found[k] == evaluate_estimand(estimand, joint_laws(joint), STATES, values=one)
    with pytest.raises(InvalidQuery, match=r"\?x has no value"):
        evaluate_estimand(estimand, joint_laws(joint), STATES, values={"y": True})
    with pytest.raises(UnknownState):
        evaluate_estimand(estimand, joint_laws(joint), STATES, values={"y": True, "x": 7})
    with pytest.raises(UnknownName):
        evaluate_estimand(parse_estimand("P(Q=1)"), joint_laws(joint), STATES)
    weighed = Weight(Op("=", (Var("Y"), Placeholder("y"))), cells({"Y": Index("Y")}))
    found = evaluate_estimand(
        Sum((Index("Y"),), Product((weighed, parse_estimand("P(Y=y)")))), joint_laws(joint), STATES, values=rows
    )
    assert found == pytest.approx([float(sum(p for point, p in joint.items() if point[1] is y)) for y in rows["y"]])


def test_twenty_indices_are_summed_one_by_one():
    """A chain of twenty variables: sums over all but the ends, by pairs of laws."""
    rng = np.random.default_rng(0)
    names = [f"V{i:02d}" for i in range(21)]
    tables = {}
    joint = rng.dirichlet(np.ones(2))

    class Chain:
        def law(self, of: Any, given: Any, do: Any, source: str) -> Any:
            key = (of, given)
            if key not in tables:
                tables[key] = joint if not given else rng.dirichlet(np.ones(2), size=2).T
            return tables[key]

    chain = [Law(cells({names[0]: Index(names[0])}))]
    chain += [Law(cells({b: Index(b)}), cells({a: Index(a)})) for a, b in itertools.pairwise(names)]
    whole = Sum(tuple(Index(name) for name in names[:-1]), Product(tuple(chain)))
    found = evaluate_estimand(whole, Chain(), dict.fromkeys(names, (0, 1)), axes=[Index(names[-1])])
    wanted = joint
    for a, b in itertools.pairwise(names):
        wanted = tables[(b,), (a,)] @ wanted
    assert found == pytest.approx(wanted)


def laws_of_three(array: Any) -> JointLaws:
    return JointLaws([KnownLaw(("X", "Y", "Z"), np.asarray(array) / np.sum(array))])


THREE = {"X": (0, 1), "Y": (0, 1), "Z": ("old", "young")}


def test_a_zero_cell_is_named_where_it_matters():
    backdoor = parse_estimand("sum_z P(Y=1 | X=1, Z=z) P(Z=z)")
    array = np.ones((2, 2, 2))
    array[1, :, 0] = 0  # X = 1 is never seen among the old, who are there
    with pytest.raises(ZeroCell) as wrong:
        evaluate_estimand(backdoor, laws_of_three(array), THREE)
    assert wrong.value.stratum == "P(X=1, Z='old')"
    array[:, :, 0] = 0  # nobody is old: the stratum has no weight
    assert evaluate_estimand(backdoor, laws_of_three(array), THREE) == pytest.approx(0.5)
    weighing = parse_estimand("sum_z P(X=1, Y=1, Z=z) / P(X=1 | Z=z)")
    with pytest.raises(ZeroCell):  # nothing shows that such a quotient is bounded
        evaluate_estimand(weighing, laws_of_three(array), THREE)


def test_an_event_within_an_event_is_a_conditional_probability():
    """0/0 with weight zero: sum_z [P(Y, X, Z) / P(X, Z)] P(Z) is the same formula as with P(Y | X, Z)."""
    array = np.ones((2, 2, 2))
    array[:, :, 0] = 0
    for text in (
        "sum_z [P(X=1, Y=1, Z=z) / P(X=1, Z=z)] P(Z=z)",
        "sum_z [P(X=1, Y=1, Z=z) / [sum_y P(X=1, Y=y, Z=z)]] P(Z=z)",
    ):
        assert evaluate_estimand(parse_estimand(text), laws_of_three(array), THREE) == pytest.approx(0.5)


def test_a_fitted_model_gives_its_laws():
    from scm import Model, Variable

    model = Model(
        Variable("Z", ("old", "young"), table=[0.3, 0.7]),
        Variable("X", (0, 1), parents=("Z",), table={"old": [0.4, 0.6], "young": [0.8, 0.2]}),
        Variable("Y", (0, 1), parents=("X", "Z"), table=np.array([[[0.9, 0.1], [0.5, 0.5]], [[0.3, 0.7], [0.2, 0.8]]])),
    )
    laws = ModelLaws(model)
    backdoor = parse_estimand("sum_z P(Y=1 | X=1, Z=z) P(Z=z)")
    assert evaluate_estimand(backdoor, laws, model.variable_states) == pytest.approx(0.3 * 0.7 + 0.7 * 0.8)
    trial = parse_estimand("P[trial](Y=1 | Z='old'; do(X=x))")
    assert evaluate_estimand(trial, laws, model.variable_states, axes=[Index("X")]) == pytest.approx([0.1, 0.7])


def test_a_large_fitted_model_needs_no_joint_array():
    """Alarm has 37 variables (Beinlich et al. 1989): the adjustment formula on its laws is the answer of the solver."""
    from scm import Probability, ask, identify, network

    model = network("alarm")
    query = Probability(
        Op("=", (Var("CATECHOL", (Set("VENTLUNG", Const("ZERO")),)), Const(model.states["CATECHOL"][0])))
    )
    found = identify(model.graph, query)
    assert found.estimand is not None
    value = evaluate_estimand(found.estimand, ModelLaws(model), model.variable_states)
    assert value == pytest.approx(ask(model, query).value, rel=1e-12)
