"""Ends over one block: closed forms, a second solver, probabilities near zero, conditions that may be impossible."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest

from scm.bounds._one import ZeroCondition, solve_one
from scm.bounds._possible import told_from_rounding
from scm.bounds._programme import Block, Clash, End, Ends, Limit, Polynomial, Programme, Ratio


def form(*rows, weights=None):
    """A polynomial that is a sum of forms of the one block; -1 is a constant."""
    return Polynomial(np.asarray(weights or [1.0] * len(rows), dtype=float), np.array(rows, dtype=np.intp)[:, None])


def block_of(forms, groups=None):
    forms = np.asarray(forms, dtype=float)
    columns = forms.shape[1]
    groups = np.zeros(columns, dtype=np.intp) if groups is None else groups
    return Block("the hidden cause", ("X", "Y"), (), np.zeros((columns, 0), np.int16), forms, groups)


def programme_of(forms, known, query, floor=0.0, ceiling=1.0):
    """`known` is a list of (row, low, high); `query` a list of ratios."""
    limits = tuple(Limit(form(row), low, high, k) for k, (row, low, high) in enumerate(known))
    sources = tuple(f"number {k}" for k in range(len(limits)))
    return Programme((block_of(forms),), limits, tuple(query), sources, floor, ceiling)


def instrument_forms(states=2):
    """Rows P(x, y | z) in the order z, x, y; then P(y_x = last state) for each x. Columns: responses to Z, to X."""
    to_z = list(itertools.product(range(states), repeat=states))
    types = [(x, y) for x in to_z for y in itertools.product(range(states), repeat=states)]
    cells = itertools.product(range(states), repeat=3)
    seen = [[float(x[z] == a and y[a] == b) for x, y in types] for z, a, b in cells]
    done = [[float(y[a] == states - 1) for _, y in types] for a in range(states)]
    return np.array(seen + done)


def instrument(p, query=None):
    forms = instrument_forms()
    effect = Ratio(1.0, form(9, 8, weights=[1.0, -1.0]))
    return programme_of(forms, [(k, p[k], p[k]) for k in range(8)], query or [effect], floor=-1.0)


def balke_pearl(p):
    """The closed form of Balke & Pearl (1997); p[z, x, y]."""
    q = {f"{y}{x}.{z}": p[4 * z + 2 * x + y] for z in (0, 1) for x in (0, 1) for y in (0, 1)}
    lower = max(
        q["11.1"] + q["00.0"] - 1,
        q["11.0"] + q["00.1"] - 1,
        q["11.0"] - q["11.1"] - q["10.1"] - q["01.0"] - q["10.0"],
        q["11.1"] - q["11.0"] - q["10.0"] - q["01.1"] - q["10.1"],
        -q["01.1"] - q["10.1"],
        -q["01.0"] - q["10.0"],
        q["00.1"] - q["01.1"] - q["10.1"] - q["01.0"] - q["00.0"],
        q["00.0"] - q["01.0"] - q["10.0"] - q["01.1"] - q["00.1"],
    )
    upper = min(
        1 - q["01.1"] - q["10.0"],
        1 - q["01.0"] - q["10.1"],
        -q["01.0"] + q["01.1"] + q["00.1"] + q["11.0"] + q["00.0"],
        -q["01.1"] + q["11.1"] + q["00.1"] + q["01.0"] + q["00.0"],
        q["11.1"] + q["00.1"],
        q["11.0"] + q["00.0"],
        -q["10.1"] + q["11.1"] + q["00.1"] + q["11.0"] + q["10.0"],
        -q["10.0"] + q["11.0"] + q["00.0"] + q["11.1"] + q["10.1"],
    )
    return lower, upper


def solved(programme) -> Ends:
    ends = solve_one(programme)
    assert isinstance(ends, Ends)
    assert ends.lower.outer <= ends.lower.inner <= ends.upper.inner <= ends.upper.outer
    for end in (ends.lower, ends.upper):
        assert end.laws is not None
        assert programme.broken(end.laws) <= 1e-9
        assert all((law >= 0).all() and abs(law.sum() - 1) < 1e-12 for law in end.laws)
        assert abs(programme.at(end.laws) - end.inner) < 1e-12
    return ends


def test_the_lipid_trial():
    ends = solved(instrument([0.919, 0.081, 0, 0, 0.315, 0.073, 0.139, 0.473]))
    assert ends.sharp
    assert ends.lower.outer == pytest.approx(0.392, abs=1e-12)
    assert ends.upper.outer == pytest.approx(0.780, abs=1e-12)


def test_balke_and_pearl():
    draw = np.random.default_rng(1)
    for _ in range(150):
        p = instrument_forms()[:8] @ draw.dirichlet(np.full(16, 0.4))
        ends = solved(instrument(p))
        assert ends.sharp
        lower, upper = balke_pearl(p)
        assert abs(ends.lower.outer - lower) < 1e-9
        assert abs(ends.upper.outer - upper) < 1e-9


def test_multipliers_give_the_end():
    p = instrument_forms()[:8] @ np.random.default_rng(5).dirichlet(np.ones(16))
    ends = solved(instrument(p))
    forms = instrument_forms()
    for end, better in ((ends.lower, np.min), (ends.upper, np.max)):
        assert end.duals is not None
        rest = forms[9] - forms[8] - end.duals @ forms[:8]
        assert end.duals @ p + better(rest) == pytest.approx(end.inner, abs=1e-9)


def test_probabilities_near_zero_are_feasible():
    """Many probabilities of zero and of 1e-14 to 1e-3: never a clash, the truth always inside."""
    draw, forms = np.random.default_rng(2), instrument_forms()
    for _ in range(1000):
        tiny = np.where(draw.random(16) < 0.4, 10.0 ** draw.uniform(-14, -3, 16), 1.0)
        law = draw.dirichlet(np.full(16, 0.5)) * tiny * (draw.random(16) < 0.8)
        if law.sum() == 0:
            continue
        law /= law.sum()
        programme = instrument(forms[:8] @ law)
        ends = solved(programme)
        assert ends.sharp
        assert ends.lower.outer - 1e-15 <= programme.at((law,)) <= ends.upper.outer + 1e-15


def necessity_forms():
    """P(x, y) in the order x, y; P(y_x=1) for x = 0, 1; P(Y_0=0, X=1, Y=1). Columns: X, response of Y."""
    types = list(itertools.product((0, 1), repeat=3))  # x, y_0, y_1
    seen = [[float(t[0] == x and t[1 + x] == y) for t in types] for x in (0, 1) for y in (0, 1)]
    done = [[float(t[1 + x] == 1) for t in types] for x in (0, 1)]
    return np.array([*seen, *done, [float(t == (1, 0, 1)) for t in types]])


def test_tian_and_pearl():
    """PN with observational and experimental data, and where only observational ones are there: [0, 1] in general."""
    draw, forms = np.random.default_rng(3), necessity_forms()
    query = [Ratio(1.0, form(6), form(3))]
    for _ in range(150):
        values = forms @ draw.dirichlet(np.full(8, 0.7))
        p11, p01 = values[3], values[1]
        both = solved(programme_of(forms, [(k, values[k], values[k]) for k in range(6)], query))
        y0 = values[4]
        assert both.sharp
        assert both.lower.outer == pytest.approx(max(0.0, (values[1] + p11 - y0) / p11), abs=1e-9)
        assert both.upper.outer == pytest.approx(min(1.0, (1 - y0 - values[0]) / p11), abs=1e-9)
        assert y0 >= p01 - 1e-12
        seen = solved(programme_of(forms, [(k, values[k], values[k]) for k in range(4)], query))
        assert (seen.lower.outer, seen.upper.outer) == pytest.approx((0.0, 1.0), abs=1e-9)


def charnes_cooper(forms, known, above, below):
    """A second way: one programme a side, by SciPy."""
    from scipy.optimize import linprog

    matrix = np.array([forms[k] for k, _, _ in known])
    ends = np.array([low for _, low, _ in known])
    columns = forms.shape[1]
    rows = np.vstack([np.column_stack([matrix, -ends]), np.append(np.ones(columns), -1.0), np.append(below, 0.0)])
    to = np.append(np.zeros(len(known) + 1), 1.0)
    found = [linprog(s * np.append(above, 0.0), A_eq=rows, b_eq=to, method="highs") for s in (1.0, -1.0)]
    return found[0].fun, -found[1].fun


def test_conditions_that_are_not_fixed():
    draw, cells = np.random.default_rng(4), instrument_forms()
    for _ in range(100):
        below = (draw.random(16) < 0.5).astype(float)
        above = below * (draw.random(16) < 0.5)
        law = draw.dirichlet(np.full(16, 1.0))
        forms = np.vstack([cells, below, above])
        known = [(k, value, value) for k, value in enumerate(cells[:8] @ law)]
        programme = programme_of(forms, known, [Ratio(1.0, form(11), form(10))])
        ends = solved(programme)
        assert ends.lower.outer - 1e-12 <= programme.at((law,)) <= ends.upper.outer + 1e-12
        lower, upper = charnes_cooper(forms, known, above, below)
        assert ends.lower.inner == pytest.approx(lower, abs=1e-6)
        assert ends.upper.inner == pytest.approx(upper, abs=1e-6)


def test_a_condition_that_may_be_impossible():
    """P(Y=1 | X=1) where nothing is known of X: laws under which X is never 1 do not count."""
    forms = [[1.0, 1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0], [0.7, -0.3, 0.0, 0.0]]
    query = [Ratio(1.0, form(1), form(0))]
    ends = solved(programme_of(forms, [(2, 0.0, 0.0)], query))
    assert (ends.lower.inner, ends.upper.inner) == pytest.approx((0.3, 0.3), abs=1e-9)
    assert ends.spent["least condition"] > 0
    free = solved(programme_of(forms, [], query))
    assert (free.lower.outer, free.upper.outer) == (0.0, 1.0)
    assert free.sharp


@pytest.mark.parametrize(("faint", "told"), [(0.1, True), (1e-5, True), (1e-12, False)])
def test_an_end_that_rounding_decides_is_not_attained(faint, told):
    """What a law misses of what is known is divided by what the condition has."""
    forms = [[1.0, 1.0, 0.0], [1.0, 0.0, 0.0]]
    programme = programme_of(forms, [(0, faint, faint)], [Ratio(1.0, form(1), form(0))])
    missed = np.array([faint / 2 + 1e-12, faint / 2, 1 - faint - 1e-12])
    end = told_from_rounding(programme, End(0.5, programme.at((missed,)), (missed,)))
    assert (end.laws is not None) is told
    assert bool(np.isnan(end.inner)) is not told
    assert end.outer == 0.5


def test_an_impossible_condition():
    forms = [[1.0, 1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0]]
    with pytest.raises(ZeroCondition):
        solve_one(programme_of(forms, [(0, 0.0, 0.0)], [Ratio(1.0, form(1), form(0))]))


def test_two_conditions():
    """A difference of ratios with conditions that differ: branching brings the ends together; laws lie inside."""
    draw, cells = np.random.default_rng(6), instrument_forms()
    for _ in range(8):
        below, other = (draw.random((2, 16)) < 0.6).astype(float)
        above, one = below * (draw.random(16) < 0.5), other * (draw.random(16) < 0.5)
        law = draw.dirichlet(np.ones(16))
        forms = np.vstack([cells, below, above, other, one])
        known = [(k, value, value) for k, value in enumerate(cells[:8] @ law)]
        query = [Ratio(1.0, form(11), form(10)), Ratio(-1.0, form(13), form(12))]
        programme = programme_of(forms, known, query, floor=-1.0)
        ends = solved(programme)
        value = programme.at((law,))
        assert ends.sharp
        assert ends.lower.outer - 1e-12 <= value <= ends.upper.outer + 1e-12


def test_constants_and_intervals():
    """Limits with constants, one-sided limits, and a query with a constant."""
    forms = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    shifted = Polynomial(np.array([1.0, -0.25]), np.array([[0], [-1]]))
    limits = (Limit(shifted, 0.0, np.inf, 0), Limit(form(1), -np.inf, 0.5, 1))
    query = (Ratio(1.0, Polynomial(np.array([2.0, 1.0]), np.array([[0], [-1]]))),)
    ends = solved(Programme((block_of(forms),), limits, query, ("a", "b"), -np.inf, np.inf))
    assert (ends.lower.outer, ends.upper.outer) == pytest.approx((1.5, 3.0), abs=1e-12)


def test_kernels():
    """Two groups: one law for each state of something else."""
    groups = np.array([0, 0, 1, 1])
    block = block_of([[1.0, 0.0, 1.0, 0.0], [1.0, 0.0, 0.0, 0.0]], groups)
    limits = (Limit(form(0), 0.6, 0.6, 0),)
    ends = solved_kernel(Programme((block,), limits, (Ratio(1.0, form(1)),), ("a",), 0.0, 1.0))
    assert (ends.lower.outer, ends.upper.outer) == pytest.approx((0.0, 0.6), abs=1e-12)


def solved_kernel(programme):
    ends = solve_one(programme)
    assert isinstance(ends, Ends)
    assert ends.sharp
    return ends


def test_what_is_relaxed_is_not_sharp():
    programme = instrument([0.919, 0.081, 0, 0, 0.315, 0.073, 0.139, 0.473])
    block = dataclasses.replace(programme.blocks[0], relaxed="two causes")
    assert not solved(dataclasses.replace(programme, blocks=(block,))).sharp


def test_a_clash():
    found = solve_one(instrument([0.9, 0.1, 0, 0, 0.05, 0.9, 0.05, 0.0]))
    assert isinstance(found, Clash)
    assert found.by > 0.1
