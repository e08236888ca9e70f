"""Formulas over columns: what each one claims that it can do holds, against an evaluator of the tests' own.

Formulas here are nested tuples: `("+", ("var", "X"), ("num", 2.0))`. The engine reads them as text; the evaluator walks
them, one unit at a time, with `math` or in rational numbers.
"""

import math
import random
from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import scm
from scm import Bernoulli, Categorical, ContinuousLaw, ContinuousNoise, Model, Real, UnknownLaw, Variable, normal
from scm.mechanisms._formula import Formula, solved_for
from scm.mechanisms._ranges import range_of
from scm.mechanisms._types import Invertible, Linear, Transporting

Tree = tuple[Any, ...]
UNITS = 60
U: Tree = ("var", "u_Y")
STATES: Mapping[str, tuple[Any, ...]] = {"T": (0, 1, 2.5), "B": (False, True), "L": ("a", "b", "c")}
INFIX = {"+", "*", "/", "**", "<", ">", "and", "or"}


# ---------------------------------------------------------------------------------------------------------------------
# The tests' own evaluator


def text_of(tree: Tree) -> str:
    """A tree in the text of the engine, everything in brackets."""
    kind, *parts = tree
    match kind:
        case "var":
            return str(parts[0])
        case "num":
            return f"({parts[0]!r})"
        case "neg":
            return f"(-{text_of(parts[0])})"
        case "is":
            return f"({parts[0]} = {parts[1]!r})"
        case "if":
            return f"({text_of(parts[1])} if {text_of(parts[0])} else {text_of(parts[2])})"
        case _ if kind in INFIX:
            return f"({f' {kind} '.join(map(text_of, parts))})"
        case _:
            return f"{kind}({', '.join(map(text_of, parts))})"


class Wild(ArithmeticError):
    """A number on the way is too large or too small for a comparison of floats to mean something."""


def tame(x: Any) -> Any:
    """`x`, if it is of a usual size."""
    if isinstance(x, bool) or x == 0 or 1e-4 < abs(x) < 1e4:
        return x
    raise Wild


def value_of(tree: Tree, unit: Mapping[str, Any]) -> Any:
    """The value of a tree for one unit.

    Raises:
        Wild, ValueError, ZeroDivisionError: it has none, or none that floats compare well.
    """
    kind, *parts = tree
    match kind:
        case "var":
            return unit[parts[0]]
        case "num":
            return parts[0]
        case "is":
            return unit[parts[0]] == parts[1]
        case "if":
            return value_of(parts[1] if value_of(parts[0], unit) else parts[2], unit)
    found = [value_of(part, unit) for part in parts]
    return tame(OPERATIONS[kind](*found))


def _power(base: Any, exponent: Any) -> Any:
    if base == 0 or (base < 0 and exponent != int(exponent)):
        raise Wild
    return base**exponent


OPERATIONS: Mapping[str, Any] = {
    "+": lambda *x: sum(x), "*": lambda *x: math.prod(x), "/": lambda a, b: a / b, "**": _power, "neg": lambda x: -x,
    "exp": math.exp, "log": math.log, "sqrt": math.sqrt, "sin": math.sin, "cos": math.cos, "abs": abs,
    "tanh": lambda x: math.tanh(x) if abs(x) < 4 else tame(math.inf), "min": min, "max": max,
    "<": lambda a, b: a < b, ">": lambda a, b: a > b, "and": lambda a, b: a and b, "or": lambda a, b: a or b,
}  # fmt: skip


# ---------------------------------------------------------------------------------------------------------------------
# Models and columns


def model_of(equation: str, law: object = None, **more: Any) -> Model:
    """`Y` by an equation of continuous X, Z and P (positive), of finite T, B and L, and of its noise u_Y."""
    finite = [Variable(n, s, noise=Categorical(dict.fromkeys(s, 1 / len(s)))) for n, s in STATES.items()]
    real = [Variable(n, noise=normal()) for n in ("X", "Z")]
    positive = Variable("P", Real(0.5, 3), equation="u_P", noise=ContinuousLaw("Uniform", low=0.5, high=3))
    if law is None and "u_Y" in equation:
        law = normal()
    return Model(*finite, *real, positive, Variable("Y", equation=equation, noise=law, **more))


def formula(equation: str, law: object = None, **more: Any) -> Any:
    """The mechanism of `Y` in `model_of`."""
    return model_of(equation, law, **more).columnar["Y"]


@cache
def columns(seed: int) -> dict[str, np.ndarray]:
    """Parents and noise of a few units."""
    rng = np.random.default_rng(seed)
    found: dict[str, np.ndarray] = {n: rng.normal(size=UNITS) for n in ("X", "Z", "u_Y")}
    found["P"] = rng.uniform(0.5, 3, UNITS)
    return found | {n: rng.integers(0, len(s), UNITS) for n, s in STATES.items()}


def unit_of(values: Mapping[str, np.ndarray], i: int) -> dict[str, Any]:
    """One unit as plain values, finite variables as their states."""
    return {n: STATES[n][int(c[i])] if n in STATES else float(c[i]) for n, c in values.items()}


def expected(tree: Tree, values: Mapping[str, np.ndarray]) -> np.ndarray:
    """What the tests' own evaluator gives for each unit; NaN where floats would not compare well."""
    out = np.full(UNITS, np.nan)
    for i in range(UNITS):
        try:
            out[i] = value_of(tree, unit_of(values, i))
        except (Wild, ValueError, ZeroDivisionError, OverflowError):
            continue
    return out


# ---------------------------------------------------------------------------------------------------------------------
# Random formulas


OTHERS = ("sin", "cos", "abs", "min", "max", "if")


def of_parents(rng: random.Random, depth: int) -> Tree:
    """A number made of parents."""
    if depth == 0 or rng.random() < 0.3:
        return rng.choice([("var", n) for n in ("X", "Z", "P", "T", "B")] + [("num", rng.choice([2.0, -0.5, 3.0]))])
    return random_tree(rng, [of_parents(rng, depth - 1) for _ in range(3)])


def random_tree(rng: random.Random, parts: list[Tree]) -> Tree:
    """An operation on some of `parts`, the first of them among its arguments."""
    op = rng.choice(["+", "+", "*", "*", "/", "**", "neg", "exp", "log", "sqrt", "tanh", *OTHERS])
    two = parts[:2] if rng.random() < 0.5 else parts[1::-1]
    match op:
        case "+" | "*" | "/" | "min" | "max":
            return (op, *two)
        case "**":
            exponent = rng.choice([("num", p) for p in (2, 3, -1, -2, 0.5, 1 / 3)] + [("num", 1)])
            return (op, parts[0], exponent) if rng.random() < 0.7 else (op, ("var", "P"), parts[0])
        case "if":
            about = rng.choice([("is", "L", "b"), (">", parts[2], ("num", 0.1)), ("and", ("var", "B"), ("is", "T", 1))])
            return (op, about, *two)
        case _:
            return (op, parts[0])


def with_noise(rng: random.Random, depth: int, curves: bool = True) -> Tree:
    """A formula with the noise in it once."""
    tree = U
    for _ in range(rng.randint(1, depth)):
        others = [of_parents(rng, rng.randint(0, 2)) for _ in range(2)]
        if curves and rng.random() < 0.35:  # what can be undone more often than chance would have it
            tree = (rng.choice(["exp", "tanh", "log"]), tree) if rng.random() < 0.6 else ("**", tree, ("num", 3))
        else:
            tree = random_tree(rng, [tree, *others])
    return tree


SEEDS = range(150)


@cache
def drawn(seed: int) -> tuple[Tree, Any, dict[str, np.ndarray]]:
    """A random formula, its mechanism and columns."""
    rng = random.Random(seed)
    while True:
        tree = with_noise(rng, 4)
        try:
            return tree, formula(text_of(tree)), columns(seed % 7)
        except scm.InvalidModel as wrong:
            if "negative number" not in str(wrong):  # one in it that has no root: rightly refused
                raise


@pytest.mark.parametrize("seed", SEEDS)
def test_the_columns_are_what_the_formula_means(seed: int) -> None:
    tree, mechanism, values = drawn(seed)
    wanted = expected(tree, values)
    known = ~np.isnan(wanted)
    found = np.asarray(mechanism.forward(values, np), dtype=float)
    np.testing.assert_allclose(np.broadcast_to(found, UNITS)[known], wanted[known], rtol=1e-8)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_called_invertible_gives_the_noise_back(seed: int) -> None:
    tree, mechanism, values = drawn(seed)
    if not isinstance(mechanism, Invertible):
        return
    assert isinstance(mechanism, Transporting)
    known = ~np.isnan(expected(tree, values))
    value = mechanism.forward(values, np)
    found = mechanism.noise_of(value, values, np)
    # As far as floats determine it: the last digits of the value, times how much the noise answers to it.
    slope = np.exp(mechanism.log_slope(value, values, np))
    off = np.abs(found - values["u_Y"]) > 1e-9 + 1e-10 * slope * np.abs(value)
    nothing = np.isnan(found) & (expected(("*", tree, ("num", 1.0)), values) == 0)  # a factor of 0 hides the noise
    assert not (known & off & ~nothing).any(), text_of(tree)
    lost = known & np.isnan(found)
    step = {**values, "u_Y": values["u_Y"] + 0.5}
    with np.errstate(all="ignore"):
        still = mechanism.forward(step, np) == value
    assert (~lost | still).all(), "a noise that shows was not told"


@pytest.mark.parametrize("seed", SEEDS)
def test_the_slope_is_the_derivative(seed: int) -> None:
    tree, mechanism, values = drawn(seed)
    if not isinstance(mechanism, Invertible):
        return
    h = 1e-5
    ends = [expected(tree, {**values, "u_Y": values["u_Y"] + d}) for d in (h, -h)]
    value = mechanism.forward(values, np)
    found = mechanism.log_slope(value, values, np)
    assert np.ndim(found) == 0 or (np.isnan(found) == np.isnan(mechanism.noise_of(value, values, np))).all()
    found = np.broadcast_to(found, UNITS)
    with np.errstate(all="ignore"):
        rise = np.abs(ends[0] - ends[1]) / (2 * h)
        fair = (rise > 1e-3) & (rise < 1e3) & ~np.isnan(found)
        np.testing.assert_allclose(found[fair], -np.log(rise[fair]), atol=2e-3)


@pytest.mark.parametrize("seed", SEEDS)
def test_transport_is_what_the_noise_would_have_given(seed: int) -> None:
    tree, mechanism, values = drawn(seed)
    if not isinstance(mechanism, Transporting):
        return
    new = {**columns(seed % 7 + 7), "u_Y": values["u_Y"]}
    wanted, known = expected(tree, new), ~np.isnan(expected(tree, values))
    value = mechanism.forward(values, np)
    found = mechanism.transport(value, values, new, np)
    fair = known & ~np.isnan(wanted) & ~np.isnan(mechanism.noise_of(value, values, np))
    fair &= np.exp(mechanism.log_slope(value, values, np)) < 1e3
    fair &= np.exp(mechanism.log_slope(wanted, new, np)) > 1e-3
    np.testing.assert_allclose(found[fair], wanted[fair], rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("seed", SEEDS[:40])
def test_equal_parents_give_the_value_bit_for_bit(seed: int) -> None:
    _, mechanism, values = drawn(seed)
    if not isinstance(mechanism, Transporting):
        return
    value = np.random.default_rng(seed).normal(size=UNITS)
    value[:2] = 0.0, -0.0
    again = {n: c.copy() for n, c in values.items()}
    assert mechanism.transport(value, values, again, np).tobytes() == value.tobytes()
    assert mechanism.transport(value, values, values, np).tobytes() == value.tobytes()
    with jax.enable_x64(True):
        compiled = jax.jit(lambda v, old, new: mechanism.transport(v, old, new, jnp))
        found = compiled(*jax.tree.map(jnp.asarray, (value, values, again)))
        assert np.asarray(found).tobytes() == value.tobytes()


def test_equal_parents_of_an_affine_formula_leave_even_the_sign_of_nothing() -> None:
    mechanism = formula("2 * X - 0.3 * Z + T / 3 - u_Y")
    values, value = columns(3), np.array([0.0, -0.0, 1e-300, -1e300, 0.1, 3.0] * 10)
    again = {n: c.copy() for n, c in values.items()}
    assert mechanism.transport(value, values, again, np).tobytes() == value.tobytes()
    with jax.enable_x64(True):
        compiled = jax.jit(lambda v, old, new: mechanism.transport(v, old, new, jnp))
        found = compiled(*jax.tree.map(jnp.asarray, (value, values, again)))
        assert np.asarray(found).tobytes() == value.tobytes()


@pytest.mark.parametrize("seed", SEEDS)
def test_values_lie_in_the_range(seed: int) -> None:
    tree, mechanism, values = drawn(seed)
    lower, upper = range_of(mechanism.expr, mechanism.scope)
    found = expected(tree, values)
    found = found[~np.isnan(found)]
    assert (found >= lower - 1e-9 * abs(lower)).all()
    assert (found <= upper + 1e-9 * abs(upper)).all()


@pytest.mark.parametrize(
    ("equation", "lower", "upper"),
    [
        ("max(X, P) + u_Y ** 2", 0.5, math.inf),
        ("min(P, 1) * tanh(u_Y)", -1, 1),
        ("P - 2 * T + 0 * u_Y", -4.5, 3),
        ("1 / (P + exp(u_Y))", 0, 2),
        ("(P if B else 5) * sqrt(abs(u_Y))", 0, math.inf),
        ("1 / u_Y", -math.inf, math.inf),
        ("sin(u_Y) - cos(X) + (X > 0)", -2, 3),
        ("log(P) + u_Y * 0", math.log(0.5), math.log(3)),
    ],
)
def test_ranges_are_close(equation: str, lower: float, upper: float) -> None:
    mechanism = formula(equation)
    assert range_of(mechanism.expr, mechanism.scope) == (lower, upper)


@pytest.mark.parametrize("seed", SEEDS[:40])
def test_numpy_and_jax_agree(seed: int) -> None:
    tree, mechanism, values = drawn(seed)
    known = ~np.isnan(expected(tree, values))
    value = np.broadcast_to(mechanism.forward(values, np), UNITS)
    with jax.enable_x64(True):
        on_jax = jax.tree.map(jnp.asarray, values)
        found = np.broadcast_to(np.asarray(mechanism.forward(on_jax, jnp)), UNITS)
        np.testing.assert_allclose(found[known], value[known], rtol=1e-8)
        if isinstance(mechanism, Invertible):
            other = np.asarray(mechanism.noise_of(jnp.asarray(value), on_jax, jnp))
            own = mechanism.noise_of(value, values, np)
            fair = known & (np.exp(mechanism.log_slope(value, values, np)) < 1e3)
            np.testing.assert_allclose(other[fair], own[fair], rtol=1e-7, atol=1e-9)


# ---------------------------------------------------------------------------------------------------------------------
# Affine formulas


def random_affine(rng: random.Random, depth: int) -> Tree:
    """A formula of sums and of factors that are numbers."""
    if depth == 0:
        return ("var", rng.choice(["X", "Z", "P", "T", "B", "u_Y"]))
    inner = random_affine(rng, depth - 1)
    number = ("num", rng.choice([2, 0.25, -3, 4]))
    match rng.choice(["+", "+", "sub", "*", "/", "neg"]):
        case "+":
            return ("+", inner, random_affine(rng, depth - 1))
        case "sub":
            return ("+", number, ("neg", inner))
        case "*":
            return ("*", number, inner) if rng.random() < 0.5 else ("*", inner, number)
        case "/":
            return ("/", inner, number)
        case _:
            return ("neg", inner)


@pytest.mark.parametrize("seed", range(60))
def test_coefficients_are_finite_differences(seed: int) -> None:
    rng = random.Random(seed)
    tree = ("+", random_affine(rng, 4), ("num", rng.choice([0, 1.5])))
    mechanism = formula(text_of(tree) + " + 0 * X")  # X makes it a formula over columns
    assert isinstance(mechanism, Linear), text_of(tree)
    names = ("X", "Z", "P", "T", "B", "u_Y")
    nothing: dict[str, Fraction] = {n: Fraction(0) for n in names}
    origin = value_exactly(tree, nothing)
    found = mechanism.affine()
    assert found.constant == pytest.approx(float(origin), rel=1e-12, abs=1e-12)
    for name in names:
        slope = value_exactly(tree, {**nothing, name: Fraction(1)}) - origin
        assert found.coefficients.get(name, 0.0) == pytest.approx(float(slope), rel=1e-12, abs=1e-12)
    assert set(found.coefficients) == {*mechanism.parents, *mechanism.noises}


def value_exactly(tree: Tree, unit: Mapping[str, Fraction]) -> Fraction:
    """The value of an affine tree in rational numbers."""
    kind, *parts = tree
    if kind == "var":
        return unit[parts[0]]
    if kind == "num":
        return Fraction(parts[0])
    found = [value_exactly(part, unit) for part in parts]
    exact = {"+": lambda a, b: a + b, "*": lambda a, b: a * b, "/": lambda a, b: a / b, "neg": lambda a: -a}
    return exact[kind](*found)


# ---------------------------------------------------------------------------------------------------------------------
# What each formula can do


@pytest.mark.parametrize(
    ("equation", "law", "can"),
    [
        ("X + u_Y", None, "linear invertible"),
        ("u_Y", None, "linear invertible"),
        ("2 * (X - u_Y / 4) + B", None, "linear invertible"),
        ("u_Y + X + u_Y", None, "linear invertible"),
        ("u_Y - u_Y + X", None, "linear"),
        ("X + a + b", {"a": normal(), "b": normal()}, "linear"),
        ("X * a + b", {"a": normal(), "b": normal()}, ""),
        ("X * u_Y", None, "invertible"),
        ("X * Z + u_Y", None, "invertible"),
        ("(L = 'a') * X + (1 + P) * u_Y", None, "invertible"),
        ("exp(X + u_Y)", None, "invertible"),
        ("(X + u_Y) ** 3", None, "invertible"),
        ("(X + u_Y) ** -3", None, "invertible"),
        ("(X + u_Y) ** 2", None, ""),
        ("exp(X + u_Y) ** 2", None, "invertible"),
        ("(P + exp(u_Y)) ** X", None, "invertible"),
        ("P ** u_Y", None, "invertible"),
        ("u_Y ** 2", ContinuousLaw("Gamma", concentration=2.0, rate=1.0), "invertible"),
        ("u_Y ** 2", UnknownLaw(Real(0, 5)), "invertible"),
        ("(u_Y - 5) ** 2", ContinuousLaw("Uniform", low=0, high=5), "invertible"),
        ("u_Y ** 2", UnknownLaw(), ""),
        ("u_Y * u_Y", None, ""),
        ("u_Y * exp(u_Y)", None, ""),
        ("abs(u_Y)", None, ""),
        ("max(X, u_Y)", None, ""),
        ("min(X, u_Y)", None, ""),
        ("sin(u_Y)", None, ""),
        ("u_Y if B else X", None, "invertible"),
        ("X + u_Y if B else exp(X - u_Y)", None, "invertible"),
        ("2 * (X + u_Y if X > 0 else Z) ** 3", None, "invertible"),
        ("X if u_Y > 0 else u_Y", None, ""),
        ("u_Y if B else abs(u_Y)", None, ""),
        ("u_Y + (u_Y if B else 1)", None, ""),
        ("X if u_Y > 0 else 1", None, ""),
        ("sin(X) * u_Y + cos(Z)", None, "invertible"),
        ("(X if B else P) + u_Y", None, "invertible"),
    ],
)
def test_what_a_formula_can_do_is_its_class(equation: str, law: object, can: str) -> None:
    mechanism = formula(equation, law)
    assert isinstance(mechanism, Linear) == ("linear" in can)
    assert isinstance(mechanism, Invertible) == ("invertible" in can)
    assert isinstance(mechanism, Transporting) == ("invertible" in can)


@pytest.mark.parametrize(
    ("equation", "value", "x"),
    [
        ("exp(X + u_Y)", 0.0, 1.0),
        ("exp(X + u_Y)", -1.0, 1.0),
        ("X * u_Y", 0.0, 0.0),
        ("X * u_Y", 3.0, 0.0),
        ("u_Y / X", 0.0, 0.0),
        ("X / u_Y", 0.0, 1.0),
        ("X / u_Y", 1.0, 0.0),
        ("tanh(u_Y) + X", 2.5, 1.0),
        ("tanh(u_Y)", 1.0, 0.0),
        ("sqrt(u_Y + X)", -0.5, 0.0),
        ("exp(u_Y) ** 2", -4.0, 0.0),
        ("(1 + exp(u_Y)) ** 2", 0.25, 0.0),
        ("(X + u_Y) ** 0.5", -1.0, 0.0),
        ("exp(X + u_Y) ** X", 2.0, 0.0),
        ("(X * X) ** u_Y", 2.0, 1.0),
        ("(X * X) ** u_Y", 2.0, 0.0),
        ("exp(1 / u_Y)", 0.0, 0.0),
        ("X + u_Y", math.inf, 1.0),
        ("X + u_Y", math.nan, 1.0),
        ("log(u_Y) / X", 1000.0, 1.0),
    ],
)
def test_outside_the_range_there_is_no_noise(equation: str, value: float, x: float) -> None:
    mechanism = formula(equation)
    seen = {"X": np.array([x])}
    assert np.isnan(mechanism.noise_of(np.array([value]), seen, np)).all()
    slope = mechanism.log_slope(np.array([value]), seen, np)
    assert np.ndim(slope) == 0 or np.isnan(slope).all()
    on_jax = mechanism.noise_of(jnp.array([value]), {"X": jnp.array([x])}, jnp)
    assert np.isnan(np.asarray(on_jax)).all()


# ---------------------------------------------------------------------------------------------------------------------
# Formulas that give states


@pytest.mark.parametrize(
    ("equation", "states"),
    [
        ("1 if X > u_Y else 0", (0, 1)),
        ("X > u_Y", (False, True)),
        ("not X > 0", (False, True)),
        ("'high' if X > 2 * u_Y else 'low'", ("high", "low")),
        ("(X > 0) + (Z > 0)", (0, 1, 2)),
        ("T + (X > 0)", (0, 1, 2, 2.5, 3.5)),
        ("L if X > 0 else 'd'", ("a", "b", "c", "d")),
        ("-1 if X < 0 else (0 if X < 1 else 1)", (-1, 0, 1)),
        ("exp(T) if X > 0 else 0", (0, 1.0, math.e, math.exp(2.5))),
        ("X > 0 and L = 'a' or B", (False, True)),
        ("(L if X > 0 else 'a') = 'b'", (False, True)),
        ("T in {1, 2.5} and X > 0", (False, True)),
    ],
)
def test_a_formula_that_gives_states_has_those_of_its_leaves(equation: str, states: tuple[Any, ...]) -> None:
    mechanism = formula(equation)
    assert mechanism.domain == states
    assert list(map(type, mechanism.domain)) == list(map(type, states))
    expr, values = scm.parse_expression(equation), columns(1)
    wanted = [state_of(expr, unit_of(values, i)) for i in range(UNITS)]
    found = np.broadcast_to(mechanism.forward(values, np), UNITS)
    assert [states[int(k)] for k in found] == wanted
    with jax.enable_x64(False):
        narrow = mechanism.forward(jax.tree.map(jnp.asarray, values), jnp)
        assert (np.asarray(narrow) == found).mean() > 0.99


def state_of(expr: Any, unit: Mapping[str, Any]) -> Any:
    """The value of a formula of states for one unit."""
    if isinstance(expr, scm.Const):
        return expr.value
    if isinstance(expr, scm.Var):
        return unit[expr.name]
    if expr.op == "if":
        return state_of(expr.args[1] if state_of(expr.args[0], unit) else expr.args[2], unit)
    found = [state_of(a, unit) for a in expr.args]
    more = {"=": lambda a, b: a == b, "in": lambda a, *b: a in b, "not": lambda a: not a}
    return {**OPERATIONS, **more}[expr.op](*found)


def test_states_may_be_declared_in_another_order() -> None:
    mechanism = formula("'high' if X > 0 else 'low'", states=("low", "middle", "high"))
    assert mechanism.domain == ("low", "middle", "high")
    assert mechanism.forward({"X": np.array([1.0, -1.0])}, np).tolist() == [2, 0]


def test_a_finite_parent_counts_with_its_numbers() -> None:
    mechanism = formula("2 * T - B + u_Y")
    values = {"T": np.array([0, 1, 2]), "B": np.array([1, 0, 1]), "u_Y": np.zeros(3)}
    assert mechanism.forward(values, np).tolist() == [-1.0, 2.0, 4.0]
    assert mechanism.affine().coefficients == {"T": 2.0, "B": -1.0, "u_Y": 1.0}


def test_truth_values_add_up() -> None:
    mechanism = formula("(X > 0) + (X > 1) + (X > 2) + u_Y")
    assert mechanism.forward({"X": np.array([3.0, 0.5]), "u_Y": np.zeros(2)}, np).tolist() == [3.0, 1.0]


def test_a_formula_is_solved_for_one_noise_where_the_others_are_given() -> None:
    several = formula("X * exp(a) + b * (2 if k else -1)", {"a": normal(), "b": normal(), "k": Bernoulli(0.5)})
    rng = np.random.default_rng(1)
    values = {"X": rng.normal(size=50), "a": rng.normal(size=50), "b": rng.normal(size=50), "k": rng.integers(0, 2, 50)}
    value = several.forward(values, np)
    for name in ("a", "b"):
        solved = solved_for(several, name)
        assert isinstance(solved, Invertible)
        assert solved.noises == (name,)
        others = {n: c for n, c in values.items() if n != name}
        np.testing.assert_allclose(solved.noise_of(value, others, np), values[name], rtol=1e-9, atol=1e-12)
    assert solved_for(several, "k") is None
    assert solved_for(several, "c") is None
    assert solved_for(formula("abs(a) + b", {"a": normal(), "b": normal()}), "a") is None


def test_each_case_of_an_if_is_solved_by_itself() -> None:
    mechanism = formula("2 * (X + u_Y if B else (exp(X - u_Y) if T = 1 else Z)) - X")
    values = columns(2)
    value = mechanism.forward(values, np)
    found = mechanism.noise_of(value, values, np)
    shown = (values["B"] == 1) | (values["T"] == 1)
    np.testing.assert_allclose(found[shown], values["u_Y"][shown], atol=1e-9)
    assert np.isnan(found[~shown]).all()
    assert mechanism.hidden(value, values, np).tolist() == (~shown).tolist()
    assert not mechanism.hidden(value + 1, values, np).any()
    new = {**values, "B": 1 - values["B"], "X": values["Z"]}
    carried = mechanism.transport(value, values, new, np)
    np.testing.assert_allclose(carried[shown], mechanism.forward(new, np)[shown], atol=1e-9)


def test_a_shift_has_one_slope_for_all() -> None:
    assert formula("X * X - u_Y / 4").log_slope(np.zeros(3), {"X": np.zeros(3)}, np) == pytest.approx(math.log(4))
    assert formula("X - u_Y / 4").log_slope(np.zeros(3), {"X": np.zeros(3)}, np) == pytest.approx(math.log(4))


def test_a_number_that_is_no_state_is_told() -> None:
    scope = {"T": STATES["T"], "X": Real()}
    loose = Formula(scm.parse_expression("T + (X > 0)"), ("T", "X"), (), (0, 1, 2.5), scope)
    found = loose.forward({"T": np.array([0, 0, 1]), "X": np.array([-1.0, 1.0, 1.0])}, np)
    assert found.tolist() == [0, 1, -1]
    wrong = Formula(scm.parse_expression("'d' if X > 0 else 'a'"), ("X",), (), STATES["L"], scope)
    with pytest.raises(scm.InvalidModel, match="can give 'd', which is not among the states"):
        wrong.forward({"X": np.zeros(1)}, np)


def test_a_division_by_zero_is_no_traceback() -> None:
    mechanism = formula("log(X) + 1 / X + u_Y")
    found = mechanism.forward({"X": np.array([0.0, -1.0]), "u_Y": np.zeros(2)}, np)
    assert not np.isfinite(found).any()


# ---------------------------------------------------------------------------------------------------------------------
# Names of functions, and functions in finite models


def test_names_of_functions_are_names_where_no_bracket_follows() -> None:
    model = Model(Variable("exp", noise=normal()), Variable("Y", equation="exp(exp) + log", noise={"log": normal()}))
    found = model.columnar["Y"].forward({"exp": np.array([1.0]), "log": np.array([2.0])}, np)
    assert found == pytest.approx(math.e + 2)


def test_functions_of_states_are_exact_in_finite_models() -> None:
    model = Model(
        Variable("X", (0, 1, 4), noise=Categorical({0: 0.2, 1: 0.3, 4: 0.5})),
        Variable("Y", equation="X ** 2 + sqrt(X)"),
    )
    assert model.states["Y"] == (0, 2, 18)
    expected_value = scm.ask(model, "E[exp(X) - cos(X) * X ** 0.5]").value
    wanted = sum(p * (math.exp(x) - math.cos(x) * math.sqrt(x)) for x, p in ((0, 0.2), (1, 0.3), (4, 0.5)))
    assert expected_value == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("E[log(X)]", "only positive numbers have a logarithm"),
        ("E[sqrt(X - 1)]", "negative numbers have no square root"),
        ("E[X ** -1]", "Division by zero"),
        ("E[(X - 3) ** 0.5]", "no power that is not whole"),
        ("E[exp(100 * X)]", "grew past"),
        ("E[X ** 99999]", "grew past"),
        ("E[10 ** (10 ** X)]", "grew past"),
        ("E[sin('a')]", "needs numbers"),
    ],
)
def test_functions_without_a_value_are_refused(query: str, words: str) -> None:
    model = Model(Variable("X", (0, 1, 4), noise=Categorical({0: 0.2, 1: 0.3, 4: 0.5})))
    with pytest.raises(scm.InvalidQuery, match=words):
        scm.ask(model, query)


def test_a_correlated_block_keeps_the_whole_line() -> None:
    block = ContinuousNoise(("u", "v"), scm.MultivariateNormal([0, 0], [[1, 0.5], [0.5, 1]]))
    model = Model(block, Variable("A", equation="u"), Variable("C", equation="A + v ** 2"))
    assert model.domains["v"] == Real()
    assert not isinstance(model.columnar["C"], Invertible)
