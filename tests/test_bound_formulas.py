"""Formulas of bounds: published ones as sets of terms, and all of them against one linear programme a law."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from scipy.optimize import linprog

import scm
from scm import Available, InvalidQuery, KnownLaw, ScmError, UnknownName, bound_formulas
from scm._estimand import Estimand, Law, Linear

EFFECT = "P(Y=1 | do(X=1)) - P(Y=1 | do(X=0))"
INSTRUMENT = "Z -> X -> Y, X <-> Y"
RANDOMISED = [Available(("X", "Y"), ("Z",))]
CONFOUNDED = "X -> Y, X <-> Y"
BOTH = [Available(("X", "Y")), Available(("Y",), ("X",))]

# Balke & Pearl (1997), in their order of indices: p{y}{x}{z} is P(Y=y, X=x | Z=z).
LOWER = """
p111 + p000 - 1
p110 + p001 - 1
p110 - p111 - p101 - p010 - p100
p111 - p110 - p100 - p011 - p101
-p011 - p101
-p010 - p100
p001 - p011 - p101 - p010 - p000
p000 - p010 - p100 - p011 - p001
"""
UPPER = """
1 - p011 - p100
1 - p010 - p101
-p010 + p011 + p001 + p110 + p000
-p011 + p111 + p001 + p010 + p000
p111 + p001
p110 + p000
-p101 + p111 + p001 + p110 + p100
-p100 + p110 + p000 + p111 + p101
"""


def published(text: str) -> set[tuple[tuple[str, float], ...]]:
    found = set()
    for line in text.strip().splitlines():
        parts = line.replace("- ", "-").replace("+ ", "+").replace(" ", "").replace("-", " -").replace("+", " ").split()
        terms = {"1": float(p)} if (p := parts[0]) in ("1", "-1") else {}
        for part in parts:
            sign, name = (-1.0, part[1:]) if part.startswith("-") else (1.0, part)
            terms[name] = sign
        found.add(tuple(sorted(terms.items())))
    return found


def cell(law: Estimand) -> str:
    assert isinstance(law, Law)
    at = {name: value.value for name, value in (*law.of, *law.given, *law.do)}  # type: ignore[union-attr]
    return "p" + "".join(str(at[name]) for name in "YXZ" if name in at)


def printed(terms: tuple[Estimand, ...]) -> set[tuple[tuple[str, float], ...]]:
    found = set()
    for term in terms:
        form = term if isinstance(term, Linear) else Linear(((1.0, term),))
        own = {cell(part): float(x) for x, part in form.parts} | ({"1": form.constant} if form.constant else {})
        found.add(tuple(sorted(own.items())))
    return found


@pytest.mark.parametrize("available", [RANDOMISED, None])
def test_the_instrument_has_the_terms_of_balke_and_pearl(available):
    formula = bound_formulas(INSTRUMENT, EFFECT, available)
    assert printed(formula.lower) == published(LOWER)
    assert printed(formula.upper) == published(UPPER)
    pearl = [f"p{y}{x}0" for x in "01" for y in "01"]  # the instrumental inequality (Pearl 1995)
    assert {frozenset(terms) for terms in printed(formula.inequalities)} == {
        frozenset({(name, 1.0), (f"p{1 - int(name[1])}{name[2]}1", 1.0), ("1", -1.0)}) for name in pearl
    }


def test_the_confounded_effect_has_the_ends_of_manski():
    """[-p10 - p01, 1 - p10 - p01], where the upper end is p00 + p11 in fewer terms."""
    formula = bound_formulas(CONFOUNDED, EFFECT)
    assert printed(formula.lower) == {(("p01", -1.0), ("p10", -1.0))}
    assert printed(formula.upper) == {(("p00", 1.0), ("p11", 1.0))}
    assert formula.inequalities == ()


def test_an_instrument_without_defiers_has_one_term_at_each_end():
    formula = bound_formulas(INSTRUMENT, EFFECT, RANDOMISED, assume="no_defiers")
    assert printed(formula.lower) == published("p000 + p111 - 1")
    assert printed(formula.upper) == published("1 - p100 - p011")
    assert len(formula.inequalities) == 4


def test_the_benefit_has_the_terms_of_tian_and_pearl():
    formula = bound_formulas(CONFOUNDED, "P(Y[X=1]=1, Y[X=0]=0)", BOTH)
    rng = np.random.default_rng(0)
    for laws in random_laws(rng, 50):
        (p00, p01), (p10, p11) = laws[0].array
        y1, y0 = laws[1].array[1, 1], laws[1].array[0, 1]
        y = p01 + p11
        found = formula.at(laws)
        assert found.lower == pytest.approx(max(0, y1 - y0, y - y0, y1 - y), abs=1e-9)
        assert found.upper == pytest.approx(min(y1, 1 - y0, p11 + p00, y1 - y0 + p10 + p01), abs=1e-9)
    assert (len(formula.lower), len(formula.upper)) == (4, 4)


def test_necessity_is_a_quotient():
    formula = bound_formulas(CONFOUNDED, "P(Y[X=0]=0 | X=1, Y=1)", BOTH)
    for laws in random_laws(np.random.default_rng(1), 50):
        (p00, p01), (_, p11) = laws[0].array
        y0 = laws[1].array[0, 1]
        found = formula.at(laws)
        assert found.lower == pytest.approx(max(0, (p01 + p11 - y0) / p11), abs=1e-8)
        assert found.upper == pytest.approx(min(1, (1 - y0 - p00) / p11), abs=1e-8)
    exogenous = bound_formulas("X -> Y", "P(Y[X=0]=0 | X=1, Y=1)", assume="no_prevention")
    assert exogenous.lower == exogenous.upper  # the excess risk ratio
    assert str(exogenous).splitlines()[1].strip() == ">= (P(Y=0 | X=0) - P(Y=0 | X=1)) / P(Y=1 | X=1)"


def test_the_drug_trial_and_the_lipid_trial():
    """Reference cases 33 and 37."""
    drug = [
        KnownLaw(("X", "Y"), np.array([[0.5 * 0.972, 0.5 * 0.028], [0.5 * 0.998, 0.5 * 0.002]])),
        KnownLaw(("Y",), np.array([[0.986, 0.014], [0.984, 0.016]]), ("X",)),
    ]
    necessary = bound_formulas(CONFOUNDED, "P(Y[X=0]=0 | X=1, Y=1)", BOTH).at(drug)
    assert (necessary.lower, necessary.upper) == (pytest.approx(1), pytest.approx(1))
    both = bound_formulas(CONFOUNDED, "P(Y[X=0]=0, Y[X=1]=1)", BOTH).at(drug)
    assert (both.lower, both.upper) == (pytest.approx(0.002), pytest.approx(0.016))
    lipid = KnownLaw(("X", "Y"), np.array([[[0.919, 0.081], [0, 0]], [[0.315, 0.073], [0.139, 0.473]]]), ("Z",))
    effect = bound_formulas(INSTRUMENT, EFFECT, RANDOMISED).at([lipid])
    assert (effect.lower, effect.upper) == (pytest.approx(0.392), pytest.approx(0.780))


def random_laws(rng, count):
    """P(X, Y) and P(Y | do(X)) of models with a hidden cause of both."""
    for q in rng.dirichlet(np.full(8, 0.5), size=count).reshape(count, 2, 2, 2):  # X, Y where X is 0, Y where it is 1
        joint = np.array([[q[0, y, :].sum() for y in (0, 1)], [q[1, :, y].sum() for y in (0, 1)]])
        trial = np.array([[q[:, y, :].sum() for y in (0, 1)], [q[:, :, y].sum() for y in (0, 1)]])
        yield [KnownLaw(("X", "Y"), joint), KnownLaw(("Y",), trial, ("X",))]


def instrument_types(values: int) -> np.ndarray:
    """P(x, y | do(z)) and the effect for each response type, written out by hand."""
    rows = []
    for x in itertools.product((0, 1), repeat=values):
        for y in itertools.product((0, 1), repeat=2):
            table = np.zeros((values, 2, 2))
            for z in range(values):
                table[z, x[z], y[x[z]]] = 1
            rows.append([*table.ravel(), y[1] - y[0]])
    return np.array(rows).T


@pytest.mark.parametrize(("values", "laws"), [(2, 1000), (3, 60)])
def test_formulas_are_linear_programmes(values, laws):
    formula = bound_formulas(INSTRUMENT, EFFECT, RANDOMISED, states={"Z": tuple(range(values))})
    types = instrument_types(values)
    draws = np.random.default_rng(2).dirichlet(np.full(types.shape[1], 0.3), size=laws) @ types[:-1].T
    study = scm.Study(
        INSTRUMENT,
        KnownLaw(("X", "Y"), draws.reshape(laws, values, 2, 2), ("Z",), strata=True),
        states={"Z": tuple(range(values))},
    )
    rows = scm.ask(study, EFFECT).interval
    assert rows is not None
    for k, row in enumerate(draws):
        lower, upper = (
            sign * linprog(sign * types[-1], A_eq=types[:-1], b_eq=row, bounds=(0, None)).fun for sign in (1, -1)
        )
        assert np.asarray(rows.lower)[k] == pytest.approx(lower, abs=1e-9)
        assert np.asarray(rows.upper)[k] == pytest.approx(upper, abs=1e-9)
        if k < 50:
            found = formula.at([KnownLaw(("X", "Y"), row.reshape(values, 2, 2), ("Z",))])
            assert (found.lower, found.upper) == (pytest.approx(lower, abs=1e-9), pytest.approx(upper, abs=1e-9))


def test_laws_that_refute_the_graph_are_refused():
    formula = bound_formulas(INSTRUMENT, EFFECT, RANDOMISED)
    wrong = np.array([[[0.9, 0.1], [0, 0]], [[0.1, 0.9], [0, 0]]])
    with pytest.raises(InvalidQuery, match=r"P\(X=0, Y=0 \| do\(Z=0\)\) \+ P\(X=0, Y=1 \| do\(Z=1\)\) - 1 is 0.8"):
        formula.at([KnownLaw(("X", "Y"), wrong, ("Z",))])


def test_an_identified_query_has_its_estimand_at_both_ends():
    formula = bound_formulas("X -> Y", "P(Y=1 | do(X=1))")
    assert str(formula) == "P(Y[X=1] = 1)\n  >= P(Y=1 | X=1)\n  <= P(Y=1 | X=1)"


def test_latex_shows_both_ends():
    text = bound_formulas(CONFOUNDED, "P(Y[X=0]=0 | X=1, Y=1)", BOTH).to_latex()
    assert text.count(r"\frac{") == 2
    assert r"\geq \max \left\{ \begin{array}{l} 0 \\" in text
    assert "do(X)" not in text


@pytest.mark.parametrize(
    ("graph", "query", "why"),
    [
        ("X -> M -> Y, X <-> Y", "P(Y[X=0]=0, Y[X=1]=1)", "2 unknown laws"),
        (INSTRUMENT, "P(Y[X=0]=0 | X=1, Y=1)", "weights that differ"),
        (CONFOUNDED, "P(Y | do(X=1))", "one number"),
    ],
)
def test_what_has_no_formula_is_refused(graph, query, why):
    with pytest.raises(InvalidQuery, match=why):
        bound_formulas(graph, query)


def test_bad_names_are_said():
    with pytest.raises(UnknownName, match="'W'"):
        bound_formulas(CONFOUNDED, "P(W=1)")
    with pytest.raises(UnknownName, match="'W'"):
        bound_formulas(CONFOUNDED, EFFECT, [Available(("X", "W"))])


@pytest.mark.parametrize(
    ("laws", "message"),
    [
        ([KnownLaw(("X", "Y"), [[0.3, 0.2], [0.1, 0.3]])], "does not add up to one"),
        ([KnownLaw(("X", "Y"), [[3, 2], [1, 4]])], "does not add up to one"),
        ([KnownLaw(("X", "Y"), [[-0.2, 0.5], [0.3, 0.4]])], "below zero"),
        ([KnownLaw(("X", "Y"), [[math.nan, 0.5], [0.1, 0.4]])], "below zero or does not add up"),
        ([KnownLaw(("X", "Y"), [0.5, 0.5])], "Y"),
        ([], "got none"),
        ({"X": 1}, "got str"),
        ([np.full((2, 2), 0.25)], "got ndarray"),
    ],
)
def test_what_is_no_law_is_refused(laws: Any, message: str) -> None:
    formula = bound_formulas("X -> Y, X <-> Y", "P(Y=1 | do(X=1))")
    with pytest.raises(ScmError, match=message):
        formula.at(laws)
