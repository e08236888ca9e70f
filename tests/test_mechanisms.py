"""Laws that every mechanism over columns keeps, whatever its class: each case below is put through all that apply."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats as scipy_stats

import scm.mechanisms
from scm import (
    Additive,
    Choice,
    ContinuousLaw,
    Flow,
    Function,
    InvalidModel,
    Linear,
    LocationScale,
    Model,
    Multiplicative,
    MultivariateNormal,
    Named,
    PostNonlinear,
    Quantile,
    Real,
    Threshold,
    UnknownName,
    UnknownState,
    Variable,
    normal,
    read_model,
)
from scm._sample_columns import sample_columns
from scm.mechanisms._check import checked_column
from scm.mechanisms._law_arrays import array_law, cdf, log_density
from scm.mechanisms._types import Conditional, Invertible, NeedsCoupling, NoiseGiven, Transporting
from scm.mechanisms._types import Linear as Affine

stats: Any = scipy_stats
anything: Any = scm
"""The package, untyped: for what a type checker would refuse."""
FALSE_ALARM = 1e-6
"""Chance that one right mechanism fails one statistical check; keys are fixed, so that a run repeats."""

UNIFORM, GUMBEL, LOGISTIC = ContinuousLaw("Uniform"), ContinuousLaw("Gumbel"), ContinuousLaw("Logistic")
GUMBELS = {"g_a": GUMBEL, "g_b": GUMBEL, "g_c": GUMBEL}


def bump(x: Any, h: Any, z: Any) -> Any:
    return jnp.sin(x) + 0.3 * h * h + z


def width(x: Any, h: Any, z: Any) -> Any:
    return jnp.exp(0.3 * x) + 0.1 * z


def weighted(w: Any, x: Any, h: Any, z: Any) -> Any:
    return w[0] * x + w[1] * h + w[2] * z


def cubic(x: Any, h: Any, z: Any, u: Any) -> Any:
    return x - z + u + (1 + h * h) * u**3


def falling(x: Any, u: Any) -> Any:
    return x - jnp.exp(u)


def falling_back(x: Any, y: Any) -> Any:
    return jnp.log(x - y)


def weibull(x: Any, u: Any) -> Any:
    return jnp.exp(0.3 * x) * (-jnp.log1p(-u)) ** 0.7


def shares(x: Any, h: Any, z: Any) -> Any:
    rows = jnp.stack([jnp.exp(0.5 * x), jnp.exp(-h), 1.0 + z])
    return rows / rows.sum(axis=0)


def flow() -> Any:
    from flowjax.bijections import MaskedAutoregressive, RationalQuadraticSpline

    spline = RationalQuadraticSpline(knots=4, interval=4)
    return MaskedAutoregressive(jax.random.key(1), transformer=spline, dim=1, cond_dim=2, nn_width=8, nn_depth=1)


ALL, XH = ("X", "H", "Z"), ("X", "H")
CASES: dict[str, Callable[[], Variable]] = {
    "linear": lambda: Variable(
        "Y", mechanism=Linear({"X": 0.7, "H": -0.4, "Z": 2.0}, constant=0.3), noise=normal(0, 2)
    ),
    "linear, no parent": lambda: Variable("Y", mechanism=Linear({}, 1.5), noise=LOGISTIC),
    "linear, noise with a coefficient": lambda: Variable(
        "Y", mechanism=Linear({"X": 1.0, "e": -2.0}), noise={"e": normal()}
    ),
    "additive formula": lambda: Variable("Y", mechanism=Additive("0.5*X*H + tanh(X)"), noise=normal()),
    "additive function": lambda: Variable("Y", mechanism=Additive(bump), parents=ALL, noise=normal()),
    "additive, parameters": lambda: Variable(
        "Y", mechanism=Additive(Named("w", weighted, np.array([0.3, 1.0, -2.0]))), parents=ALL, noise=normal()
    ),
    "location-scale formulas": lambda: Variable(
        "Y", mechanism=LocationScale("X*H", "exp(0.2*X) if Z > 0 else 0.5"), noise=ContinuousLaw("StudentT", df=3.0)
    ),
    "location-scale functions": lambda: Variable(
        "Y", mechanism=LocationScale(bump, width), parents=ALL, noise=LOGISTIC
    ),
    "location-scale, both kinds": lambda: Variable(
        "Y", mechanism=LocationScale("X*H + Z", width), parents=ALL, noise=GUMBEL
    ),
    "multiplicative formula": lambda: Variable(
        "Y", mechanism=Multiplicative("1 + X**2"), noise=ContinuousLaw("LogNormal")
    ),
    "multiplicative function": lambda: Variable("Y", mechanism=Multiplicative(width), parents=ALL, noise=normal()),
    "post-nonlinear formula": lambda: Variable("Y", mechanism=PostNonlinear("X - H", "exp"), noise=normal(0, 0.5)),
    "post-nonlinear name": lambda: Variable(
        "Y", mechanism=PostNonlinear(bump, "tanh"), parents=ALL, noise=normal(0, 0.3)
    ),
    "post-nonlinear function": lambda: Variable(
        "Y", mechanism=PostNonlinear("X", jnp.sinh, jnp.arcsinh), parents=("X",), noise=normal()
    ),
    "post-nonlinear, solved": lambda: Variable(
        "Y", mechanism=PostNonlinear(bump, lambda z: z + z**3), parents=ALL, noise=normal()
    ),
    "quantiles of a law": lambda: Variable(
        "Y", mechanism=Quantile("Weibull", {"concentration": "1.5 + Z", "scale": "exp(0.3*X)"}), noise=UNIFORM
    ),
    "quantiles of a normal law": lambda: Variable(
        "Y", mechanism=Quantile("Normal", {"loc": bump, "scale": width}), parents=ALL, noise=UNIFORM
    ),
    "quantile function": lambda: Variable("Y", mechanism=Quantile(weibull), parents=("X",), noise=UNIFORM),
    "function, solved": lambda: Variable("Y", mechanism=Function(cubic, monotone=True), parents=ALL, noise=normal()),
    "function, falling": lambda: Variable(
        "Y", mechanism=Function(falling, monotone=True), parents=("X",), noise=normal()
    ),
    "function with inverse": lambda: Variable(
        "Y", mechanism=Function(falling, falling_back), parents=("X",), noise=normal()
    ),
    "function, half line": lambda: Variable(
        "Y", mechanism=Function(lambda u: u * u, monotone=True), noise=ContinuousLaw("Exponential")
    ),
    "function": lambda: Variable(
        "Y", mechanism=Function(lambda x, u, v: x * u + v), parents=("X",), noise={"u": normal(), "v": LOGISTIC}
    ),
    "function of a state": lambda: Variable(
        "Y", ("no", "yes"), mechanism=Function(lambda x, u: x + u > 0), parents=("X",), noise=normal()
    ),
    "flow": lambda: Variable("Y", mechanism=Flow(flow()), parents=XH, noise=normal()),
    "threshold": lambda: Variable(
        "Y", ("low", "mid", "high"), mechanism=Threshold("0.8*X - Z", (-1.0, 0.5)), noise=normal()
    ),
    "threshold, logistic": lambda: Variable("Y", mechanism=Threshold(bump), parents=ALL, noise=LOGISTIC),
    "choice": lambda: Variable(
        "Y", ("a", "b", "c"), mechanism=Choice({"a": "X", "b": "H - Z", "c": 0.0}), noise=GUMBELS
    ),
    "choice, scaled": lambda: Variable(
        "Y",
        mechanism=Choice({"a": "X", "b": "0.5*Z"}),
        noise={"g_a": ContinuousLaw("Gumbel", loc=1.0, scale=2.0), "g_b": ContinuousLaw("Gumbel", loc=-0.5, scale=2.0)},
    ),
    "choice, normal noises": lambda: Variable(
        "Y", mechanism=Choice({"a": "X", "b": 0}), noise={"p": normal(), "q": normal()}
    ),
    "choice by utilities": lambda: Variable("Y", mechanism=Choice({"a": "X", "b": "H", "c": 0.0})),
    "choice by probabilities": lambda: Variable(
        "Y", ("a", "b"), mechanism=Choice(probabilities={"b": "1/(1 + exp(X))", "a": "1 - 1/(1 + exp(X))"})
    ),
    "choice by a function": lambda: Variable("Y", ("a", "b", "c"), mechanism=Choice(probabilities=shares), parents=ALL),
}


@dataclass(frozen=True)
class Case:
    """A mechanism with units: columns of what it reads and of the variable, and other parents."""

    model: Model
    how: Any
    values: dict[str, Any]
    value: Any
    other: dict[str, Any]

    @property
    def parents(self) -> dict[str, Any]:
        return {name: self.values[name] for name in self.how.parents}


_MADE: dict[str, Case] = {}


def case(name: str) -> Case:
    if name not in _MADE:
        model = Model(
            Variable("X", noise=normal()),
            Variable("H", equation="0.5*X + u_H", noise=normal()),
            Variable("Z", (0, 1, 3), table=[0.4, 0.3, 0.3]),
            CASES[name](),
        )
        how = model.columnar["Y"]
        units, others = (codes_of(model, 200, key) for key in (0, 1))
        values = {n: units[n] for n in (*how.parents, *how.noises)}
        _MADE[name] = Case(model, how, values, units["Y"], {n: others[n] for n in how.parents})
    return _MADE[name]


def codes_of(model: Model, n: int, key: int) -> dict[str, Any]:
    """Units with their noises, finite ones as positions."""
    parts = (model.noises, model.continuous_noises, model.mechanisms, model.columnar, model.domains, model.graph.order)
    units: dict[str, Any] = dict(sample_columns(*parts, n, key=key, noise=True))
    for name, states in model.states.items():
        units[name] = np.array([states.index(x) for x in units[name].tolist()])
    return units


INVERTIBLE = [name for name in CASES if isinstance(case(name).how, Invertible)]
CONDITIONAL = [name for name in CASES if isinstance(case(name).how, Conditional)]
NOISE_GIVEN = [name for name in CASES if isinstance(case(name).how, NoiseGiven)]


def test_every_class_has_a_case_and_every_capability_has_cases():
    classes = {n for n in dir(scm.mechanisms) if not n.startswith("_")} - {"Named", "annotations"}
    used = {type(make().mechanism).__name__ for make in CASES.values()}
    assert classes == used
    assert len(INVERTIBLE) == 23
    assert all(isinstance(case(name).how, Transporting) for name in INVERTIBLE)
    assert {n for n in CASES if isinstance(case(n).how, Affine)} == {n for n in CASES if n.startswith("linear")}
    assert {n for n in CASES if isinstance(case(n).how, NeedsCoupling)} == {
        n for n in CASES if n.startswith("choice by")
    }
    assert NOISE_GIVEN == ["threshold", "threshold, logistic", "choice", "choice, scaled"]


@pytest.mark.parametrize("name", INVERTIBLE)
def test_round_trip(name):
    c = case(name)
    (noise,) = c.how.noises
    found = c.how.noise_of(c.value, c.parents, np)
    np.testing.assert_allclose(found, c.values[noise], rtol=1e-7, atol=1e-9)
    again = c.how.forward({**c.parents, noise: found}, np)
    np.testing.assert_allclose(again, c.value, rtol=1e-12, atol=1e-13 if name != "flow" else 1e-6)


@pytest.mark.parametrize("name", INVERTIBLE)
def test_the_slope_is_that_of_the_inverse(name):
    c = case(name)
    h = 1e-5 * (1 + np.abs(c.value)) if name != "flow" else 1e-4
    inside = [c.how.noise_of(c.value + s * h, c.parents, np) for s in (-1, 1)]
    slope = np.abs(inside[1] - inside[0]) / (2 * h)
    found = np.exp(np.broadcast_to(c.how.log_slope(c.value, c.parents, np), c.value.shape))
    seen = np.isfinite(slope) & (found > 1e-6) & (found < 500)
    assert seen.mean() > 0.8
    np.testing.assert_allclose(found[seen], slope[seen], rtol=2e-3 if name != "flow" else 2e-2)


@pytest.mark.parametrize("name", INVERTIBLE)
def test_its_density_integrates_to_one(name):
    """The noise's density times the slope, over the values that ranks from 1e-5 to 1 - 1e-5 give one unit."""
    c = case(name)
    (noise,) = c.how.noises
    law = array_law(c.model.continuous_noises[-1].law)  # type: ignore[arg-type]
    ranks = 1 / (1 + np.exp(-np.linspace(-11.5, 11.5, 20_001)))
    u = law.quantile(ranks, np)
    parents = {n: np.broadcast_to(x[:1], u.shape) for n, x in c.parents.items()}
    y = np.asarray(c.how.forward({**parents, noise: u}, np))
    density = np.exp(log_density(c.model.continuous_noises[-1].law, u, np) + c.how.log_slope(y, parents, np))  # type: ignore[arg-type]
    assert abs(np.trapezoid(density, y)) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("name", INVERTIBLE)
def test_transport_is_the_same_noise_under_other_parents(name):
    c = case(name)
    (noise,) = c.how.noises
    want = c.how.forward({**c.other, noise: c.values[noise]}, np)
    found = c.how.transport(c.value, c.parents, c.other, np)
    np.testing.assert_allclose(found, want, rtol=1e-6, atol=1e-7 if name != "flow" else 1e-5)


@pytest.mark.parametrize("name", INVERTIBLE)
def test_equal_parents_give_the_value_bit_for_bit(name):
    """In double precision under `jit`: `test_numpy_and_jax_agree`."""
    c = case(name)
    same = {n: x.copy() for n, x in c.parents.items()}
    assert c.how.transport(c.value, c.parents, c.parents, np) is c.value
    assert np.array_equal(c.how.transport(c.value, c.parents, same, np), c.value)
    run = jax.jit(lambda v, a, b: c.how.transport(v, a, b, jnp))
    assert np.array_equal(run(c.value, c.parents, same), c.value.astype(np.float32))


def everything(c: Case, value: Any, values: Any, other: Any, same: Any, xp: Any) -> dict[str, Any]:
    """What every method gives."""
    if isinstance(c.how, NeedsCoupling):
        return {"laws": c.how.laws(values, xp), "log_probability": c.how.log_probability(value, values, xp)}
    found = {"forward": c.how.forward(values, xp)}
    if isinstance(c.how, Conditional):
        found["log_probability"] = c.how.log_probability(value, values, xp)
    if isinstance(c.how, Transporting):
        found["noise_of"] = c.how.noise_of(value, values, xp)
        found["log_slope"] = c.how.log_slope(value, values, xp)
        found["transport"] = c.how.transport(value, values, other, xp)
        found["same"] = c.how.transport(value, values, same, xp)
    return found


@pytest.mark.parametrize("name", CASES)
def test_numpy_and_jax_agree(name):
    c = case(name)
    same = {n: x.copy() for n, x in c.values.items()}
    mine = everything(c, c.value, c.values, c.other, same, np)
    with jax.enable_x64(True):
        theirs = jax.jit(lambda v, a, b, s: everything(c, v, a, b, s, jnp))(c.value, c.values, c.other, same)
    for method, found in mine.items():
        assert np.asarray(found).dtype.kind == np.asarray(theirs[method]).dtype.kind
        np.testing.assert_allclose(found, theirs[method], rtol=1e-8, atol=1e-9 if name != "flow" else 1e-6)
    if "same" in theirs:
        assert np.array_equal(theirs["same"], c.value)


@pytest.mark.parametrize("name", CASES)
def test_names_of_functions_and_instances_are_values(name):
    """Hashable, and equal to one made alike where it holds no array."""
    mechanism = CASES[name]().mechanism
    hash(mechanism)
    if "lambda" not in repr(mechanism) and name != "flow":
        assert mechanism == CASES[name]().mechanism


FUNCTIONS: dict[str, Any] = {
    f.__name__: f for f in (bump, width, cubic, falling, falling_back, weibull, shares, jnp.sinh, jnp.arcsinh)
} | {"w": weighted}


@pytest.mark.parametrize("name", CASES)
def test_files_keep_it(name, tmp_path):
    model = case(name).model
    if "lambda" in repr(model.items) and name != "flow":
        with pytest.raises(InvalidModel, match=r"Y\.mechanism"):
            model.to_json()
        return
    model.save(tmp_path / "model.safetensors")
    functions = {**FUNCTIONS, "Y.flow": flow()} if name == "flow" else FUNCTIONS
    backs = (
        read_model(tmp_path / "model.safetensors", functions=functions),
        Model.from_json(model.to_json(), functions=functions),
    )
    for back in backs:
        assert name == "flow" or back == model
        assert np.array_equal(back.sample(20, key=1)["Y"], model.sample(20, key=1)["Y"])


@pytest.mark.parametrize("name", CONDITIONAL)
def test_probabilities_sum_to_one_and_are_those_of_the_units(name):
    c, n = case(name), 20_000
    states = c.how.domain
    logs = np.stack([c.how.log_probability(np.full(len(c.value), k), c.parents, np) for k in range(len(states))])
    np.testing.assert_allclose(np.exp(logs).sum(axis=0), 1, rtol=1e-12)
    if isinstance(c.how, NeedsCoupling):
        np.testing.assert_allclose(np.exp(logs), c.how.laws(c.parents, np), rtol=1e-12)
        return
    noises = {name: np.asarray(x) for name, x in codes_of(c.model, n, 3).items() if name in c.how.noises}
    one = {name: np.broadcast_to(x[5:6], (n,)) for name, x in c.parents.items()}
    counts = np.bincount(c.how.forward({**one, **noises}, np), minlength=len(states))
    for k, count in enumerate(counts):
        assert stats.binomtest(int(count), n, float(np.exp(logs[k, 5]))).pvalue > FALSE_ALARM


@pytest.mark.parametrize("name", NOISE_GIVEN)
def test_noise_in_hindsight_gives_the_value(name):
    c = case(name)
    big = {n: np.tile(x, 50) for n, x in c.parents.items()}
    value = np.tile(c.value, 50)
    for double in (True, False):
        with jax.enable_x64(double):
            arrays = {n: jnp.asarray(x) for n, x in big.items()}
            drawn = jax.jit(c.how.noise_given)(jnp.asarray(value), arrays, jax.random.key(2))
            assert np.array_equal(c.how.forward({**arrays, **drawn}, jnp), value)


@pytest.mark.parametrize("name", NOISE_GIVEN)
def test_noise_in_hindsight_has_the_law_of_units_that_took_the_value(name):
    """Beside rejection: noises drawn beforehand, of units that then took the state; Kolmogorov and Smirnov's test."""
    c, n = case(name), 40_000
    before = {u: x for u, x in codes_of(c.model, n, 4).items() if u in c.how.noises}
    one = {p: np.broadcast_to(x[7:8], (n,)) for p, x in c.parents.items()}
    took = c.how.forward({**one, **before}, np)
    for state in range(len(c.how.domain)):
        kept = {u: x[took == state] for u, x in before.items()}
        if len(next(iter(kept.values()))) < 500:
            continue
        with jax.enable_x64(True):
            drawn = c.how.noise_given(
                jnp.full(n, state), {p: jnp.asarray(x) for p, x in one.items()}, jax.random.key(5)
            )
        for u, x in kept.items():
            assert stats.ks_2samp(np.asarray(drawn[u]), x).pvalue > FALSE_ALARM
        if len(kept) > 1:  # the noises together: their differences, too
            a, b, *_ = kept
            assert stats.ks_2samp(np.asarray(drawn[a] - drawn[b]), kept[a] - kept[b]).pvalue > FALSE_ALARM


def test_noise_in_hindsight_runs_unit_by_unit():
    """Under `vmap` with a key for each unit, as samplers call it."""
    c = case("choice")
    keys = jax.random.split(jax.random.key(0), len(c.value))
    arrays = {n: jnp.asarray(x) for n, x in c.parents.items()}
    found = jax.vmap(lambda v, a, k: c.how.noise_given(v, a, k))(jnp.asarray(c.value), arrays, keys)
    assert np.array_equal(c.how.forward({**arrays, **found}, jnp), c.value)


def test_a_far_tail_of_a_threshold_has_its_probability_and_noise():
    c = case("threshold")
    parents = {"X": np.array([-30.0, 40.0]), "Z": np.array([0, 0])}
    value = np.array([2, 0])
    found = c.how.log_probability(value, parents, np)
    np.testing.assert_allclose(found, stats.norm.logsf([0.5 + 24, 1 + 32.0]), rtol=1e-9)
    with jax.enable_x64(True):
        arrays = {n: jnp.asarray(x) for n, x in parents.items()}
        drawn = c.how.noise_given(jnp.asarray(value), arrays, jax.random.key(0))
        assert np.array_equal(c.how.forward({**arrays, **drawn}, jnp), value)
        # The noise beyond a far cut is about exponential with the cut as its rate.
        assert 24.5 < float(drawn["u_Y"][0]) < 25.5


# ---------------------------------------------------------------------------------------------------------------------
# Outside the range


def how(mechanism: Any, noise: Any = None, parents: Any = ("X",), states: Any = None) -> Any:
    items = [Variable("X", noise=normal()), Variable("L", ("p", "q"), table=[0.5, 0.5])]
    return Model(*items, Variable("Y", states, mechanism=mechanism, parents=parents, noise=noise)).columnar["Y"]


@pytest.mark.parametrize(
    ("mechanism", "noise", "x", "y"),
    [
        (Multiplicative("X"), normal(), 0.0, 1.0),
        (Multiplicative(lambda x: x), normal(), 0.0, 1.0),
        (LocationScale(1.0, lambda x: x), normal(), 0.0, 1.0),
        (PostNonlinear("X", "exp"), normal(), 0.0, -1.0),
        (PostNonlinear(lambda x: x, "tanh"), normal(), 0.0, 1.5),
        (PostNonlinear("X", jnp.exp), normal(), 0.0, -1.0),
        (PostNonlinear("X", jnp.exp, jnp.log), normal(), 0.0, -1.0),
        (Quantile("Exponential", {"rate": "exp(X)"}), UNIFORM, 0.0, -1.0),
        (Quantile("Exponential", {"rate": "X"}), UNIFORM, -1.0, 1.0),
        (Quantile("Uniform", {"low": "X", "high": 0}), UNIFORM, 1.0, 0.5),
        (Function(falling, falling_back), normal(), 1.0, 2.0),
        (Function(falling, monotone=True), normal(), 1.0, 2.0),
        (Function(falling, lambda x, y: y), normal(), 1.0, 0.5),  # an inverse that is none
    ],
)
def test_a_value_that_no_noise_gives_has_none(mechanism, noise, x, y):
    bound = how(mechanism, noise)
    for xp in (np, jnp):
        columns = {"X": xp.asarray([x])}
        assert np.isnan(bound.noise_of(xp.asarray([y]), columns, xp)).all()
        assert np.isnan(bound.log_slope(xp.asarray([y]), columns, xp)).all()
        assert np.isnan(bound.transport(xp.asarray([y]), columns, {"X": xp.asarray([x + 0.5])}, xp)).all()


def test_a_rank_that_rounds_to_one_keeps_its_tail_in_transport():
    bound = how(Quantile("Normal", {"loc": "X"}), UNIFORM)
    old, new = {"X": np.array([0.0])}, {"X": np.array([1.0])}
    np.testing.assert_allclose(bound.transport(np.array([20.0]), old, new, np), [21.0], rtol=1e-9)
    assert 0 < bound.noise_of(np.array([20.0]), old, np)[0] < 1


# ---------------------------------------------------------------------------------------------------------------------
# Bad input


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Linear({"X": float("nan")}), "coefficient of 'X'"),
        (lambda: anything.Linear({"X": "1"}), "coefficient of 'X'"),
        (lambda: anything.Additive(None), "mean of Additive is None"),
        (lambda: Additive(float("inf")), "mean of Additive is inf"),
        (lambda: PostNonlinear("X", "sinh"), "outer='sinh'"),
        (lambda: PostNonlinear("X", "exp", jnp.log), "without an inverse"),
        (lambda: Quantile("Gama", {}), "Did you mean 'Gamma'"),
        (lambda: Quantile("Normal", {"mean": 0}), "no parameter 'mean'"),
        (lambda: Quantile("Gamma", {}), "needs concentration="),
        (lambda: Quantile("VonMises", {"loc": 0, "concentration": 1}), "VonMises"),
        (lambda: Threshold("X", (1.0, 1.0)), "every cut is above"),
        (lambda: Threshold("X", ()), "at least one"),
        (lambda: Choice({"a": 1}), "two states"),
        (lambda: Choice({"a": 1, "b": 0}, probabilities={"a": 1, "b": 0}), "one of them"),
        (lambda: Choice(), "one of them"),
        (lambda: anything.Choice("ab"), "{state: map}"),
        (lambda: Flow(3), "flowjax"),
        (lambda: Named("a b", bump), "letters"),
        (lambda: anything.Function("X"), "a Python function"),
    ],
)
def test_a_mechanism_that_cannot_be_is_refused_at_once(make, says):
    with pytest.raises(InvalidModel, match=says):
        make()


@pytest.mark.parametrize(
    ("arguments", "says", "kind"),
    [
        ((Additive("X"), {"a": normal(), "b": normal()}), "2 noises", InvalidModel),
        ((Additive("X"),), "0 noises", InvalidModel),
        ((Additive("X + u_Y"), normal(), None), "reads the noise 'u_Y'", InvalidModel),
        ((Additive("X + W"), normal()), "'W'", UnknownName),
        ((Additive("X + L"), normal()), "reads 'L' in a formula", InvalidModel),
        ((Additive("X + L"), normal(), None), "'L' has labels|label", InvalidModel),
        ((Additive("X"), normal(), None, ("a", "b")), "gives real numbers", InvalidModel),
        ((Linear({"W": 1.0}), normal(), None), "'W'", UnknownName),
        ((Linear({}), normal()), "no coefficient", InvalidModel),
        ((Quantile("Normal"), normal()), "between 0 and 1", InvalidModel),
        ((Threshold("X"), normal(), None, ("a", "b", "c")), "1 cuts; 2 are wanted", InvalidModel),
        ((Threshold("X"), normal(), None, Real()), "declared Real", InvalidModel),
        ((Choice({"a": 0, "b": "X"}), GUMBELS, None), "2 states", InvalidModel),
        ((Choice({"a": 0, "b": "X"}), None, None, ("a", "c")), "'b' is not a state", UnknownState),
        ((Choice({"a": 0, "b": "X"}), None, None, ("a", "b", "c")), "state 'c'", InvalidModel),
        ((Choice(probabilities={"a": 0, "b": "X"}), normal(), None), "nothing reads", InvalidModel),
        ((Choice(probabilities=shares), None, ("X",)), "Declare them", InvalidModel),
    ],
)
def test_a_mechanism_that_does_not_fit_its_variable_is_refused(arguments, says, kind):
    with pytest.raises(kind, match=says):
        how(*arguments)


def test_a_flow_must_fit_its_parents_and_its_noise():
    from flowjax.distributions import Normal, StudentT, Transformed

    with pytest.raises(InvalidModel, match="1 parents"):
        how(Flow(flow()), normal())
    items = [Variable("X", noise=normal()), Variable("H", noise=normal())]
    for base, noise in ((StudentT(jnp.ones(1)), normal()), (Normal(jnp.zeros(1)), normal(0, 2))):
        with pytest.raises(InvalidModel, match="standard normal"):
            Model(*items, Variable("Y", mechanism=Flow(Transformed(base, flow())), parents=XH, noise=noise))
    whole = Flow(Transformed(Normal(jnp.zeros(1)), flow()))
    model = Model(*items, Variable("Y", mechanism=whole, parents=XH, noise=normal()))
    units = model.sample(50, key=0)
    found = model.columnar["Y"].noise_of(units["Y"], units, np)  # type: ignore[attr-defined]
    np.testing.assert_allclose(
        model.columnar["Y"].forward({**units, "u_Y": found}, np), units["Y"], rtol=1e-5, atol=1e-6
    )


def raises(x: Any) -> Any:
    raise KeyError("inside")


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (raises, "mean of 'Y', the function raises, failed: KeyError"),
        (lambda x, y: x, "failed: TypeError"),
        (lambda x: x[:, None] * jnp.ones(3), r"shape \(20, 3\)"),
        (lambda x: x[:3], r"shape \(3,\)"),
        (lambda x: "text", "<U4; numbers are wanted"),
        (lambda x: x / 0, r"gave (inf|-inf) in row 1 \(and 19 more\)"),
        (lambda x: jnp.where(x > 1.0, jnp.nan, x), r"'Y' gave nan in row \d+"),
    ],
)
def test_a_function_that_goes_wrong_is_named(function, says):
    model = Model(
        Variable("X", noise=normal()), Variable("Y", mechanism=Additive(function), parents=("X",), noise=normal())
    )
    with pytest.raises(InvalidModel, match=says):
        model.sample(20, key=0)


@pytest.mark.parametrize(
    ("mechanism", "says"),
    [
        (Choice(probabilities={"a": "X", "b": "1 - X"}), r"probabilities \[.*\] in row \d+ for X = "),
        (Choice(probabilities={"a": 0.5, "b": 0.4}), r"probabilities \[0.5, 0.4\] in row 1"),
        (Choice(probabilities=lambda x: jnp.stack([x, x, x])), r"shape \(3, 20\)"),
        (Function(lambda x: x), r"'Y' gave -1 in row 1 "),
        (Function(lambda x: 0 * x + 2), r"'Y' gave 2 in row 1 "),
    ],
)
def test_states_that_go_wrong_are_named(mechanism, says):
    model = Model(Variable("X", noise=normal()), Variable("Y", ("a", "b"), mechanism=mechanism, parents=("X",)))
    with pytest.raises(InvalidModel, match=says):
        model.sample(20, key=0)


@pytest.mark.parametrize(
    ("found", "domain", "says"),
    [
        (np.array([1.0, np.nan, np.inf]), None, r"gave nan in row 12 \(and 1 more\)"),
        (np.array([1.0, 2.0]), None, r"shape \(2,\)"),
        (np.array([1.0, -2.0, 3.0]), Real(0), r"gave -2.0 in row 12, and 'Y' is declared as"),
        (np.array([0, 2, 1]), ("a", "b"), "gave 2 in row 12"),
        (np.array([0.0, 1.0, 1.0]), ("a", "b"), "floats"),
        (["a", "b", "c"], None, "numbers are wanted"),
    ],
)
def test_columns_are_checked(found, domain, says):
    with pytest.raises(InvalidModel, match=says):
        checked_column("Y", found, 3, domain, first=11)


def test_one_number_stands_for_every_row():
    assert checked_column("Y", jnp.float32(2.5), 3).tolist() == [2.5] * 3


def test_a_noise_that_others_share_is_no_law_of_one_variable():
    """The threshold's noise is correlated with another: its probability given the parents is not that of its margin."""
    from scm import ContinuousNoise

    model = Model(
        ContinuousNoise(("e", "f"), MultivariateNormal((0, 0), [[1, 0.5], [0.5, 1]])),
        Variable("X", noise="e"),
        Variable("Y", mechanism=Threshold("X"), noise="f"),
    )
    assert not isinstance(model.columnar["Y"], Conditional)
    assert set(model.sample(30, key=0)["Y"]) == {False, True}


def test_the_order_of_states_is_that_of_the_variable():
    one, two = (
        Variable("Y", states, mechanism=Choice({"a": "X", "b": 0.0}))
        for states in (("a", "b"), ("b", "a"))
    )  # fmt: skip
    x = {"X": np.array([0.3, -1.0])}
    laws = [Model(Variable("X", noise=normal()), v).columnar["Y"].laws(x, np) for v in (one, two)]  # type: ignore[attr-defined]
    np.testing.assert_array_equal(laws[0], laws[1][::-1])
    np.testing.assert_allclose(laws[0][0], 1 / (1 + np.exp(-x["X"])), rtol=1e-12)


def test_draws_of_a_quantile_mechanism_have_its_law():
    model = Model(Variable("Y", mechanism=Quantile("Gamma", {"concentration": 2.5, "rate": 0.5}), noise=UNIFORM))
    drawn = model.sample(5000, key=9)["Y"]
    law = ContinuousLaw("Gamma", concentration=2.5, rate=0.5)
    assert stats.kstest(drawn, lambda y: cdf(law, y, np)).pvalue > FALSE_ALARM
