"""Linear models with normal noises: against one joint law over all worlds, in rational numbers; laws; bad input."""

import math
import re
from dataclasses import replace
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest

from scm import Additive, Bernoulli, Linear, LocationScale, Model, Threshold, Variable, ask
from scm._continuous import ContinuousLaw, ContinuousNoise, MultivariateNormal, UnknownLaw, normal
from scm._query import Expectation, Probability
from scm._resolve import read_query
from scm._syntax import terms
from scm._worlds import build_worlds
from scm.solvers import Refusal, Task
from scm.solvers._setting import split_given
from scm.solvers.gaussian import Gaussian
from tests import gaussian_oracle as oracle

JOE = Model(
    Variable("X", noise=normal()),
    Variable("H", equation="0.5*X + u_H", noise=normal()),
    Variable("Y", equation="0.7*X + 0.4*H + u_Y", noise=normal()),
)


def task(model, text, rows=None):
    """A query with one term as a task, as the front door makes it."""
    query = read_query(text, model.variable_states, model.reals)
    assert isinstance(query, Probability | Expectation)
    facts, conditions = split_given(model, query.given)
    event = isinstance(query, Probability)
    asked = query.event if event else query.expr
    seen = dict.fromkeys(t for part in (asked, *conditions) for t in terms(part))
    columns = {name: np.asarray(column) for name, column in (rows or {}).items()}
    count = len(next(iter(columns.values()))) if columns else 1
    return Task(model, build_worlds(model.graph, list(seen), facts), asked, event, conditions, columns, count)


def solve(model, text, rows=None):
    """What the solver finds."""
    return Gaussian().solve(task(model, text, rows))


def value(model, text, rows=None) -> Any:
    """The values of defined rows; one number where there are no rows."""
    found = solve(model, text, rows)
    assert found.defined.all()
    return found.lower if rows else float(found.lower[0])


def model_of(plain):
    """The engine's model of a plain one."""
    names = tuple(f"e_{n}" for n in plain.names)
    law = MultivariateNormal([0.0] * len(names), [[float(x) for x in row] for row in plain.covariance])
    noises = [ContinuousNoise(names, law)]
    if not any(x for i, row in enumerate(plain.covariance) for j, x in enumerate(row) if i != j):
        scales = [math.sqrt(plain.covariance[i][i]) for i in range(len(names))]
        noises = [ContinuousNoise((n,), normal(0, s)) for n, s in zip(names, scales, strict=True) if s]
        if len(noises) < len(names):
            noises = [ContinuousNoise(names, law)]
    return Model(*(Variable(n, equation=plain.text(n)) for n in plain.names), *noises)


def random_question(rng, plain, count=2):
    """Some terms, facts about a unit in some worlds, and their texts."""
    terms_, facts, texts = [], [], []
    unit = plain.unit(rng)
    for _ in range(count):
        name, (world, text) = rng.choice(plain.names), oracle.random_world(rng, plain)
        terms_.append(oracle.value(plain, name, world))
        texts.append(name + text)
    told = []
    for name in rng.sample(plain.names, rng.randint(0, len(plain.names))):
        world, text = oracle.random_world(rng, plain, 0) if rng.random() < 0.2 else ({}, "")
        if name in world:  # an imposed value is no evidence
            continue
        vector = oracle.value(plain, name, world)
        facts.append((vector, oracle.at(vector, unit)))
        told.append(name + text)
    return terms_, facts, texts, told


@pytest.mark.parametrize("singular", [False, True])
def test_random_models_agree_with_one_joint_law_in_rational_numbers(singular):
    answered = 0
    for seed in range(200):
        rng = oracle.rng_of(seed)
        plain = oracle.random_model(rng, rng.randint(1, 5), singular)
        model = model_of(plain)
        vectors, facts, (a, b), told = random_question(rng, plain)
        found = oracle.condition(plain, vectors, facts)
        assert found is not None
        (ma, mb), c = found
        rows = {f"p{k}": [float(x)] * 2 for k, (_, x) in enumerate(facts)}
        given = " | " + ", ".join(f"{t}=?p{k}" for k, t in enumerate(told)) if told else ""
        scale = 1 + max(abs(float(x)) for _, x in [(0, ma), (0, mb), *facts])

        def close(text, wanted, scale=scale, model=model, rows=rows):
            assert solve(model, text, rows).lower[0] == pytest.approx(float(wanted), abs=1e-9 * scale), text

        close(f"E[{a}{given}]", ma)
        close(f"E[{a} * {b}{given}]", ma * mb + c[0][1], scale * scale)
        close(f"E[({a} - {b}) * ({a} - {b}){given}]", c[0][0] + c[1][1] - 2 * c[0][1] + (ma - mb) ** 2, scale * scale)
        spread, m = c[0][0] + c[1][1] - 2 * c[0][1], float(ma - mb)
        wanted = NormalDist(m, math.sqrt(spread)).cdf(1.0) if spread else float(ma - mb < 1)
        close(f"P({a} - {b} < 1{given})", wanted, 1.0)
        answered += 1
    assert answered == 200


def test_a_batch_is_its_rows_and_patterns_agree():
    rng = oracle.rng_of(7)
    plain = oracle.random_model(rng, 5)
    model = model_of(plain)
    seen = np.array([[float(x) for x in plain.unit(rng)] for _ in range(50)])
    for count in range(6):
        names = plain.names[:count]
        given = " | " + ", ".join(f"{n}=?{n}" for n in names) if names else ""
        rows = {n: seen[:, k] for k, n in enumerate(names)}
        whole = solve(model, f"E[V4[V0=2]{given}]", rows).lower
        for row in range(0, len(whole), 17):
            one = {n: c[row : row + 1] for n, c in rows.items()}
            assert solve(model, f"E[V4[V0=2]{given}]", one).lower[0] == pytest.approx(whole[row], rel=1e-12)
        if count == 0:
            continue
        vector = oracle.value(plain, "V4", {"V0": 2})
        facts = [(oracle.value(plain, n, {}), oracle.Fraction(seen[3, k])) for k, n in enumerate(names)]
        (wanted,), _ = oracle.condition(plain, [vector], facts)
        assert whole[3] == pytest.approx(float(wanted), rel=1e-10)


# ---------------------------------------------------------------------------------------------------------------------
# Cases of the literature, laws


def test_encouragement():
    assert value(JOE, "E[Y[H=2] | X=0.5, H=1, Y=1.5]") == pytest.approx(1.90)
    assert value(JOE, "E[Y[H=2]]") == pytest.approx(0.80)
    assert value(JOE, "E[Y | H=2]") == pytest.approx(1.36)


def test_units_of_a_line():
    model = Model(Variable("X", equation="u"), Variable("Y", equation="X + u"), ContinuousNoise(("u",), normal()))
    u = np.array([1.0, 2.0, 3.0])
    for x in (1.0, 2.0, 3.0):
        assert solve(model, f"E[Y[X={x}] | X=?x, Y=?y]", {"x": u, "y": 2 * u}).lower == pytest.approx(x + u)
    assert not solve(model, "E[Y[X=1] | X=?x, Y=?y]", {"x": u, "y": 2 * u + 0.1}).defined.any()


def test_one_comparison_is_exact():
    y = np.array([-2.0, 0.0, 1.0, 5.0])
    found = value(JOE, "P(Y[H=2] > Y | Y=?y)", {"y": y})
    for k, seen in enumerate(y):  # Y[H=2] - Y = 0.8 - 0.4 H, H | Y = y
        gain = 0.85 / (0.49 + 0.16 * 1.25 + 2 * 0.7 * 0.4 * 0.5 + 1)
        law = NormalDist(gain * seen, math.sqrt(1.25 - gain * 0.85))
        assert found[k] == pytest.approx(law.cdf(2.0), abs=1e-14)
    assert value(JOE, "P(Y[X=1] > Y[X=0] | Y=3)") == 1.0
    assert value(JOE, "P(Y[X=0] > Y[X=0])") == 0.0
    assert value(JOE, "P(Y[X=0] >= Y[X=0])") == 1.0
    assert value(JOE, "P(Y = 1 | X=1)") == 0.0


def test_consistency_composition_effectiveness():
    rows = {"X": [0.5, -1.0], "Y": [1.5, 0.25]}
    assert (value(JOE, "E[Y[X=?X] | X=?X, Y=?Y]", rows) == rows["Y"]).all()
    assert (value(JOE, "E[X[X=?X] | Y=?Y]", rows) == rows["X"]).all()
    imposed = value(JOE, "E[Y[X=2, H=H[X=2]] | Y=?Y]", rows)
    assert (imposed == value(JOE, "E[Y[X=2] | Y=?Y]", rows)).all()
    assert value(JOE, "P(Y[X=2, H=H[X=2]] = Y[X=2] | Y=?Y)", rows) == pytest.approx(1)


def test_paths_and_policies():
    assert value(JOE, "E[Y[X=1, H=H[X=0]] - Y[X=0]]") == pytest.approx(0.7)
    assert value(JOE, "E[Y[X->H=1] - Y[X->H=0] | Y=2]") == pytest.approx(0.2)
    assert value(JOE, "E[Y[X := X + 1] - Y | Y=2]") == pytest.approx(0.9)
    assert value(JOE, "E[Y[X := 2*X + ?d] | X=?x]", {"x": [1.0, 2.0], "d": [0.0, 1.0]}) == pytest.approx([1.8, 4.5])
    scaled = value(JOE, "E[Y[X := ?d*X] | X=?x]", {"x": [1.0, 2.0, 3.0], "d": [0.0, 1.0, 0.0]})
    assert scaled == pytest.approx([0.0, 1.8, 0.0])


def test_variance_of_an_effect():
    model = Model(
        Variable("X", noise=normal()),
        Variable("b", noise=normal(2, 0.5)),
        Variable("Y", equation="b*X + u_Y", noise=normal()),
    )
    effect = "(Y[X=3] - Y[X=1])"
    # effect = 2 b; b | X=2, Y=5 by the Schur complement
    variance = 0.25 - 0.5**2 / 2
    mean = 2 + 0.5 / 2 * (5 - 4)
    assert value(model, f"E[{effect} | X=2, Y=5]") == pytest.approx(2 * mean)
    second = value(model, f"E[{effect} * {effect} | X=2, Y=5]")
    assert second - (2 * mean) ** 2 == pytest.approx(4 * variance)
    with pytest.raises(Refusal, match="multiplies"):
        solve(model, "P(Y > 0)")


def test_scale_does_not_matter():
    big = Model(
        Variable("X", noise=normal(1e6, 1e5)),
        Variable("Y", equation="3*X + u_Y", noise=normal(0, 1e5)),
        Variable("Z", equation="1e-9*Y + u_Z", noise=normal(0, 1e-4)),
    )
    small = Model(
        Variable("X", noise=normal(10, 1)),
        Variable("Y", equation="3*X + u_Y", noise=normal()),
        Variable("Z", equation="Y + u_Z", noise=normal()),
    )
    for text, here in (("P(Y[X=?x] > Y | Z=?z)", 1.0), ("E[Y[X=?x] | Z=?z]", 1e5)):
        one = value(big, text, {"x": [12e5, 9e5], "z": [3.1e-3, 2e-3]})
        other = value(small, text, {"x": [12.0, 9.0], "z": [31.0, 20.0]})
        assert one == pytest.approx(here * other, rel=1e-9)


# ---------------------------------------------------------------------------------------------------------------------
# Inequalities, several comparisons


def draws(count=2_000_000):
    rng = np.random.default_rng(5)
    x, u, v = rng.normal(size=(3, count))
    h = 0.5 * x + u
    return x, h, 0.7 * x + 0.4 * h + v, u, v


CLAIMS = (
    ("E[Y | X > 1]", lambda x, h, y, y1: (y, x > 1)),
    ("E[Y * H | X > 1]", lambda x, h, y, y1: (y * h, x > 1)),
    ("P(Y > 1, H < 0)", lambda x, h, y, y1: ((y > 1) & (h < 0), None)),
    ("P(Y > 1 or H < 0 | X < 0.3)", lambda x, h, y, y1: ((y > 1) | (h < 0), x < 0.3)),
    ("P(Y1 > 1, H > 0.5, X < 0)", lambda x, h, y, y1: ((y1 > 1) & (h > 0.5) & (x < 0), None)),
    ("E[Y1 | Y > 1, H > 0]", lambda x, h, y, y1: (y1, (y > 1) & (h > 0))),
    ("E[Y1 | Y > 1, H > 0, X < 1]", lambda x, h, y, y1: (y1, (y > 1) & (h > 0) & (x < 1))),
    ("E[max(Y, H)]", lambda x, h, y, y1: (np.maximum(y, h), None)),
    ("E[abs(Y1 - Y) | H < 0]", lambda x, h, y, y1: (abs(y1 - y), h < 0)),
    (
        "P(0 < Y and Y < 1 and not (X > 0.2 and X < 0.6))",
        lambda x, h, y, y1: ((y > 0) & (y < 1) & ~((x > 0.2) & (x < 0.6)), None),
    ),
    ("E[Y if X > H else -1 | Y < 1]", lambda x, h, y, y1: (np.where(x > h, y, -1), y < 1)),
    ("P(min(Y, H, X) > -0.5)", lambda x, h, y, y1: (np.minimum(np.minimum(y, h), x) > -0.5, None)),
)


def test_inequalities_agree_with_draws():
    """Each of the comparisons fails by chance once in a million (two-sided normal quantile 4.9)."""
    x, h, y, u, v = draws()
    y1 = 0.7 + 0.4 * (0.5 + u) + v
    for text, make in CLAIMS:
        found = value(JOE, text.replace("Y1", "Y[X=1]"))
        drawn, kept = make(x, h, y, y1)
        drawn = drawn if kept is None else drawn[kept]
        assert abs(found - drawn.mean()) < 4.9 * drawn.std() / math.sqrt(len(drawn)), text


def test_moments_need_no_normal_noise_where_nothing_is_observed_of_it():
    model = Model(
        Variable("X", noise=ContinuousLaw("Gumbel", loc=1, scale=2)),
        Variable("Y", equation="3*X + u_Y", noise=ContinuousLaw("Exponential", rate=0.5)),
        Variable("Z", noise=normal()),
    )
    gumbel = 1 + 2 * 0.5772156649015329
    assert value(model, "E[Y]") == pytest.approx(3 * gumbel + 2)
    assert value(model, "E[Y[X=1] | Z > 0]") == pytest.approx(5)
    assert value(model, "E[Y[X=1] * Y[X=1]]") == pytest.approx(4 + 25)
    assert value(model, "E[Y * X]") == pytest.approx(3 * (math.pi**2 / 6 * 4 + gumbel**2) + 2 * gumbel)
    assert value(model, "P(Y[X=2] - Y[X=1] > 2)") == 1.0
    for text in ("P(Y > 0)", "E[Y | X > 0]", "E[X | Y=1]", "E[X*X*X]", "E[max(Y, 0)]"):
        with pytest.raises(Refusal, match="not normal"):
            solve(model, text)


def random_event(rng, texts):
    """A random event of terms: its text, and what it is for draws of them."""
    a, b = rng.sample(range(len(texts)), 2)
    t = round(rng.uniform(-3, 3), 2)
    kinds = [
        (f"{texts[a]} > {t}", lambda d: d[a] > t),
        (f"{texts[a]} - 2*{texts[b]} <= {t}", lambda d: d[a] - 2 * d[b] <= t),
        (f"abs({texts[a]} - {t}) < 2", lambda d: abs(d[a] - t) < 2),
        (f"max({texts[a]}, {texts[b]}) > {t}", lambda d: np.maximum(d[a], d[b]) > t),
        (f"not ({texts[b]} > {t} and {texts[b]} < {t + 2})", lambda d: ~((d[b] > t) & (d[b] < t + 2))),
    ]
    first = rng.choice(kinds)
    if rng.random() < 0.5:
        return first
    other, op = rng.choice(kinds), rng.choice(("and", "or", "xor"))
    fold = {"and": np.logical_and, "or": np.logical_or, "xor": np.logical_xor}[op]
    return f"({first[0]}) {op} ({other[0]})", lambda d: fold(first[1](d), other[1](d))


def answered_events(seeds):
    """How many random questions agree with draws from their exact posterior."""
    answered = 0
    for seed in seeds:
        rng, generator = oracle.rng_of(1000 + seed), np.random.default_rng(seed)
        plain = oracle.random_model(rng, rng.randint(2, 4), rng.random() < 0.2)
        model = model_of(plain)
        vectors, facts, texts, told = random_question(rng, plain, 3)
        m, c = oracle.condition(plain, vectors, facts)
        values, axes = np.linalg.eigh(np.array([[float(x) for x in row] for row in c]))
        root = axes * np.sqrt(np.where(values > 1e-12 * max(values.max(), 1e-300), values, 0.0))
        draws = np.array([[float(x)] for x in m]) + root @ generator.normal(size=(3, 100_000))
        draws = np.round(draws, 12)  # so that what is equal by the model's structure is equal
        event, holds = random_event(rng, texts)
        other, given = random_event(rng, texts)
        keep = given(draws) if rng.random() < 0.6 else np.ones(draws.shape[1], bool)
        facts_text = [f"{t}=?p{k}" for k, t in enumerate(told)] + ([] if keep.all() else [f"({other})"])
        bar = " | " + ", ".join(facts_text) if facts_text else ""
        rows = {f"p{k}": [float(x)] for k, (_, x) in enumerate(facts)}
        if keep.sum() < 5000:
            continue
        inside = draws[:, keep]
        for query, drawn in (
            (f"P({event}{bar})", holds(inside)),
            (f"E[{texts[0]}{bar}]", inside[0]),
            (f"E[{texts[0]} if {event} else 2*{texts[1]}{bar}]", np.where(holds(inside), inside[0], 2 * inside[1])),
        ):
            try:
                found = value(model, query, rows)
            except Refusal as refusal:
                if "combinations" not in str(refusal):
                    raise
                continue
            found = float(np.asarray(found).reshape(-1)[0])
            # Rare outcomes that were not drawn count as if four had been.
            drawn = drawn.astype(float)
            error = max(drawn.std(), 2 * (np.ptp(drawn) or 1) / math.sqrt(drawn.size)) / math.sqrt(drawn.size)
            assert abs(found - drawn.mean()) < 5.4 * error + 1e-9, (seed, query)
            answered += 1
    return answered


def test_random_events_agree_with_draws_from_the_exact_posterior():
    """Means and covariances in rational numbers, then draws; each comparison fails by chance once in 10 million."""
    assert answered_events(range(50)) > 70


def test_many_comparisons_are_drawn_with_a_key():
    """Each fails by chance once in a million."""
    names = [f"V{k}" for k in range(5)]
    # Equicorrelated at 1/2: all five the largest in turn, and P(all > 0) = 1/6.
    model = Model(Variable("C", noise=normal()), *(Variable(n, equation=f"C + u_{n}", noise=normal()) for n in names))
    for text, wanted in (
        (" and ".join(f"{n} > 0" for n in names), 1 / 6),
        (" and ".join(f"V0 >= {n}" for n in names), 1 / 5),
        (" and ".join([*(f"{n} > 0" for n in names), "V0 + V1 > 0"]), 1 / 6),
    ):
        query = f"P({text})"
        if "V0 >=" not in text:
            with pytest.raises(Refusal, match="key="):
                solve(model, query)
        found = Gaussian().solve(replace(task(model, query), key=3))
        assert found.monte_carlo is not None
        error = max(float(found.monte_carlo[0]), 1e-9)
        assert error < 1e-4
        assert abs(found.lower[0] - wanted) < 12 * error  # 15 degrees of freedom
        again = Gaussian().solve(replace(task(model, query), key=3))
        assert again.lower[0] == found.lower[0]


def test_far_tails():
    assert value(JOE, "E[X | X > 40]") == pytest.approx(40.024968847207, rel=1e-10)  # 40 + 1/40 - 2/40^3 + ...
    assert value(JOE, "P(X > 41 | X > 40)") == pytest.approx(2.51398e-18, rel=1e-5)
    assert value(JOE, "P(X < -41 | X < -40)") == pytest.approx(2.51398e-18, rel=1e-5)
    assert value(JOE, "E[X | X > 1, X < 1.5]") == pytest.approx(
        (math.exp(-0.5) - math.exp(-1.125)) / math.sqrt(2 * math.pi) / (NormalDist().cdf(1.5) - NormalDist().cdf(1))
    )


def test_boxes_against_scipy():
    from scipy.stats import multivariate_normal

    from scm.solvers._normal_boxes import box

    rng = np.random.default_rng(3)
    for trial in range(24):
        size = 2 + trial % 2
        units = rng.normal(size=(size, size))
        if trial % 5 == 0:
            units[1] = units[0] + 0.03 * units[1]
        units /= np.linalg.norm(units, axis=1)[:, None]
        high = rng.normal(size=size)
        found = box(list(units), [np.full(1, -np.inf)] * size, [np.array([h]) for h in high])
        law = multivariate_normal(
            np.zeros(size), units @ units.T, allow_singular=True, seed=1, maxpts=100_000, abseps=1e-7, releps=1e-7
        )
        wanted = law.cdf(high)
        assert found.value[0] == pytest.approx(wanted, abs=1e-5 if size == 3 else 1e-12)
        assert found.error < 1e-7


def test_orthants_have_closed_forms():
    """Sheppard (1899) for two dimensions, and its sum for three."""
    from scm.solvers._normal_boxes import box

    rng = np.random.default_rng(4)
    for trial in range(60):
        units = rng.normal(size=(3, 3))
        close = 10.0 ** -rng.uniform(0, 7)
        if trial % 2:
            units[1] = units[0] + close * units[1]
        if trial % 3 == 0:  # in one plane
            units[2] = units[0] * rng.normal() + units[1] * rng.normal()
        units /= np.linalg.norm(units, axis=1)[:, None]
        low, high = np.full(1, -np.inf), np.zeros(1)
        angles = [np.arcsin(np.clip(units[i] @ units[j], -1, 1)) for i, j in ((0, 1), (0, 2), (1, 2))]
        found = box(list(units), [low] * 3, [high] * 3)
        assert found.value[0] == pytest.approx(0.125 + sum(angles) / (4 * math.pi), abs=max(found.error, 1e-7)), trial
        assert found.error < 1e-6
        found = box(list(units[:2]), [low] * 2, [high] * 2)
        assert found.value[0] == pytest.approx(0.25 + angles[0] / (2 * math.pi), abs=1e-8)


# ---------------------------------------------------------------------------------------------------------------------
# Refusals and undefined rows


@pytest.mark.parametrize(
    ("model", "text", "message"),
    [
        (Model(Variable("X", noise=ContinuousLaw("Gumbel", loc=0, scale=1))), "P(X > 0)", "u_X.*Gumbel.*not normal"),
        (Model(Variable("X", noise=UnknownLaw())), "E[X]", "law of the noise 'u_X' is not known"),
        (
            Model(Variable("X", noise=normal()), Variable("Y", equation="exp(X) + u_Y", noise=normal())),
            "E[Y]",
            r"exp\(X\) is not linear",
        ),
        (
            Model(Variable("T", noise=Bernoulli(0.5)), Variable("Y", equation="2*T + u_Y", noise=normal())),
            "E[Y]",
            "'T' is finite",
        ),
        (JOE, "P(Y*H > 0)", "multiplies"),
        (JOE, "E[X / Y]", "not linear"),
        (JOE, "E[Y | X = H]", "Borel"),
    ],
)
def test_refusals_name_the_reason(model, text, message):
    with pytest.raises(Refusal, match=message):
        solve(model, text)


def test_a_known_finite_variable_counts_with_its_number():
    model = Model(Variable("T", noise=Bernoulli(0.5)), Variable("Y", equation="2*T + u_Y", noise=normal()))
    assert value(model, "E[Y[T=1]]") == pytest.approx(2.0)
    assert value(model, "E[Y[T=?t] | T=?s, Y=?y]", {"t": [1, 0], "s": [0, 1], "y": [0.5, 0.5]}) == pytest.approx(
        [2.5, -1.5]
    )


def test_contradictory_evidence_is_undefined_and_repeated_evidence_is_not():
    model = Model(
        Variable("X", noise=normal()), Variable("Y", equation="2*X"), Variable("Z", equation="X + u_Z", noise=normal())
    )
    found = solve(model, "E[Z | X=?x, Y=?y]", {"x": [1.0, 1.0], "y": [2.0, 2.5]})
    assert found.defined.tolist() == [True, False]
    assert found.lower[0] == 1.0
    assert math.isnan(found.lower[1])
    found = solve(model, "P(Z > 1 | Y=?y, Z[X=3]=?a, Z[X=4]=?b)", {"y": [2.0, 2.0], "a": [3.0, 3.0], "b": [4.0, 5.0]})
    assert found.defined.tolist() == [True, False]


def test_nearly_redundant_evidence_is_refused():
    model = Model(
        Variable("X", noise=normal()),
        Variable("A", equation="X + 1e-11*u_A", noise=normal()),
        Variable("B", equation="X + 1e-11*u_B", noise=normal()),
    )
    with pytest.raises(Refusal, match="nearly redundant"):
        solve(model, "E[X | A=1, B=1.00000000001]")


def test_a_nearly_singular_covariance_is_refused():
    off = 1 - 1e-13
    model = Model(
        Variable("X", equation="a"),
        Variable("Y", equation="b"),
        ContinuousNoise(("a", "b"), MultivariateNormal([0, 0], [[1, off], [off, 1]])),
    )
    with pytest.raises(Refusal, match="nearly singular"):
        solve(model, "E[X | Y=1]")


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_values_that_are_no_numbers_are_refused(bad):
    with pytest.raises(Refusal, match=re.escape("row 2")):
        solve(JOE, "E[Y | X=?x]", {"x": [1.0, bad]})


def test_numbers_that_grow_too_large_are_refused():
    def model(scale):
        return Model(
            Variable("X", noise=normal(0, scale)),
            Variable("Y", mechanism=Linear({"X": 1e200}), noise=normal()),
            Variable("Z", equation="2*X + u_Z", noise=normal(0, scale)),
        )

    for text in ("E[Y]", "P(Y > 0)", "E[X | Y=1]", "E[Z*Z]", "P(Z > 0)", "E[X | Z=1]", "E[X*X | Z > 1]"):
        with pytest.raises(Refusal, match="grow past"):
            solve(model(1e200), text)
    assert value(model(1e100), "P(Z > 0)") == pytest.approx(0.5)
    assert value(model(1e100), "E[Z*Z]") == pytest.approx(5e200)
    assert value(model(1e100), "E[X | Z=?z]", {"z": [5e100]}) == pytest.approx(2e100)
    with pytest.raises(Refusal, match="grow past"):
        solve(model(1), "E[100000*Z[X=?x]]", {"x": [1e305]})


def test_no_rows():
    found = solve(JOE, "E[Y | X=?x]", {"x": np.zeros(0)})
    assert found.lower.shape == found.defined.shape == (0,)


# ---------------------------------------------------------------------------------------------------------------------
# Larger models, thresholds, coefficients that rows bring


def test_a_deep_model_agrees_with_plain_linear_algebra():
    rng = np.random.default_rng(11)
    size = 80
    weights = np.zeros((size, size))
    for k in range(1, size):
        for j in rng.choice(k, size=min(k, 3), replace=False):
            weights[k, j] = rng.choice([-1, 1]) * rng.uniform(0.3, 0.8)
    texts = [
        " + ".join([*(f"{float(w)!r}*V{j}" for j, w in enumerate(row) if w), f"u_V{k}"])
        for k, row in enumerate(weights)
    ]
    model = Model(*(Variable(f"V{k}", equation=text, noise=normal()) for k, text in enumerate(texts)))
    total = np.linalg.inv(np.eye(size) - weights)
    cut = weights.copy()
    cut[12] = 0.0
    imposed = np.linalg.inv(np.eye(size) - cut)
    free = np.eye(size)
    free[12, 12] = 0.0
    seen = sorted(set(range(0, size, 5)) - {12})
    values = (total @ rng.normal(size=size))[seen]
    gain = np.linalg.solve(total[seen] @ total[seen].T, total[seen]).T
    both = np.stack([imposed[79] @ free, total[79]])
    mean = both @ gain @ values + np.array([imposed[79, 12] * 2.0, 0.0])
    left = both - both @ gain @ total[seen]
    given = ", ".join(f"V{k}=?v{k}" for k in seen)
    rows = {f"v{k}": [v] for k, v in zip(seen, values, strict=True)}
    assert value(model, f"E[V79[V12=2] | {given}]", rows)[0] == pytest.approx(mean[0], rel=1e-9)
    second = value(model, f"E[V79[V12=2]*V79 | {given}]", rows)[0]
    assert second == pytest.approx(left[0] @ left[1] + mean[0] * mean[1], rel=1e-9)
    spread = np.linalg.norm(left[0] - left[1])
    wanted = NormalDist(float(mean[0] - mean[1]), float(spread)).cdf(0.0)
    assert value(model, f"P(V79[V12=2] < V79 | {given})", rows)[0] == pytest.approx(wanted, rel=1e-8)


def test_thresholds_are_events():
    model = Model(
        Variable("X", noise=normal()),
        Variable("T", equation="X + u_T > 0.5", noise=normal()),
        Variable("Y", equation="2*T + X + u_Y", noise=normal()),
    )
    law = NormalDist(0, math.sqrt(2))
    assert value(model, "P(T=1)") == pytest.approx(1 - law.cdf(0.5))
    assert value(model, "P(T[X=1]=1)") == pytest.approx(NormalDist().cdf(0.5))
    assert value(model, "E[Y]") == pytest.approx(2 * (1 - law.cdf(0.5)))
    # X given X + u_T > 0.5: the slope 1/2 times the mean of the truncated sum.
    tail = 2 * law.pdf(0.5) / (1 - law.cdf(0.5))
    assert value(model, "E[Y[T=0] | T=?t]", {"t": [1, 1]})[0] == pytest.approx(tail / 2)
    with pytest.raises(Refusal, match="'Y', which is observed, may be one of 2 normal variables"):
        solve(model, "P(T=1 | X=0.5, Y=1.2)")


def test_coefficients_that_rows_bring():
    model = Model(
        Variable("b", noise=normal(2, 0.5)),
        Variable("X", noise=normal()),
        Variable("Y", equation="b*X + u_Y", noise=normal()),
    )
    x, y = np.array([2.0, -1.0, 2.0]), np.array([5.0, 0.0, 1.0])
    gain = 0.25 * x / (0.25 * x * x + 1)
    wanted = 3 * (2 + gain * (y - 2 * x)) + y - x * (2 + gain * (y - 2 * x))
    assert value(model, "E[Y[X=3] | X=?x, Y=?y]", {"x": x, "y": y}) == pytest.approx(wanted)


def test_mechanisms_of_users():
    model = Model(
        Variable("X", noise=normal()),
        Variable("Z", mechanism=Linear({"X": 0.5}, 1.0), noise=normal()),
        Variable("Y", parents=("X",), mechanism=Additive(lambda x: x**3), noise=normal()),
        Variable("S", mechanism=LocationScale("Z", "1 + X*X"), noise=normal()),
    )
    assert value(model, "E[Z | X=2]") == pytest.approx(2.0)
    assert value(model, "E[Y | X=?x]", {"x": [2.0, -1.0]}) == pytest.approx([8.0, -1.0])
    assert value(model, "P(Y[X=2] > 9 | Z=1)") == pytest.approx(1 - NormalDist().cdf(1))
    with pytest.raises(Refusal, match="is a function of 'X', which is not known"):
        solve(model, "E[Y | Z=1]")
    found = value(model, "P(S > 2 | X=?x)", {"x": [0.0, 2.0]})  # S | X is normal with mean 1 + X/2
    spread = [math.sqrt(1 + 1), math.sqrt(1 + 25)]
    assert found == pytest.approx([1 - NormalDist(1 + 0.5 * x, s).cdf(2) for x, s in zip((0, 2), spread, strict=True)])


def test_ordered_probit():
    model = Model(
        Variable("X", noise=normal()),
        Variable("T", ("low", "mid", "high"), mechanism=Threshold("2*X", (-1.0, 1.0)), noise=normal()),
        Variable("Y", equation="X + u_Y", noise=normal()),
    )
    law = NormalDist(0, math.sqrt(5))
    for state, low, high in (("low", -math.inf, -1.0), ("mid", -1.0, 1.0), ("high", 1.0, math.inf)):
        inside = law.cdf(high) - law.cdf(low)
        assert value(model, f"P(T = '{state}')") == pytest.approx(inside)
        slope = (law.pdf(low) - law.pdf(high)) * 5 / inside  # of the truncated latent number
        assert value(model, f"E[Y | T = '{state}']") == pytest.approx(2 / 5 * slope)
        assert value(model, "P(T[X=0.25] = T[X=0.25] | T=?t)", {"t": [0, 2]}).tolist() == [1.0, 1.0]
    rows = {"t": [0, 1, 2]}
    each = [value(model, f"P(T[X=1] = 'high' | T = '{s}', Y=0.3)") for s in ("low", "mid", "high")]
    assert value(model, "P(T[X=1] = 'high' | T=?t, Y=0.3)", rows) == pytest.approx(each)
    # u_T given T and X: the state moves up when X does.
    assert value(model, "P(T[X=1] = 'high' | T='mid', X=0)") == pytest.approx(1.0)
    narrow = NormalDist()
    wanted = (narrow.cdf(1) - narrow.cdf(0)) / (narrow.cdf(1) - narrow.cdf(-1))
    assert value(model, "P(T[X=0.5] = 'high' | T='mid', X=0)") == pytest.approx(wanted)


# ---------------------------------------------------------------------------------------------------------------------
# Whole queries


def test_rows_with_missing_cells():
    """Every pattern of missing cells, through the front door: each row as by itself."""
    rng = np.random.default_rng(8)
    frame: dict[str, list] = {"X": [], "H": [], "Y": []}
    for k in range(40):
        for bit, name in enumerate(frame):
            frame[name].append(float(rng.normal()) if k >> bit & 1 else None)
    queries = ("E[Y[H=2] | X=?X, H=?H, Y=?Y]", "P(Y[X=1] > Y | X=?X, H=?H, Y=?Y)")
    for query in queries:
        answer = ask(JOE, query, rows=frame)
        assert answer.finding == "exact"
        for k in range(0, 40, 3):
            seen = [f"{name}={cells[k]!r}" for name, cells in frame.items() if cells[k] is not None]
            text = query.split(" | ")[0] + (f" | {', '.join(seen)}" if seen else "") + query[-1]
            assert np.asarray(answer.value)[k] == pytest.approx(value(JOE, text), abs=1e-12)
    same = ask(JOE, "E[Y[H=?H] | H=?H, Y=?Y]", rows={"H": [0.1, 0.7], "Y": [0.3, -1.1]})
    assert np.asarray(same.value).tolist() == [0.3, -1.1]


def test_the_spread_of_an_effect_that_differs_between_units():
    """Var(Y1 - Y0 | e) by second moments, in a model where X acts through a cause that is not seen."""
    model = Model(
        Variable("X", noise=normal()),
        Variable("M", equation="2*X + u_M", noise=normal()),
        Variable("Y", equation="M + u_Y", noise=normal()),
    )
    effect = "(Y[X=1] - Y[M=0])"
    found = ask(model, f"E[{effect}*{effect} | Y=3] - E[{effect} | Y=3]*E[{effect} | Y=3]")
    # effect = 2 + u_M; u_M | Y = 3 has the variance 1 - 1/6
    assert found.value == pytest.approx(5 / 6)
    assert ask(model, f"P({effect} > 2 | Y=3)").value == pytest.approx(1 - NormalDist(0.5, math.sqrt(5 / 6)).cdf(0.0))
