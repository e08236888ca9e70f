"""Pools of dual vectors: sound always, sharp when complete; rows against one linear programme each."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linprog

from scm import Execution
from scm.bounds._pool import Vectors, listed, sound
from scm.bounds._pool_grow import grown
from scm.bounds._pool_rows import CONTRADICTION, OK, UNDEFINED, row_ends
from scm.bounds._programme import TooLarge
from scm.bounds._shorter import tidied
from scm.bounds._standard import NotOneProgramme, standard
from scm.bounds._vertices import extreme_rays

from .bound_programmes import instrument, necessity, programme


def complete(made):
    return tidied(listed(standard(made, range(len(made.limits)))))


def by_scipy(made, right, *, known):
    """Ends of one row by an LP each, or None where there is no law."""
    forms = made.blocks[0].forms
    ratio = made.query[0]
    cost = ratio.above.weights @ forms[ratio.above.factors[:, 0]]
    ends = []
    for sign in (1.0, -1.0):
        found = linprog(
            sign * cost,
            A_eq=np.vstack([forms[:known], np.ones(forms.shape[1])]),
            b_eq=np.r_[right, 1.0],
            bounds=(0, None),
        )
        if found.status == 2:
            return None
        assert found.status == 0
        ends.append(sign * found.fun)
    return ends


def possible(made, count, seed=1, concentration=0.4):
    """Right-hand sides that some law has."""
    forms = made.blocks[0].forms[: len(made.limits)]
    laws = np.random.default_rng(seed).dirichlet(np.full(forms.shape[1], concentration), size=count)
    return laws @ forms.T


@pytest.mark.parametrize("made", [instrument(), instrument(3), instrument(no_defiers=True)])
def test_rows_of_a_complete_pool_are_sharp(made):
    right = possible(made, 60)
    found = row_ends(complete(made), right)
    wanted = np.array([by_scipy(made, row, known=len(row)) for row in right])
    assert (found.codes == OK).all()
    assert found.sharp.all()
    np.testing.assert_allclose(found.lower, wanted[:, 0], atol=1e-9)
    np.testing.assert_allclose(found.upper, wanted[:, 1], atol=1e-9)
    assert (found.outer_lower <= found.lower).all()
    assert (found.outer_upper >= found.upper).all()


def test_numbers_that_no_law_has_are_a_contradiction():
    """The instrumental inequality: laws drawn for each value of the instrument by itself break it now and then."""
    made = instrument()
    right = np.random.default_rng(2).dirichlet(np.full(4, 0.3), size=(120, 2)).reshape(120, 8)
    found = row_ends(complete(made), right)
    sums = right[:, :4].reshape(-1, 2, 2)[:, :, :, None] + right[:, 4:].reshape(-1, 2, 2)[:, :, None, :]
    broken = (sums[:, :, [0, 1], [1, 0]] > 1).any(axis=(1, 2))
    assert 10 < broken.sum() < 110
    np.testing.assert_array_equal(found.codes == CONTRADICTION, broken)
    assert np.isnan(found.lower[broken]).all()
    assert not np.isnan(found.lower[~broken]).any()
    assert [by_scipy(made, row, known=8) is None for row in right] == broken.tolist()


def test_laws_that_disagree_with_each_other_are_a_contradiction():
    """P(x, y) above P(y | do(x)): Tian & Pearl (2000)."""
    made = necessity(experiment=True)
    rows = np.array([[0.1, 0.4, 0.2, 0.3, 0.5, 0.5, 0.4, 0.6], [0.1, 0.4, 0.2, 0.3, 0.7, 0.3, 0.4, 0.6]])
    found = row_ends(complete(made), rows)
    assert found.codes.tolist() == [OK, CONTRADICTION]
    assert found.missed[1] == pytest.approx(0.1)


def test_necessity_is_that_of_tian_and_pearl():
    made = necessity(experiment=True)
    right = possible(made, 200)
    found = row_ends(complete(made), right)
    _, p01, _, p11, _, y0, _, _ = right.T
    y = p01 + p11
    np.testing.assert_allclose(found.lower, np.clip((y - y0) / p11, 0, 1), atol=1e-9)
    np.testing.assert_allclose(found.upper, np.clip((1 - y0 - right[:, 0]) / p11, 0, 1), atol=1e-9)


def test_a_condition_of_probability_zero_is_undefined():
    found = row_ends(complete(necessity()), np.array([[0.5, 0.2, 0.3, 0.0], [0.5, 0.2, 0.2, 0.1]]))
    assert found.codes.tolist() == [UNDEFINED, OK]
    assert np.isnan(found.lower[0])
    assert (found.lower[1], found.upper[1]) == (0.0, 1.0)


def test_the_lipid_trial():
    """Balke & Pearl (1997): the effect lies between 39.2% and 78%."""
    row = np.array([[0.919, 0.081, 0, 0, 0.315, 0.073, 0.139, 0.473]])
    found = row_ends(complete(instrument()), row)
    assert (found.lower[0], found.upper[0]) == (pytest.approx(0.392), pytest.approx(0.780))


@pytest.mark.parametrize("precision", ["double", "single"])
def test_the_compiled_pool_agrees(precision):
    made = instrument()
    right, pool = possible(made, 1000), complete(instrument())
    plain = row_ends(pool, right)
    found = row_ends(pool, right, Execution("jax", precision, chunk=300))
    allowed = found.error + plain.error
    assert allowed < (1e-13 if precision == "double" else 1e-4)
    assert found.executor == "jax"
    np.testing.assert_allclose(found.lower, plain.lower, atol=allowed, rtol=0)
    np.testing.assert_allclose(found.upper, plain.upper, atol=allowed, rtol=0)
    assert (found.outer_lower <= plain.lower).all()
    assert (found.outer_upper >= plain.upper).all()


def test_no_vector_can_be_unsound():
    """Whatever vectors are put in, feasible or not: what they lack is taken off."""
    made = instrument()
    form = standard(made, range(8))
    draws = np.random.default_rng(3)
    vectors = sound(form, form.cost, draws.normal(size=(500, 9)) * 10.0 ** draws.integers(-6, 3, size=(500, 1)))
    right = possible(made, 300)
    sharp = row_ends(complete(made), right)
    assert ((vectors.values @ right.T).T + vectors.constants <= sharp.lower[:, None] + 1e-12).all()


def test_an_interval_beside_the_laws():
    """A limit that is no equation: 0.2 <= P(Y=1 | do(X=0)) <= 0.3 beside P(x, y)."""
    forms = necessity(experiment=True).blocks[0].forms
    made = programme(forms, range(4), [(1.0, 7), (-1.0, 5)], inside=[(5, 0.2, 0.3)])
    pool = tidied(listed(standard(made, range(4))))
    right = possible(programme(forms, range(4), [(1.0, 7)]), 80)
    found = row_ends(pool, right)
    for row, low, high, code in zip(right, found.lower, found.upper, found.codes, strict=True):
        p00, p01, p10, p11 = row
        y0 = (max(p01, 0.2), min(1 - p00, 0.3))
        assert (code == CONTRADICTION) == (y0[0] > y0[1] + 1e-9)
        if code == OK:
            assert (low, high) == (pytest.approx(p11 - y0[1]), pytest.approx(1 - p10 - y0[0]))
    assert 0 < (found.codes == OK).sum() < 80


def test_what_cannot_be_pooled_is_refused():
    made = necessity()
    with pytest.raises(NotOneProgramme, match="divides by a probability that is not known"):
        standard(programme(made.blocks[0].forms, [0, 1], [(1.0, 4)], below=[(1.0, 3)]), range(2))
    with pytest.raises(NotOneProgramme, match="interval"):
        standard(programme(made.blocks[0].forms, [], [(1.0, 4)], inside=[(0, 0.1, 0.2)]), [0])
    with pytest.raises(TooLarge, match="extreme rays"):
        listed(standard(instrument(3), range(12)), most=20)


def test_extreme_rays_of_a_cube():
    """The cone over a cube has the cube's corners; whole numbers beyond 64 bits too."""
    for size in (1, 10**12):
        rows = np.array(
            [[s * size if k == i else 0 for k in range(3)] + [size] for i in range(3) for s in (1, -1)], object
        )
        rays = extreme_rays(rows)
        assert sorted(map(tuple, rays.tolist())) == sorted(
            (a, b, c, 1) for a in (-1, 1) for b in (-1, 1) for c in (-1, 1)
        )


def test_no_rows():
    found = row_ends(complete(instrument()), np.zeros((0, 8)))
    assert len(found.lower) == len(found.codes) == 0


def test_vectors_join():
    one = Vectors(np.zeros((2, 3)), np.ones(2))
    assert len(one.joined(one)) == 4


@pytest.mark.parametrize("values", [2, 3])
def test_a_pool_that_is_grown_finds_the_vertices(values):
    """Every row proved from both sides, and the same ends as from the whole list."""
    made = instrument(values)
    form, right = standard(made, range(len(made.limits))), possible(made, 300)
    more = grown(form, right, seconds=60)
    whole = listed(form)
    assert (len(more.pool.lower), len(more.pool.upper)) <= (len(whole.lower), len(whole.upper))
    found, wanted = row_ends(more.pool, right), row_ends(whole, right)
    assert more.proved(right).all()
    np.testing.assert_allclose(found.lower, wanted.lower, atol=1e-9)
    np.testing.assert_allclose(found.upper, wanted.upper, atol=1e-9)


def test_a_pool_that_is_too_small_is_sound_and_says_so():
    made = instrument(3)
    form, right = standard(made, range(len(made.limits))), possible(made, 300)
    more = grown(form, right, solves=6)
    found, wanted = row_ends(more.pool, right), row_ends(listed(form), right)
    assert (found.outer_lower <= wanted.lower).all()
    assert (found.outer_upper >= wanted.upper).all()
    assert not found.sharp.any()  # by itself a pool that is not complete proves nothing
    proved = more.proved(right)
    assert 0 < proved.sum() < 300
    np.testing.assert_allclose(found.lower[proved], wanted.lower[proved], atol=1e-9)
    np.testing.assert_allclose(found.upper[proved], wanted.upper[proved], atol=1e-9)


def test_a_pool_that_is_grown_refutes_rows():
    form = standard(instrument(), range(8))
    right = np.random.default_rng(2).dirichlet(np.full(4, 0.3), size=(120, 2)).reshape(120, 8)
    more = grown(form, right)
    np.testing.assert_array_equal(row_ends(more.pool, right).codes, row_ends(listed(form), right).codes)
