"""Laws of many strata in one question, against every stratum asked by itself."""

from __future__ import annotations

import numpy as np
import pytest

from scm import Answer, InvalidModel, InvalidRows, KnownLaw, Study, ask

EFFECT = "P(Y=1 | do(X=1)) - P(Y=1 | do(X=0))"
INSTRUMENT = "Z -> X -> Y, X <-> Y"


def laws(count, shape, seed=0, concentration=0.6):
    cells = int(np.prod(shape))
    return np.random.default_rng(seed).dirichlet(np.full(cells, concentration), size=count).reshape(count, *shape)


def instrument(count, seed=0):
    """P(z, x, y) of models with a hidden cause of X and Y."""
    rng = np.random.default_rng(seed)
    types = [(a, b, c, d) for a in (0, 1) for b in (0, 1) for c in (0, 1) for d in (0, 1)]
    out = np.zeros((count, 2, 2, 2))
    for share, (a, b, *y) in zip(rng.dirichlet(np.full(16, 0.4), size=count).T, types, strict=True):
        for z, x in ((0, a), (1, b)):
            out[:, z, x, y[x]] += share
    return out * rng.dirichlet((2, 2), size=count)[:, :, None, None]


def one(answer: Answer) -> tuple[str, float, float]:
    if answer.finding in ("exact", "bounds"):
        ends = (
            (answer.value, answer.value) if answer.interval is None else (answer.interval.lower, answer.interval.upper)
        )
        return "ok", float(ends[0]), float(ends[1])  # type: ignore[arg-type]
    return answer.finding, np.nan, np.nan


def check_against_single(graph, query, sources, assume=(), rows=6, **more):
    """Every stratum as it is answered by itself."""
    found = ask(Study(graph, *sources, **more), query, assume=assume)
    for k in range(rows):
        alone = [KnownLaw(s.variables, s.array[k], s.do, s.name) if s.strata else s for s in sources]
        status, low, high = one(ask(Study(graph, *alone, **more), query, assume=assume))
        assert found.status[k] == status
        got = (found.value, found.value) if found.interval is None else (found.interval.lower, found.interval.upper)
        np.testing.assert_allclose([np.asarray(end)[k] for end in got], [low, high], atol=1e-7)
    return found


def test_an_effect_that_is_not_identified():
    found = check_against_single(INSTRUMENT, EFFECT, [KnownLaw(("Z", "X", "Y"), instrument(500), strata=True)])
    assert found.finding == "bounds"
    assert found.interval is not None
    assert found.interval.sharp
    assert found.interval.lower.shape == (500,)  # type: ignore[union-attr]
    assert set(found.status) == {"ok"}
    assert "the greatest of" in found.to_text()


def test_an_effect_that_is_identified():
    found = check_against_single(
        "C -> X -> Y, C -> Y", EFFECT, [KnownLaw(("C", "X", "Y"), laws(50, (2, 2, 2)), strata=True)]
    )
    assert found.finding == "exact"
    assert np.asarray(found.value).shape == (50,)


def test_a_distribution():
    source = KnownLaw(("C", "X", "Y"), laws(20, (2, 2, 3)), strata=True)
    found = ask(Study("C -> X -> Y, C -> Y", source, states={"Y": (0, 1, 2)}), "P(Y | do(X=1))")
    p = source.array
    wanted = (p[:, :, 1] / p[:, :, 1].sum(axis=-1, keepdims=True) * p.sum(axis=(2, 3))[:, :, None]).sum(axis=1)
    np.testing.assert_allclose(np.asarray(found.value), wanted, atol=1e-12)
    bounds = ask(Study("X -> Y, X <-> Y", KnownLaw(("X", "Y"), laws(20, (2, 2)), strata=True)), "P(Y | do(X=1))")
    assert bounds.interval is not None
    assert np.shape(bounds.interval.lower) == (20, 2)
    assert len(bounds.to_frame()["status"]) == 20


def test_a_condition_and_an_experiment():
    draws = np.random.default_rng(3).dirichlet(np.full(8, 0.6), size=40).reshape(40, 2, 2, 2)
    joint = np.stack([draws[:, 0].sum(axis=2), draws[:, 1].sum(axis=1)], axis=1)
    trial = np.stack([draws.sum(axis=(1, 3)), draws.sum(axis=(1, 2))], axis=1)
    sources = [KnownLaw(("X", "Y"), joint, strata=True), KnownLaw(("Y",), trial, ("X",), strata=True)]
    check_against_single("X -> Y, X <-> Y", "P(Y[X=0]=0 | X=1, Y=1)", sources)
    check_against_single("X -> Y, X <-> Y", "P(Y[X=0]=0, Y[X=1]=1)", sources, assume="no_prevention")
    sources[1] = KnownLaw(("Y",), trial[0], ("X",))  # one experiment for all strata
    check_against_single("X -> Y, X <-> Y", "P(Y[X=0]=0 | X=1, Y=1)", sources)


def test_strata_that_no_model_has():
    found = ask(Study(INSTRUMENT, KnownLaw(("X", "Y"), by_arm(200), ("Z",), strata=True)), EFFECT)
    p = by_arm(200)
    broken = np.array([max(p[k, :, x].max(axis=0).sum() for x in (0, 1)) > 1 for k in range(200)])
    assert 5 < broken.sum() < 195
    assert [s == "contradiction" for s in found.status] == broken.tolist()
    assert found.interval is not None
    assert np.isnan(np.asarray(found.interval.lower)[broken]).all()


def by_arm(count):
    return np.random.default_rng(4).dirichlet(np.full(4, 0.4), size=(count, 2)).reshape(count, 2, 2, 2)


def test_strata_in_which_something_has_no_probability():
    p = instrument(8, seed=5)
    p[1, 1] = 0  # nobody has Z=1
    p[1] /= p[1].sum()
    p[2] = 0
    p[2, :, 0, 1] = 0.5  # nobody takes the treatment
    found = check_against_single(INSTRUMENT, EFFECT, [KnownLaw(("Z", "X", "Y"), p, strata=True)], rows=8)
    assert set(found.status) == {"ok"}
    joint = laws(4, (2, 2))
    joint[2] = [[0.5, 0.5], [0, 0]]
    query = "P(Y[X=0]=0 | X=1, Y=1)"
    found = check_against_single("X -> Y, X <-> Y", query, [KnownLaw(("X", "Y"), joint, strata=True)], rows=4)
    assert found.status == ("ok", "ok", "undefined", "ok")
    assert check_against_single("X -> Y", query, [KnownLaw(("X", "Y"), joint, strata=True)], rows=4).status[2] != "ok"


def test_an_identified_effect_where_a_stratum_is_empty():
    p = laws(5, (2, 2, 2))
    p[3, 1, 1] = 0  # with C=1 nobody takes the treatment
    p[3] /= p[3].sum()
    found = check_against_single("C -> X -> Y, C -> Y", EFFECT, [KnownLaw(("C", "X", "Y"), p, strata=True)], rows=5)
    assert found.finding == "bounds"
    lower, upper = (np.asarray(end) for end in (found.interval.lower, found.interval.upper))  # type: ignore[union-attr]
    assert ((upper - lower > 0.01) == [False, False, False, True, False]).all()


def test_an_identified_query_whose_condition_is_impossible_in_a_stratum():
    joint = laws(4, (2, 2))
    joint[2] = [[0, 0], [0.4, 0.6]]
    found = check_against_single("X -> Y", "P(Y[X=1]=1 | X=0)", [KnownLaw(("X", "Y"), joint, strata=True)], rows=4)
    assert found.finding == "exact"
    assert found.status == ("ok", "ok", "undefined", "ok")


def test_a_query_that_is_answered_one_by_one():
    """PN with an instrument: the shares of the instrument weigh the unknown law, differently in each stratum."""
    query = "P(Y[X=0]=0 | X=1, Y=1)"
    found = check_against_single(INSTRUMENT, query, [KnownLaw(("Z", "X", "Y"), instrument(6), strata=True)])
    assert found.diagnostics["answered_one_by_one"] == 6


def test_statements_beside_strata():
    source = KnownLaw(("X", "Y"), laws(10, (2, 2)), strata=True)
    rows = 0
    found = ask(Study("X -> Y, X <-> Y", source, "P(Y=1 | do(X=0)) = 30%"), EFFECT)
    for k, (p, status) in enumerate(zip(source.array, found.status, strict=True)):
        (p00, p01), (p10, p11) = p
        if status == "contradiction":
            assert not p01 - 0.006 <= 0.3 <= 1 - p00 + 0.006
        else:
            assert found.interval is not None
            assert np.asarray(found.interval.lower)[k] == pytest.approx(p11 - 0.3, abs=0.006)
            assert np.asarray(found.interval.upper)[k] == pytest.approx(1 - p10 - 0.3, abs=0.006)
            rows += 1
    assert rows


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda p: p.__setitem__((3, 0, 0), np.nan), "Row 4, .* has nan for a probability"),
        (lambda p: p.__setitem__((3, 0, 0), -0.5), "Row 4, .* has a probability of -0.5, below zero"),
        (lambda p: p.__setitem__((3, 0, 0), np.inf), "Row 4, .* has inf"),
        (lambda p: p.__setitem__(3, p[3] * 2), "Row 4, .* add up to 2, not to 1"),
    ],
)
def test_a_bad_stratum_is_named(change, says):
    p = laws(9, (2, 2))
    change(p)
    with pytest.raises(InvalidRows, match=says) as caught:
        Study("X -> Y", KnownLaw(("X", "Y"), p, strata=True))
    assert caught.value.row == 4


def test_bad_shapes_are_said():
    p = laws(9, (2, 2))
    with pytest.raises(InvalidModel, match=r"shape \(9, 4\); with strata=True \(strata, 2, 2\) is wanted"):
        Study("X -> Y", KnownLaw(("X", "Y"), p.reshape(9, 4), strata=True))
    with pytest.raises(InvalidModel, match="no strata"):
        Study("X -> Y", KnownLaw(("X", "Y"), p[:0], strata=True))
    with pytest.raises(InvalidModel, match="no array of numbers"):
        Study("X -> Y", KnownLaw(("X", "Y"), [["a"]], strata=True))
    with pytest.raises(InvalidModel, match=r"strata\. Give each for the same strata"):
        Study("X -> Y", KnownLaw(("X", "Y"), p, strata=True), KnownLaw(("Y",), p[:8].sum(axis=1), strata=True))


def test_the_arrays_of_the_user_are_left_alone():
    p = laws(30, (2, 2))
    before = p.copy()
    found = ask(Study("X -> Y, X <-> Y", KnownLaw(("X", "Y"), p, strata=True)), EFFECT)
    np.testing.assert_array_equal(p, before)
    p[0] = 0.25  # writable still
    with pytest.raises(ValueError, match="read-only"):
        found.interval.lower[0] = 1.0  # type: ignore[union-attr,index]


def test_a_hidden_cause_that_is_only_relaxed():
    """Z <-> X <-> Y: one hidden cause of all is less than the graph says; few strata are answered by themselves."""
    p = np.random.default_rng(8).dirichlet(np.ones(8), size=3).reshape(3, 2, 2, 2)
    graph = "Z -> X -> Y, Z <-> X, X <-> Y"
    found = check_against_single(graph, "P(Y=1 | do(X=1))", [KnownLaw(("Z", "X", "Y"), p, strata=True)], rows=2)
    assert found.diagnostics["answered_one_by_one"] == 3
