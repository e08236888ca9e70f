"""Models with continuous variables: what they are made of, what they refuse and with which words, graph and do."""

import copy
import math
import pickle
import re
from typing import Any, cast

import numpy as np
import pytest

from scm import (
    Bernoulli,
    Categorical,
    ContinuousLaw,
    ContinuousNoise,
    GaussianCopula,
    InvalidModel,
    InvalidQuery,
    Model,
    MultivariateNormal,
    Noise,
    Real,
    UnknownLaw,
    UnknownName,
    UnknownState,
    Variable,
    normal,
)
from scm._resolve import read_query

X = Variable("X", noise=normal())
L = Variable("L", ("a", "b"), noise=Categorical({"a": 0.5, "b": 0.5}))
T = Variable("T", (0, 1, 2), noise=Categorical({0: 0.2, 1: 0.3, 2: 0.5}))
SHARE = Variable("P", Real(0, 1), equation="u", noise={"u": ContinuousLaw("Uniform")})


def outcome(variable: Variable, **columns: Any) -> list[Any]:
    """A variable of X, L, T and P, for columns of what it reads."""
    model = Model(X, L, T, SHARE, variable)
    mechanism = model.columnar[variable.name]
    found = mechanism.forward({n: np.asarray(c) for n, c in columns.items()}, np).tolist()
    return found if isinstance(mechanism.domain, Real) else [mechanism.domain[k] for k in found]


# ---------------------------------------------------------------------------------------------------------------------
# What is refused


@pytest.mark.parametrize(
    ("equation", "words"),
    [
        ("L + X", "'L' has labels ('a', 'b'), and L + X needs numbers; compare it, as in L = 'a'"),
        ("exp(L) + X", "'L' has labels ('a', 'b'), and exp(L) needs numbers"),
        ("X + 'a'", "'a' is a label, and X + 'a' needs numbers"),
        ("X > 'a'", "needs numbers"),
        ("X if L else 0", "L stands where a truth value is wanted, and it is a label"),
        ("X and L = a", "X stands where a truth value is wanted, and it is a real number. Compare it: X > 0"),
        ("not X", "Compare it: X > 0"),
        ("X if T else 0", "T stands where a truth value is wanted, and it is a number"),
        ("X if X > 0 else 'low'", "is a real number in one case and a label in the other"),
        ("L = X", "compares a label with a real number"),
        ("X = 'a'", "'X' takes the real numbers, and 'a' is none of them"),
        ("P = 2", "'P' takes the numbers from 0 to 1, and 2 is none of them"),
        ("?x + X", "The placeholder ?x stands in an equation"),
        ("X[L=a] + 1", "equations speak of one world only"),
        ("X + 1 / 0", "Division by zero"),
        ("X + log(0)", "only positive numbers have a logarithm"),
        ("X * 10 ** 400", "grew past"),
        ("(X > 0) / (X > 1)", "Division by zero"),
    ],
)
def test_an_equation_without_meaning_is_refused_in_words(equation: str, words: str) -> None:
    with pytest.raises(InvalidModel, match=re.escape(words)) as caught:
        Model(X, L, T, SHARE, Variable("Y", equation=equation))
    assert str(caught.value).startswith("The equation of 'Y': ")


@pytest.mark.parametrize(
    ("variable", "error", "words"),
    [
        (Variable("Y", equation="Xx + 1 * X"), UnknownName, "speaks of 'Xx', but the known names are"),
        (Variable("Y", equation="X + u_Y"), UnknownName, "speaks of 'u_Y'"),
        (Variable("Y", equation="X + v", noise="v"), UnknownName, "speaks of 'v'"),
        (Variable("Y", equation="L = c and X > 0"), UnknownState, "'c' is not a state of 'L'"),
        (Variable("Y", (0, 1), equation="X"), InvalidModel, "gives real numbers, and the states (0, 1) are declared"),
        (Variable("Y", (0, 1), noise=normal()), InvalidModel, "gives real numbers, and the states (0, 1)"),
        (Variable("Y", ("lo", "hi"), equation="'mid' if X > 0 else 'hi'"), InvalidModel, "can give 'mid'"),
        (
            Variable("Y", (0, 1), equation="(X > 0) + (X > 1)"),
            InvalidModel,
            "can give 2, which is not among its states",
        ),
        (Variable("Y", Real(0, 1), equation="5"), InvalidModel, "can give 5, and the numbers from 0 to 1 are declared"),
        (Variable("Y", Real(0, 1), equation="-exp(X) - 1"), InvalidModel, "lies between -inf and -1"),
        (Variable("Y", Real(), equation="'a' if X > 0 else 'b'"), InvalidModel, "gives labels"),
        (Variable("Y", Real(), noise=Categorical({"a": 1.0})), InvalidModel, "gives labels"),
        (Variable("Y", noise={"a": normal(), "b": normal()}), InvalidModel, "2 noises and no equation"),
        (Variable("Y", equation="2 * X", noise=normal()), InvalidModel, "has the noise 'u_Y', and its equation does"),
        (Variable("Y", equation="T + 1", noise=normal()), InvalidModel, "Write where it goes, as in '... + u_Y'"),
        (Variable("Y", table={0: [0.5, 0.5]}, parents=("X",)), InvalidModel, "has table= and a continuous input"),
        (Variable("Y", counts={0: [5, 5]}, parents=("X",)), InvalidModel, "has counts= and a continuous input"),
        (Variable("Y", function={0: 1}, parents=("X",)), InvalidModel, "has function= and a continuous input"),
        (Variable("Y", Real(), table=[0.5, 0.5]), InvalidModel, "Real() states"),
        (Variable("X", noise=normal()), InvalidModel, "The name 'X' is declared twice"),
        (Variable("u_X", noise=normal()), InvalidModel, "The name 'u_X' is declared twice"),
    ],
)
def test_a_variable_that_cannot_be_is_refused(variable: Variable, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=re.escape(words)):
        Model(X, L, T, SHARE, variable)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Real(1, 1), "holds no interval"),
        (lambda: Real(2, 1), "the lower end comes first"),
        (lambda: Real(math.nan), "the ends are numbers"),
        (lambda: Real("0", "1"), "the ends are numbers"),  # pyright: ignore[reportArgumentType]
        (lambda: normal(0, math.inf), "a parameter is a finite number"),
        (lambda: normal(math.nan), "a parameter is a finite number"),
        (lambda: ContinuousLaw("not a name"), "named by text such as 'Normal'"),
        (lambda: MultivariateNormal([0, 0], [[1, 2], [0, 1]]), "not symmetric"),
        (lambda: MultivariateNormal([0, 0], [[1, 2], [2, 1]]), "not positive semidefinite"),
        (lambda: MultivariateNormal([0], [[1, 0], [0, 1]]), "1 by 1 finite numbers are wanted"),
        (lambda: GaussianCopula([normal()], [[2.0]]), "ones on its diagonal"),
        (lambda: ContinuousNoise(("a", "a"), MultivariateNormal([0, 0], np.eye(2))), "different names"),
        (lambda: ContinuousNoise(("a",), MultivariateNormal([0, 0], np.eye(2))), "1 noises ('a',) and a law of 2"),
        (lambda: Variable("Y", mechanism=cast(Any, "2 * X")), "Linear(...), Additive(...) or another mechanism"),
    ],
)
def test_a_part_that_cannot_be_is_refused(make: Any, words: str) -> None:
    with pytest.raises(InvalidModel, match=re.escape(words)):
        make()


# ---------------------------------------------------------------------------------------------------------------------
# What they mean


def test_variables_mix() -> None:
    dose = Variable("dose", equation="exp(0.5 * X) * (2 if L = 'b' else 1) + u_dose", noise=normal())
    assert outcome(dose, X=[0.0, 2.0], L=[0, 1], u_dose=[0.5, -1.0]) == pytest.approx([1.5, 2 * math.e - 1])
    grade = Variable("grade", ("low", "high"), equation="high if X > 1 or T = 2 else low")
    assert outcome(grade, X=[0.0, 2.0, 0.0], T=[0, 0, 2]) == ["low", "high", "high"]
    assert outcome(Variable("Y", equation="T * X"), T=[2, 1], X=[3.0, 4.0]) == [6.0, 4.0]
    assert outcome(Variable("Y", Real(), equation="T"), T=[2, 1]) == [2.0, 1.0]
    assert outcome(Variable("Y", Real(), equation="X > 0"), X=[2.0, -1.0]) == [1.0, 0.0]


def test_a_finite_variable_of_a_continuous_one_is_finite_again() -> None:
    model = Model(X, Variable("H", ("lo", "hi"), equation="hi if X > 0 else lo"), Variable("W", equation="H = hi"))
    assert set(model.columnar) == {"X", "H"}
    assert set(model.mechanisms) == {"W"}
    assert model.states == {"H": ("lo", "hi"), "W": (False, True)}
    assert model.reals == {"X": Real()}
    assert not model.is_finite
    assert list(model.columnar) == ["X", "H"]


def test_noises_of_either_kind_may_stand_in_one_equation() -> None:
    y = Variable("Y", equation="X + (e if k else -e)", noise={"e": normal(), "k": Bernoulli(0.5)})
    assert outcome(y, X=[1.0, 1.0], e=[2.0, 2.0], k=[1, 0]) == [3.0, -1.0]
    assert Model(X, y).columnar["Y"].noises == ("k", "e")


def test_shared_and_dependent_noises_are_bidirected_edges() -> None:
    both = MultivariateNormal([0, 0, 0], [[1, 0.5, 0], [0.5, 1, 0], [0, 0, 1]])
    model = Model(
        ContinuousNoise(("a", "b", "c"), both),
        ContinuousNoise(("shared",), normal()),
        Noise("coin", Bernoulli(0.5)),
        Variable("A", equation="a"),
        Variable("B", equation="A + b"),
        Variable("C", equation="c + shared"),
        Variable("D", equation="shared if coin else 0"),
        Variable("E", equation="D if coin else 1"),
    )
    assert set(model.graph.edges) == {("A", "B"), ("D", "E")}
    assert {frozenset(pair) for pair in model.graph.confounded} == {frozenset(p) for p in ("AB", "CD", "DE")}


def test_a_law_that_is_not_known_has_a_range() -> None:
    model = Model(Variable("Y", noise=UnknownLaw(Real(0, 1))))
    assert model.domains == {"u_Y": Real(0, 1), "Y": Real()}


# ---------------------------------------------------------------------------------------------------------------------
# do


def chain() -> Model:
    """X -> M -> Y beside a choice."""
    return Model(
        X,
        L,
        Variable("M", Real(-5, 5), equation="min(max(X + u_M, -5), 5)", noise=normal()),
        Variable("H", ("low", "high"), equation="high if M > 0 and L = a else low"),
        Variable("Y", equation="M + (H = high) + u_Y", noise=normal()),
    )


def test_do_sets_a_continuous_variable_and_cuts_its_causes() -> None:
    done = chain().do(M=1.5)
    assert set(done.graph.edges) == {("M", "H"), ("L", "H"), ("M", "Y"), ("H", "Y")}
    assert done.domains["M"] == Real(-5, 5)
    assert "u_M" not in done.domains
    assert float(done.columnar["M"].forward({}, np)) == 1.5


def test_do_sets_a_finite_variable_of_continuous_causes() -> None:
    done = chain().do(H="high")
    assert done.states["H"] == ("low", "high")
    assert set(done.graph.edges) == {("X", "M"), ("M", "Y"), ("H", "Y")}
    assert "H" in done.mechanisms
    values = {"M": np.array([1.0]), "H": np.array([1]), "u_Y": np.array([0.5])}
    assert done.columnar["Y"].forward(values, np).tolist() == [2.5]


def test_do_twice_is_do_of_both() -> None:
    one, other = chain().do(M=1.5).do({"H": "low"}), chain().do(M=1.5, H="low")
    assert one.graph == other.graph
    assert one.domains == other.domains
    assert {n: str(m) for n, m in one.columnar.items()} == {n: str(m) for n, m in other.columnar.items()}


def test_do_keeps_a_noise_that_others_read() -> None:
    shared = Model(ContinuousNoise(("u",), normal()), Variable("A", equation="u"), Variable("B", equation="A + u"))
    done = shared.do(A=1)
    assert done.graph.confounded == ()
    assert done.columnar["B"].noises == ("u",)


@pytest.mark.parametrize("value", [np.float32(0.5), np.float64(0.25), np.int64(1), 0, 1.0])
def test_do_takes_numbers_of_an_array_library(value: Any) -> None:
    done = Model(SHARE, X).do(P=value)
    assert float(done.columnar["P"].forward({}, np)) == float(value)


@pytest.mark.parametrize(
    ("settings", "error", "words"),
    [
        ({"M": 6}, InvalidQuery, "do(M=6): 'M' takes the numbers from -5 to 5"),
        ({"M": "a"}, InvalidQuery, "do(M='a')"),
        ({"M": math.nan}, InvalidQuery, "do(M=nan)"),
        ({"X": math.inf}, InvalidQuery, "'X' takes the real numbers"),
        ({"X": 10**400}, InvalidQuery, "'X' takes the real numbers"),
        ({"X": True}, InvalidQuery, "do(X=True)"),
        ({"X": None}, InvalidQuery, "do(X=None)"),
        ({"X": [1.0]}, InvalidQuery, "do(X=[1.0])"),
        ({"H": 1.0}, UnknownState, "1.0 is not a state of 'H'"),
        ({"W": 1.0}, UnknownName, "do() speaks of 'W'"),
        ({"u_X": 1.0}, UnknownName, "do() speaks of 'u_X'"),
    ],
)
def test_do_refuses_what_a_variable_cannot_be(settings: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=re.escape(words)):
        chain().do(settings)


# ---------------------------------------------------------------------------------------------------------------------
# Queries about them


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("P(M = 6)", "'M' takes the numbers from -5 to 5, and 6 is none of them"),
        ("P(Y > 0 | M = 'a')", "'M' takes the numbers from -5 to 5, and 'a' is none of them"),
        ("P(Y[M=7] > 0)", "and 7 is none of them"),
        ("P(Y[M ~ {0: 1.0}] > 0)", "'M' is continuous: a law over states cannot be drawn for it"),
        ("P(Y[M=L] > 0)", "one of 'M' and 'L' is continuous"),
    ],
)
def test_a_query_of_what_cannot_be_is_refused(query: str, words: str) -> None:
    model = chain()
    with pytest.raises(InvalidQuery, match=re.escape(words)):
        read_query(query, model.states, model.reals)


def test_models_are_values() -> None:
    model = chain()
    again = pickle.loads(pickle.dumps(model))
    assert again == model
    assert again.domains == model.domains
    assert copy.deepcopy(model) == model
    assert hash(again) == hash(model)
