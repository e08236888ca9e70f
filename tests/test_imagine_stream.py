"""Populations in batches: the same as at once, files that are cut off, memory that does not grow."""

from __future__ import annotations

import threading

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scm import (
    Chance,
    Histogram,
    InvalidFile,
    InvalidModel,
    InvalidRows,
    Mean,
    Model,
    Quantiles,
    ScmError,
    Variable,
    Variance,
    imagine,
    imagine_stream,
    normal,
    parquet_batches,
    read_ahead,
)
from scm.solvers._unit_sketch import SIZE, Sketch
from tests.unit_models import Shift

FIGURES = {
    "mean": Mean("Y"),
    "by": Mean("Y", by="G"),
    "variance": Variance("Y - ?Y"),
    "more": Chance("Y > ?Y"),
    "quantiles": Quantiles("Y", (0.1, 0.5, 0.9)),
    "histogram": Histogram("Y", (-1, 0, 1)),
}


def cohort(n, seed=0):
    model = Model(
        Variable("G", ("a", "b"), table=(0.5, 0.5)),
        Variable("X", noise=normal(0, 1)),
        Variable("Y", equation="tanh(X) + 0.5 * (G = 'b') + u_Y", noise=normal(0, 1)),
    )
    rng = np.random.default_rng(seed)
    x, g = rng.normal(size=n), rng.integers(0, 2, n)
    rows = {"G": np.where(g, "b", "a"), "X": x, "Y": np.tanh(x) + 0.5 * g + rng.normal(size=n)}
    return model, rows


def cut(rows, size):
    count = len(rows["X"])
    return [{name: column[s : s + size] for name, column in rows.items()} for s in range(0, count, size)]


@pytest.mark.parametrize("do", [{"X": 1.0}, {"X": [-1.0, 0.0, 1.0]}, {"up": {"X": "X + 1"}, "same": {}}])
def test_batches_are_the_same_as_all_at_once(do):
    model, rows = cohort(1000)
    whole = imagine(model, rows, do, aggregates=FIGURES)
    for size in (1, 300, 1000) if do == {"X": 1.0} else (300,):
        found = imagine_stream(model, cut(rows, size), do, aggregates=FIGURES)
        assert (found.units, found.undefined, found.plan["rank_error"]) == (1000, 0, 0.0)
        for world, figures in whole.aggregates.items():
            for name, figure in figures.items():
                np.testing.assert_allclose(found.aggregates[world][name], figure, rtol=1e-12, atol=1e-12)
        assert found.groups == whole.groups
        assert found.derivation == whole.derivation


def test_columns_go_to_whoever_wants_them(tmp_path):
    model, rows = cohort(1000)
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table(rows), path, row_group_size=300)
    parts = []
    found = imagine_stream(model, path, {"X": 1}, outputs=("Y",), each=lambda one: parts.append(one.to_frame()))
    assert (found.units, found.values) == (1000, {"do": {}})
    assert all(isinstance(part, pa.Table) for part in parts)
    together = pa.concat_tables(parts)["Y"].to_numpy()
    np.testing.assert_allclose(together, imagine(model, rows, {"X": 1})["Y"], rtol=1e-12)


def test_single_precision_stays_single(tmp_path):
    model, rows = cohort(1000)
    rows = {k: v.astype(np.float32) if v.dtype.kind == "f" else v for k, v in rows.items()}
    pq.write_table(pa.table(rows), tmp_path / "rows.parquet")
    seen = []
    imagine_stream(model, tmp_path / "rows.parquet", {"X": 1}, each=lambda one: seen.append(one["Y"].dtype))
    assert set(seen) == {np.dtype(np.float32)}


def test_a_file_that_was_cut_off_is_told(tmp_path):
    model, rows = cohort(5000)
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table(rows), path, row_group_size=500)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(InvalidFile, match="cut off"):
        imagine_stream(model, path, {"X": 1}, aggregates=FIGURES)
    path.write_bytes(data[:2000] + b"\0" * 4000 + data[6000:])  # the end is whole, the middle is not
    with pytest.raises(ScmError):
        imagine_stream(model, path, {"X": 1}, aggregates=FIGURES)
    path.write_bytes(b"")
    with pytest.raises(InvalidFile):
        imagine_stream(model, path, {"X": 1}, aggregates=FIGURES)
    with pytest.raises(InvalidFile, match="not there"):
        imagine_stream(model, tmp_path / "none.parquet", {"X": 1}, aggregates=FIGURES)
    pq.write_table(pa.table(rows), path)
    with pytest.raises(InvalidRows, match="no column 'Q'"):
        next(iter(parquet_batches(path, ["Q"])))


def test_rows_are_counted_over_batches():
    model, rows = cohort(1000)
    rows["Y"][730] = np.nan
    with pytest.raises(InvalidRows, match="Row 731, column 'Y'"):
        imagine_stream(model, cut(rows, 100), {"X": 1}, aggregates=FIGURES)
    model = Model(
        Variable("X", noise=normal(0, 1)),
        Variable("Y", mechanism=Shift(("X",), lambda x, xp: xp.log(x)), noise=normal(0, 1)),
    )
    rows = {"X": np.ones(1000), "Y": np.ones(1000)}
    rows["X"][730] = -1
    with pytest.raises(InvalidModel, match="Row 731: The mechanism of 'Y'"):
        imagine_stream(model, cut(rows, 100), {"X": 2}, aggregates=(Mean("Y"),))


def test_no_rows_and_no_batches():
    model, rows = cohort(0)
    found = imagine_stream(model, [rows], {"X": 1}, aggregates=FIGURES)
    assert found.units == 0
    assert np.isnan(found["mean"])
    assert np.isnan(found["quantiles"]).all()
    with pytest.raises(InvalidRows, match="no batches"):
        imagine_stream(model, [], {"X": 1}, aggregates=FIGURES)


@pytest.mark.parametrize("order", ["random", "rising", "falling", "two humps"])
def test_a_sketch_keeps_to_its_error(order):
    rng = np.random.default_rng(1)
    values = rng.normal(size=20 * SIZE + 12345)
    if order in ("rising", "falling"):
        values = np.sort(values) if order == "rising" else np.sort(values)[::-1]
    elif order == "two humps":
        values += 100 * rng.integers(0, 2, len(values))
    sketch = Sketch()
    for part in np.array_split(values, 37):
        sketch.add(part)
    assert 0 < sketch.error / len(values) < 1e-4
    shares = (0.0, 0.01, 0.25, 0.5, 0.99, 1.0)
    kept = np.sort(values)
    for share, found in zip(shares, sketch.quantiles(shares), strict=True):
        below = np.searchsorted(kept, found, side="right")
        assert abs(below - share * (len(values) - 1)) <= sketch.error + 2 ** len(sketch.levels) + 1


def test_reading_ahead():
    assert list(read_ahead(range(1000))) == list(range(1000))

    def fails():
        yield 1
        raise KeyError("second")

    found = read_ahead(fails())
    assert next(found) == 1
    with pytest.raises(KeyError, match="second"):
        next(found)
    endless = read_ahead(iter(int, 1))
    assert next(endless) == 0
    endless.close()
    assert not [t for t in threading.enumerate() if t.name == "read_ahead"]


def test_a_file_does_not_pile_up_in_memory(tmp_path):
    """What Arrow holds while a file is read does not grow with how much of it was read."""
    path = tmp_path / "rows.parquet"
    table = pa.table({"X": np.random.default_rng(0).normal(size=400_000)})
    pq.write_table(table, path, row_group_size=10_000)
    del table
    before = pa.total_allocated_bytes()
    held = [pa.total_allocated_bytes() - before for _ in parquet_batches(path, size=10_000)]
    assert len(held) == 40
    assert max(held[20:]) < 1_000_000  # the whole file has three


def stopped_after(batches, after):
    """Batches that break off, as an interrupt would."""
    for number, batch in enumerate(batches):
        if number == after:
            raise KeyboardInterrupt
        yield batch


@pytest.mark.parametrize("after", [1, 4])
def test_a_stream_that_was_stopped_goes_on(tmp_path, after):
    model, rows = cohort(2000)
    checkpoint, batches, seen = tmp_path / "run.checkpoint", cut(rows, 300), []
    do, each = {"X": [-1.0, 1.0]}, lambda one: seen.append(one.units)
    whole = imagine_stream(model, batches, do, outputs=("Y",), aggregates=FIGURES, each=lambda one: None)
    with pytest.raises(KeyboardInterrupt):
        imagine_stream(
            model,
            stopped_after(batches, after),
            do,
            outputs=("Y",),
            aggregates=FIGURES,
            each=each,
            checkpoint=checkpoint,
        )
    assert checkpoint.exists()
    found = imagine_stream(model, batches, do, outputs=("Y",), aggregates=FIGURES, each=each, checkpoint=checkpoint)
    assert seen == [300] * 6 + [200]  # no batch twice, none left out
    assert (found.units, found.undefined) == (whole.units, whole.undefined)
    for name, figure in whole.aggregates["do"].items():
        np.testing.assert_array_equal(found.aggregates["do"][name], figure)
    assert not checkpoint.exists()


def test_a_checkpoint_of_a_long_stream_keeps_sketches(tmp_path):
    model, rows = cohort(3 * SIZE)
    checkpoint, batches = tmp_path / "run.checkpoint", cut(rows, SIZE // 2)
    figures = {"quantiles": Quantiles("Y", (0.1, 0.5))}
    whole = imagine_stream(model, batches, {"X": 1}, aggregates=figures)
    with pytest.raises(KeyboardInterrupt):
        imagine_stream(
            model, stopped_after(batches, 5), {"X": 1}, aggregates=figures, each=lambda one: None, checkpoint=checkpoint
        )
    found = imagine_stream(model, batches, {"X": 1}, aggregates=figures, each=lambda one: None, checkpoint=checkpoint)
    np.testing.assert_array_equal(found.aggregates["do"]["quantiles"], whole.aggregates["do"]["quantiles"])
    assert found.plan["rank_error"] == whole.plan["rank_error"] > 0


def test_a_checkpoint_of_something_else_is_refused(tmp_path):
    model, rows = cohort(900)
    checkpoint, batches = tmp_path / "run.checkpoint", cut(rows, 300)

    def run(batches, do=None, aggregates=FIGURES):
        return imagine_stream(
            model, batches, do or {"X": 1}, aggregates=aggregates, each=lambda one: None, checkpoint=checkpoint
        )

    with pytest.raises(KeyboardInterrupt):
        run(stopped_after(batches, 2))
    kept = checkpoint.read_bytes()
    with pytest.raises(InvalidFile, match="another question"):
        run(batches, {"X": 2})
    with pytest.raises(InvalidFile, match="another question"):
        run(batches, aggregates={"mean": Mean("Y")})
    with pytest.raises(InvalidFile, match="other rows"):
        run(cut({name: column[::-1] for name, column in rows.items()}, 300))
    with pytest.raises(InvalidFile, match="speaks of 2 batches; there are 1"):
        run(batches[:1])
    assert checkpoint.read_bytes() == kept
    for damaged in (b"", b"no checkpoint", kept[: len(kept) // 2]):
        checkpoint.write_bytes(damaged)
        with pytest.raises(InvalidFile, match="in the way"):
            run(batches)
    checkpoint.write_bytes(kept)
    assert run(batches).units == 900
