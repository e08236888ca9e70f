"""Whole populations: every unit exact, laws, executors that agree, figures over units, bad input."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from scm import (
    Additive,
    Categorical,
    Chance,
    Execution,
    Function,
    Histogram,
    InvalidModel,
    InvalidQuery,
    InvalidRows,
    Linear,
    LocationScale,
    Mean,
    Model,
    Multiplicative,
    PostNonlinear,
    Quantiles,
    ScmError,
    Threshold,
    UnknownName,
    Variable,
    Variance,
    ask,
    imagine,
    normal,
)
from tests.unit_models import Growth, Shift

NUMPY, DOUBLE, SINGLE = (
    Execution(executor="numpy"),
    Execution(executor="jax", precision="double"),
    Execution(executor="jax", precision="single"),
)
EXECUTIONS = [NUMPY, DOUBLE, SINGLE]


def cohort(n=1000, seed=1):
    """A model with linear, additive, positive and finite parts; its units with known noise; a world by hand."""
    model = Model(
        Variable("G", ("young", "old"), table=(0.5, 0.5)),
        Variable("X", noise=normal(1, 2)),
        Variable("L", equation="0.5 * X + u_L", noise=normal(0, 1)),
        Variable("K", equation="2 * L - 0.25 * X + 1 + u_K", noise=normal(0, 1)),
        Variable("M", mechanism=Shift(("K", "G"), lambda k, g, xp: xp.tanh(k) + 0.5 * g), noise=normal(0, 1)),
        Variable("Y", mechanism=Growth(("M", "X"), lambda m, x, xp: 0.1 * m - 0.1 * x), noise=normal(0, 0.5)),
        Variable("B", ("low", "high"), equation="'high' if Y > 1 else 'low'"),
    )
    rng = np.random.default_rng(seed)
    u = {name: rng.normal(size=n) for name in ("X", "L", "K", "M", "Y")}
    g = rng.integers(0, 2, n)

    def world(x=None, k=None):
        x = 1 + 2 * u["X"] if x is None else np.broadcast_to(x, (n,))
        low = 0.5 * x + u["L"]
        k = 2 * low - 0.25 * x + 1 + u["K"] if k is None else np.broadcast_to(k, (n,))
        m = np.tanh(k) + 0.5 * g + u["M"]
        y = np.exp(0.1 * m - 0.1 * x + 0.5 * u["Y"])
        bands = np.where(y > 1, "high", "low")
        return {"G": np.where(g, "old", "young"), "X": x, "L": low, "K": k, "M": m, "Y": y, "B": bands}

    return model, world, u


def close(execution) -> Any:
    return {"rtol": 2e-4, "atol": 2e-4} if execution is SINGLE else {"rtol": 1e-12, "atol": 1e-12}


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_every_unit_is_exact(execution):
    model, world, _ = cohort()
    seen = world()
    for do, change in (({"X": 1.5}, {"x": 1.5}), ({"K": "K + 1"}, {"k": seen["K"] + 1}), ({"X": "?X"}, {})):
        found = imagine(model, seen, do, execution=execution)
        truth = world(**change)
        for name, values in found.values["do"].items():
            if truth[name].dtype.kind == "f":
                np.testing.assert_allclose(values, truth[name], **close(execution))
            else:
                assert (values == truth[name]).mean() > 0.999  # single precision may differ at a threshold
        assert found.undefined == 0
    assert list(imagine(model, seen, {"K": 0}).values["do"]) == ["M", "Y", "B"]


@pytest.mark.parametrize("execution", EXECUTIONS)
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_an_identity_intervention_gives_the_row_bit_for_bit(execution, kind):
    model, world, _ = cohort()
    seen = {k: v.astype(kind) if v.dtype.kind == "f" else v for k, v in world().items()}
    seen["L"][0] = -0.0
    for do in ({"X": "?X"}, {"X": "X"}, {"K": "?K", "X": "?X"}, {}):
        found = imagine(model, seen, do, outputs=("X", "L", "K", "M", "Y"), execution=execution)
        for name in ("X", "L", "K", "M", "Y"):
            exact = seen[name]
            if execution is SINGLE and kind is np.float64:
                exact = exact.astype(np.float32).astype(np.float64)
            assert found[name].dtype == kind
            assert found[name].tobytes() == exact.tobytes(), (name, do)


def test_case_5_of_the_primer():
    """X = U, Y = X + U (table 4.1): what Y would be for x of 1, 2, 3 is 2 3 4, 3 4 5 and 4 5 6 for u of 1, 2, 3."""
    from scm import ContinuousNoise

    model = Model(ContinuousNoise(("u",), normal(0, 1)), Variable("X", equation="u"), Variable("Y", equation="X + u"))
    found = imagine(model, {"X": [1.0, 2.0, 3.0], "Y": [2.0, 4.0, 6.0]}, {"X": [1, 2, 3]})
    assert found["Y"].tolist() == [[2, 3, 4], [3, 4, 5], [4, 5, 6]]
    assert found.grids == {"do": {"X": (1.0, 2.0, 3.0)}}


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_a_grid_is_the_same_as_its_points(execution):
    model, world, _ = cohort(300)
    grid = np.linspace(-2, 2, 5)
    found = imagine(model, world(), {"X": grid}, outputs=("Y", "M - ?M"), execution=execution)
    assert found["Y"].shape == (5, 300)
    for k, x in enumerate(grid):
        truth = world(x)
        np.testing.assert_allclose(found["Y"][k], truth["Y"], **close(execution))
        np.testing.assert_allclose(found["M - ?M"][k], truth["M"] - world()["M"], **close(execution))
    assert "Y[X=-2.0]" in found.columns()
    labels = imagine(model, world(), {"G": ["young", "old"]}, outputs=("G", "M"), execution=execution)
    assert labels["G"].tolist() == [["young"] * 300, ["old"] * 300]
    np.testing.assert_allclose(labels["M"][1] - labels["M"][0], 0.5, rtol=1e-4)


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_figures_over_units(execution):
    model, world, _ = cohort(5000)
    seen, truth = world(), world(0.5)
    y, effect, old = truth["Y"], truth["Y"] - seen["Y"], seen["G"] == "old"
    edges = (0.5, 1.0, 2.0)
    found = imagine(
        model,
        seen,
        {"X": 0.5},
        aggregates={
            "mean": Mean("Y"),
            "by": Mean("Y", by="G"),
            "variance": Variance("Y - ?Y"),
            "within": Variance("Y", by="G"),
            "harmed": Chance("Y < ?Y"),
            "high": Chance("B = 'high' and X > 0", by="G"),
            "quantiles": Quantiles("Y", (0.1, 0.5)),
            "histogram": Histogram("Y", edges),
        },
        execution=execution,
    )
    near: Any = {"rel": 1e-4 if execution is SINGLE else 1e-12}
    assert found.values == {"do": {}}
    assert float(found["mean"]) == pytest.approx(y.mean(), **near)
    assert found["by"] == pytest.approx([y[~old].mean(), y[old].mean()], **near)
    assert found.groups["by"] == ("young", "old")
    assert float(found["variance"]) == pytest.approx(effect.var(), **near)
    assert found["within"] == pytest.approx([y[~old].var(), y[old].var()], **near)
    few = 2e-3 if execution is SINGLE else 1e-12
    assert float(found["harmed"]) == pytest.approx((y < seen["Y"]).mean(), abs=few)
    assert found["high"] == pytest.approx([(y > 1)[~old].mean(), (y > 1)[old].mean()], abs=few)
    assert found["quantiles"] == pytest.approx(np.quantile(y, (0.1, 0.5)), **near)
    wanted = [(y < 0.5).sum(), *np.histogram(y, edges)[0], (y > 2.0).sum()]
    assert found["histogram"] == pytest.approx(wanted, abs=2 if execution is SINGLE else 0)
    assert found["histogram"].sum() == 5000


def test_numbers_far_from_zero_keep_their_spread():
    """Around a million a float32 has steps of a sixteenth: the mean square would drown the variance."""
    model = Model(Variable("X", noise=normal(0, 1)), Variable("Y", equation="X + u_Y", noise=normal(0, 1)))
    rng = np.random.default_rng(0)
    x = (1e6 + rng.normal(size=200_000)).astype(np.float32)
    found = imagine(model, {"X": x, "Y": x}, {"X": "?X"}, aggregates=(Mean("Y"), Variance("Y")), execution=SINGLE)
    wide = x.astype(np.float64)
    assert float(found["E[Y]"]) == pytest.approx(wide.mean(), rel=1e-7)
    assert float(found["Var[Y]"]) == pytest.approx(wide.var(), rel=1e-2)


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_chunks_and_order_do_not_matter(execution):
    model, world, _ = cohort(1500)
    seen = world()
    every = imagine(model, seen, {"X": 0.5}, outputs=("K", "Y"), execution=execution)
    for chunk in (1, 7, 256, 1000, 4096) if execution is NUMPY else (256, 1000, 4096):
        how = Execution(executor=execution.executor, precision=execution.precision, chunk=chunk)
        some = imagine(model, seen, {"X": 0.5}, outputs=("K", "Y"), aggregates=(Mean("Y"),), execution=how)
        for name in ("K", "Y"):
            np.testing.assert_allclose(some[name], every[name], rtol=1e-6 if execution is SINGLE else 1e-14)
        assert float(some["E[Y]"]) == pytest.approx(float(np.mean(every["Y"])), rel=1e-6)
    order = np.random.default_rng(0).permutation(1500)
    mixed = imagine(model, {k: v[order] for k, v in seen.items()}, {"X": 0.5}, outputs=("Y",), execution=execution)
    assert np.array_equal(mixed["Y"], every["Y"][order])


PROGRAM = """
import json, sys
import jax, numpy as np
from scm import Execution, Mean, imagine
from tests.test_imagine import cohort

assert len(jax.devices()) == 4
model, world, _ = cohort(5000)
seen = world()
out = []
for precision, counts in (("single", (None, 3, 4)), ("double", (None, 4))):
    for count in counts:
        devices = None if count is None else tuple(jax.devices()[:count])
        how = Execution(executor="jax", precision=precision, devices=devices, chunk=1024)
        found = imagine(model, seen, {"X": 0.5}, outputs=("Y",), aggregates=(Mean("Y"),), execution=how)
        first = found if count is None else first
        out.append([found.plan["executor"], found.plan["fallback"], bool(np.array_equal(found["Y"], first["Y"])),
                    abs(float(found["E[Y]"] - first["E[Y]"]))])
json.dump(out, sys.stdout)
"""


def test_any_number_of_devices_gives_the_same_numbers():
    environment = os.environ | {
        "JAX_PLATFORMS": "cpu", "JAX_NUM_CPU_DEVICES": "4", "PYTHONPATH": str(Path(__file__).parent.parent),
    }  # fmt: skip
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    for executor, fallback, same, off in json.loads(done.stdout):
        assert executor.startswith("jax")
        assert (fallback, same) == (None, True)
        assert off < 1e-6


def test_worlds_side_by_side_and_frames():
    import pandas as pd

    model, world, _ = cohort(50)
    seen = pd.DataFrame(world(), index=range(100, 150))
    found = imagine(model, seen, {"treated": {"X": 1}, "untreated": {"X": 0}}, outputs=("Y",), noise=True)
    np.testing.assert_allclose(found["treated", "Y"], world(1.0)["Y"], rtol=1e-12)
    frame = found.to_frame()
    assert list(frame.index) == list(range(100, 150))
    assert {"Y[treated]", "Y[untreated]", "u_X"} <= set(frame.columns)
    with pytest.raises(InvalidQuery, match="several worlds"):
        found["Y"]
    assert [s.name for s in found.derivation].count("action") == 2
    assert "treated" in str(found)


def test_noise_is_what_made_the_units():
    model, world, u = cohort()
    found = imagine(model, {k: v for k, v in world().items() if k not in "GB"} | {"G": world()["G"]}, {}, noise=True)
    np.testing.assert_allclose(found.noise["u_X"], 1 + 2 * u["X"], rtol=1e-12)
    for name, scale in (("L", 1), ("K", 1), ("M", 1), ("Y", 0.5)):
        np.testing.assert_allclose(found.noise[f"u_{name}"], scale * u[name], atol=1e-12)


def test_a_finite_noise_is_shown_too():
    model = Model(
        Variable("T", (0, 1), table=(0.5, 0.5)),
        Variable("D", (0, 1, 2), parents=("T",), noise=Categorical({"mild": 0.5, "severe": 0.5}),
                 function={(t, u): t + (u == "severe") for t in (0, 1) for u in ("mild", "severe")}),
        Variable("Y", equation="10 * D + u_Y", noise=normal(0, 1)),
    )  # fmt: skip
    rows = {"T": [0, 1, 0], "D": [0, 2, 1], "Y": [0.5, 20.5, 9.5]}
    found = imagine(model, rows, {"T": 1}, noise=True)
    assert found["D"].tolist() == [1, 2, 2]
    assert found["Y"].tolist() == [10.5, 20.5, 19.5]
    assert found.noise["u_D"].tolist() == ["mild", "severe", "severe"]
    broken = imagine(model, rows | {"D": [2, 2, 1]}, {"T": 1})
    assert broken.undefined == 1
    assert broken["D"].tolist() == [None, 2, 2]
    assert np.isnan(broken["Y"]).tolist() == [True, False, False]


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_impossible_rows_are_undefined_and_counted(execution):
    model, world, _ = cohort(10)
    seen = world()
    seen["Y"] = seen["Y"].copy()
    seen["Y"][3], seen["B"][3] = -1.0, "low"
    found = imagine(model, seen, {"X": 0}, aggregates=(Mean("Y"), Quantiles("Y", (0.5,))), outputs=("Y", "B"),
                    execution=execution)  # fmt: skip
    assert (found.undefined, found.defined.tolist()) == (1, [True] * 3 + [False] + [True] * 6)
    assert np.isnan(found["Y"][3])
    assert found["B"][3] is None
    kept = np.delete(world(0.0)["Y"], 3)
    assert float(found["E[Y]"]) == pytest.approx(kept.mean(), rel=1e-4)
    assert found["quantiles of Y"] == pytest.approx([np.median(kept)], rel=1e-4)


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_a_mechanism_that_gives_no_number_is_named_with_the_row(execution):
    model = Model(
        Variable("X", noise=normal(0, 1)),
        Variable("Y", mechanism=Shift(("X",), lambda x, xp: xp.log(x)), noise=normal(0, 1)),
    )
    rows = {"X": np.full(600, 2.0), "Y": np.zeros(600), "t": np.ones(600)}
    rows["t"][417] = -1.0
    with pytest.raises(InvalidModel, match=r"Row 418: The mechanism of 'Y' gives nan for X = -1.0"):
        imagine(model, rows, {"X": "?t"}, execution=execution)
    del rows["t"]
    rows["X"][417] = -2.0
    with pytest.raises(InvalidModel, match=r"Row 418: The mechanism of 'Y' gives"):
        imagine(model, rows, {"X": 1.0}, execution=execution)


BAD = [
    ({"X": [1.0, np.nan]}, InvalidRows, r"Row 2, column 'X': the cell is empty"),
    ({"X": [1.0, np.inf]}, InvalidRows, r"Row 2, column 'X': inf is not finite"),
    ({"X": [1.0, "tall"]}, InvalidRows, r"Row 2, column 'X': 'tall' is no number"),
    ({"X": np.array(["1", "2"])}, InvalidRows, "is no number"),
    ({"X": [1.0, None]}, InvalidRows, r"Row 2, column 'X': the cell is empty"),
    ({"X": [1.0]}, InvalidRows, "different lengths"),
    ({"id": [1, 2]}, InvalidRows, r"ignored=\('id',\)"),
    ({"G": ["young", "middling"]}, InvalidRows, "middling"),
]


@pytest.mark.parametrize(("change", "error", "said"), BAD)
def test_rows_that_are_refused(change, error, said):
    model, world, _ = cohort(2)
    with pytest.raises(error, match=said):
        imagine(model, world() | change, {"X": 1})


def test_questions_that_are_refused():
    model, world, _ = cohort(2)
    rows = world()
    for do, error in (
        ({"Q": 1}, UnknownName),
        ({"X": np.nan}, InvalidQuery),
        ({"X": []}, InvalidQuery),
        ({"X": "?nowhere"}, InvalidRows),
        ({"a": {"X": 1}, "X": 2}, InvalidQuery),
    ):
        with pytest.raises(error):
            imagine(model, rows, do)
    with pytest.raises(UnknownName):
        imagine(model, rows, {"X": 1}, outputs=("Q",))
    with pytest.raises(InvalidQuery, match="'K' has no value in these rows; its noise 'u_K' is not determined"):
        imagine(model, {k: v for k, v in rows.items() if k != "K"}, {"X": 1})
    with pytest.raises(InvalidQuery, match="division by zero"):
        imagine(model, rows, {"X": 0}, outputs=("Y / X",))


def test_no_units():
    model, world, _ = cohort(0)
    for execution in EXECUTIONS:
        found = imagine(model, world(), {"X": 1}, outputs=("Y",), aggregates=(Mean("Y"),), execution=execution)
        assert found["Y"].shape == (0,)
        assert np.isnan(found["E[Y]"])


def test_a_small_question_compiles_nothing_and_keeps_its_plan():
    model, world, _ = cohort(1)
    assert imagine(model, world(), {"X": 1}).plan["executor"] == "numpy"
    plans = len(model.plans)
    imagine(model, world(), {"X": 1})
    assert len(model.plans) == plans


def test_a_column_sets_a_finite_variable_by_its_states():
    model, world, _ = cohort(4)
    seen = world() | {"assigned": ["old", "young", "old", "old"]}
    found = imagine(model, seen, {"G": "?assigned"}, outputs=("G", "M - ?M"))
    assert found["G"].tolist() == ["old", "young", "old", "old"]
    change = np.array([1, 0, 1, 1]) - (seen["G"] == "old")
    np.testing.assert_allclose(found["M - ?M"], 0.5 * change, atol=1e-12)
    with pytest.raises(InvalidRows, match="Row 2, column 'assigned'"):
        imagine(model, seen | {"assigned": ["old", "grey", "old", "old"]}, {"G": "?assigned"})
    with pytest.raises(InvalidQuery, match="a column each"):
        imagine(model, seen, {"G": "?assigned", "X": "?assigned"})


SHAPES = {
    "linear": Linear({"X": 0.5, "Z": -1.0}, constant=2.0),
    "additive": Additive("X * Z + sin(X)"),
    "location-scale": LocationScale("X - Z", "exp(0.2 * X)"),
    "multiplicative": Multiplicative("exp(0.3 * X + 0.1 * Z)"),
    "post-nonlinear": PostNonlinear("X + Z", "exp"),
    "function": Function(lambda x, z, u: x + z * z + u**3, inverse=lambda x, z, y: jnp.cbrt(y - x - z * z)),
}


@pytest.mark.parametrize("execution", [NUMPY, DOUBLE])
@pytest.mark.parametrize("name", SHAPES)
def test_every_class_of_mechanism(name, execution):
    """Units drawn from the model, noises by the model's own forward pass: worlds by the same pass with X set."""
    mechanism = SHAPES[name]
    parents = ("X", "Z") if name == "function" else None
    model = Model(
        Variable("X", noise=normal(0, 1)),
        Variable("Z", noise=normal(0, 1)),
        Variable("Y", mechanism=mechanism, parents=parents, noise=normal(0, 1)),
        Variable("T", (0, 1), equation="Y > 0.5 * X"),
    )
    rng = np.random.default_rng(3)
    x, z, u = rng.normal(size=(3, 200))
    forward = model.columnar["Y"].forward
    noise = model.columnar["Y"].noises[0]
    seen = np.asarray(forward({"X": x, "Z": z, noise: u}, np))
    truth = np.asarray(forward({"X": x + 1, "Z": z, noise: u}, np))
    rows = {"X": x, "Z": z, "Y": seen}
    found = imagine(model, rows, {"X": "X + 1"}, outputs=("Y", "T"), noise=True, execution=execution)
    np.testing.assert_allclose(found["Y"], truth, rtol=1e-9, atol=1e-9)
    assert found["T"].tolist() == (truth > 0.5 * (x + 1)).astype(int).tolist()
    np.testing.assert_allclose(found.noise[noise], u, rtol=1e-7, atol=1e-7)
    same = imagine(model, rows, {"X": "?X"}, outputs=("Y",), execution=execution)
    assert same["Y"].tobytes() == seen.tobytes()


def test_noises_that_the_rows_do_not_show_are_left_out():
    model = Model(
        Variable("X", noise=normal()),
        Variable("Y", equation="2 * X + u_Y", noise=normal()),
        Variable("alarm", equation="Y + u_alarm > 1", noise=normal()),
    )
    rows = {"X": [1.0, 2.0], "Y": [2.5, 3.0], "alarm": [True, True]}
    found = imagine(model, rows, {"X": 0}, outputs=["Y"], noise=True, ignored=("alarm",))
    assert set(found.noise) == {"u_X", "u_Y"}
    assert found.noise["u_Y"].tolist() == [0.5, -1.0]


def test_results_that_are_held_stay_as_they_are():
    """Room of results is used again, but only once nobody holds a part of it."""
    model = Model(Variable("X", noise=normal(0, 1)), Variable("Y", equation="2 * X + u", noise={"u": normal(0, 1)}))
    rows = {name: np.random.default_rng(k).standard_normal(300_000) for k, name in enumerate("XY")}
    held = []
    for value in range(6):
        found = imagine(model, rows, {"X": float(value)})["Y"]
        held.append(found[1000:2000] if value % 2 else found[:10].reshape(2, 5).T)
        del found
    for value, part in enumerate(held):
        true = rows["Y"] + 2 * (value - rows["X"])
        assert np.allclose(part, true[1000:2000] if value % 2 else true[:10].reshape(2, 5).T)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_additive_mechanisms_keep_units_bit_for_bit_and_agree_with_arithmetic(kind):
    def world(z, x, u, v, w):
        a = -0.7 * np.tanh(x) - 0.2 * np.sin(z) + 2 * u
        b = 0.5 * a - 0.1 * np.exp(x) + 3 - 0.3 * np.cos(a) + v
        return {"A": a, "B": b, "C": 2 * b + 0.25 * np.tanh(a) + np.tanh(z) + w}

    model = Model(
        Variable("Z", noise=normal(0, 1)),
        Variable("X", noise=normal(0, 1)),
        Variable("A", equation="-0.7 * tanh(X) - 0.2 * sin(Z) + 2 * u", noise={"u": normal(0, 1)}),
        Variable("B", equation="0.5 * A - 0.1 * exp(X) + 3 - cos(A) * 0.3 + v", noise={"v": normal(0, 1)}),
        Variable("C", equation="2 * B + 0.25 * tanh(A) + tanh(Z) + w", noise={"w": normal(0, 1)}),
    )
    z, x, u, v, w = np.random.default_rng(4).standard_normal((5, 70_001))
    x[::7] = 1.0
    rows = {name: column.astype(kind) for name, column in {"Z": z, "X": x, **world(z, x, u, v, w)}.items()}
    found = imagine(model, rows, {"X": 1.0})
    for name, true in world(z, np.ones_like(x), u, v, w).items():
        assert found[name].dtype == kind
        assert np.abs(found[name] - true).max() < 100 * np.finfo(kind).eps
        assert found[name][::7].tobytes() == rows[name][::7].tobytes()
    rows["A"][::5] = rows["C"][::3] = -0.0
    same = imagine(model, rows | {"x": rows["X"]}, {"X": "?x"})
    assert all(same[name].tobytes() == rows[name].tobytes() for name in "ABC")
    several = imagine(model, rows, {"X": [0.0, 1.0]}, outputs=("C", "B", "C"))
    assert np.array_equal(several["B"][1], imagine(model, rows, {"X": 1.0})["B"])
    for name in ("X", "Z", "A", "C"):
        wrong = rows | {name: rows[name].copy()}
        wrong[name][60_000] = np.inf  # tanh makes a number of it
        with pytest.raises(InvalidRows, match=f"Row 60001, column '{name}': inf is not finite"):
            imagine(model, wrong, {"X": 1.0})


WARD = Model(
    Variable("site", ("north", "south"), table=(0.7, 0.3)),
    Variable("dose", equation="u_dose", noise=normal(1, 1)),
    Variable("recovery", equation="dose + u_recovery", noise=normal(0, 1)),
    Variable("stage", ("mild", "bad"), mechanism=Threshold("dose", (2,)), noise=normal(0, 1)),
    Variable("bed", (True, False), parents=("stage",), table={"mild": (0.1, 0.9), "bad": (0.7, 0.3)}),
)
UNITS = {"site": ["north", "south"], "dose": [1.0, 2.0], "recovery": [3.0, 1.0]}


def test_what_the_rows_determine_is_named_beside_what_they_do_not():
    with pytest.raises(InvalidQuery, match=r"'stage' has no value .* What is determined: outputs=\('recovery',\)"):
        imagine(WARD, UNITS, {"dose": "dose + 1"})
    found = imagine(WARD, UNITS, {"dose": "dose + 1"}, outputs=("recovery",))
    np.testing.assert_allclose(found["recovery"], [4, 2])


def test_a_name_that_is_neither_a_variable_nor_a_state_is_told_both():
    with pytest.raises(UnknownName, match=r"'east', but the known names are .*, and the states there 'north', 'south'"):
        imagine(WARD, UNITS, {"site": "east"}, outputs=("recovery",))
    with pytest.raises(UnknownName, match=r"'yes', but the known names are .*, and the states there True, False"):
        ask(WARD, "P(bed=yes)")


def test_subgroups_that_are_not_known_are_refused():
    gain = "recovery - ?recovery"
    for by, words in [
        ("stage", "the rows have no column 'stage'"),
        ("dose", "'dose' is continuous"),
        ("sight", "Did you mean 'site'"),
    ]:
        with pytest.raises(ScmError, match=words):
            imagine(WARD, UNITS, {"dose": "dose + 1"}, aggregates={"gain": Mean(gain, by=by)})


def test_bounds_are_said_to_be_for_finite_models():
    refused = ask(WARD, "P(bed[dose=3]=True | bed=False, dose=1)", key=0)
    assert any("Bounds without any of these are for models" in reason for _, reason in refused.refusals)
