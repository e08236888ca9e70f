"""`python -m benchmarks._units_worker JSON`: one measurement of units in a process of its own, as a line of JSON.

Times are processor time of one thread on one core: what the clock shows where nothing else runs.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from ._units_cases import Columns, Units, make_units

SETTING = 1.0
ROWS_COMPARED = 1000


def clock(work: Callable[[], Any]) -> float:
    """Processor time of all threads of this process."""
    start = time.process_time()
    work()
    return time.process_time() - start


def several(work: Callable[[], Any], runs: int) -> list[float]:
    """Times of `work`."""
    return [clock(work) for _ in range(runs)]


def scm_model(units: Units) -> Any:
    """The units' model, as a user writes it."""
    from scm import Model, Variable, normal

    variables = [
        Variable(name, equation=units.equation(i), noise=normal(0, 1))
        if units.parents[i]
        else Variable(name, noise=normal(0, 1))
        for i, name in enumerate(units.names)
    ]
    return Model(*variables)


def copies(columns: Columns, runs: int) -> dict[str, list[float]]:
    """Copying the same bytes: in one piece, and column by column."""
    whole = np.concatenate(list(columns.values()))
    return {
        "copy": several(whole.copy, runs),
        "copy by column": several(lambda: [column.copy() for column in columns.values()], runs),
    }


def linear(task: dict[str, Any]) -> dict[str, Any]:
    """A million units of a linear model, every descendant of what is set."""
    units = make_units(task["nodes"], bent=False)
    columns = units.draw(task["rows"], np.dtype(task["kind"]).type)
    found = copies(columns, task["runs"])
    begun = time.process_time()
    from scm import imagine

    found["import"] = [time.process_time() - begun]
    model = scm_model(units)
    result: list[Any] = []
    found["cold"] = [clock(lambda: result.append(imagine(model, columns, {"V0": SETTING})))]
    hand = units.by_hand({name: column[:ROWS_COMPARED] for name, column in columns.items()}, SETTING)
    off = max(float(np.abs(result[0][name][:ROWS_COMPARED] - hand[name]).max()) for name in hand)
    result.clear()
    found["warm"] = several(lambda: imagine(model, columns, {"V0": SETTING}), task["runs"])
    found["by hand"] = several(lambda: units.by_hand(columns, SETTING), min(task["runs"], 5))
    last = units.names[-1]
    few = {name: column[: task["compare"]] for name, column in columns.items()}
    answers = imagine(model, few, {"V0": SETTING}, outputs=(last,))[last].tolist()
    return found | {"off": off, "changed": len(units.changed), "answers": answers}


def bent(task: dict[str, Any]) -> dict[str, Any]:
    """A million units of a model with tanh mechanisms."""
    units = make_units(task["nodes"], bent=True)
    columns = units.draw(task["rows"], np.dtype(task["kind"]).type)
    found = copies(columns, task["runs"])
    found["by hand"] = several(lambda: units.by_hand(columns, SETTING), task["runs"])
    from scm import Execution, Mean, imagine

    model, last = scm_model(units), units.names[-1]
    jax = Execution(executor="jax")
    works: dict[str, Callable[[], Any]] = {
        "chosen": lambda: imagine(model, columns, {"V0": SETTING}),
        "jax": lambda: imagine(model, columns, {"V0": SETTING}, execution=jax),
        "outcome": lambda: imagine(model, columns, {"V0": SETTING}, outputs=(last,), execution=jax),
        "mean": lambda: imagine(model, columns, {"V0": SETTING}, aggregates=(Mean(last),), execution=jax),
        "dose": lambda: imagine(
            model, columns, {"V0": np.linspace(-2, 2, 16)}, aggregates=(Mean(last),), execution=jax
        ),
    }  # fmt: skip
    for name, work in works.items():
        found[f"{name} cold"] = [clock(work)]
        found[name] = several(work, task["runs"])
    hand = units.by_hand(columns, SETTING)
    results = works["jax"](), works["chosen"]()
    off = max(float(np.abs(result[name] - hand[name]).max()) for name in hand for result in results)
    return found | {"off": off, "changed": len(units.changed)}


def one(task: dict[str, Any]) -> dict[str, Any]:
    """One row of evidence: the first call, which plans, and those after it."""
    units = make_units(task["nodes"], bent=False)
    columns = units.draw(1)
    from scm import ask, imagine

    model, last = scm_model(units), units.names[-1]
    _ = model.columnar
    query = f"E[{last}[V0={SETTING}]]"
    works: dict[str, Callable[[], Any]] = {
        "imagine": lambda: imagine(model, columns, {"V0": SETTING}, outputs=(last,)),
        "ask": lambda: ask(model, query, rows=columns),
    }
    found: dict[str, Any] = {}
    for name, work in works.items():
        found[f"{name} first"] = [clock(work)]
        found[name] = [t / 20 for t in several(lambda work=work: [work() for _ in range(20)], 10)]
    value = float(works["imagine"]()[last][0])
    other = float(np.asarray(works["ask"]().value).reshape(-1)[0])
    return found | {"answers": [value], "off": abs(value - other)}


def grow(task: dict[str, Any]) -> dict[str, Any]:
    """One point of a curve: the mean outcome over units, warm."""
    units = make_units(task["nodes"], bent=task["bent"])
    columns = units.draw(task["rows"], np.float32)
    from scm import Execution, Mean, imagine

    model, last = scm_model(units), units.names[-1]
    values: Any = SETTING if task["worlds"] == 1 else np.linspace(-2, 2, task["worlds"])
    how = Execution(executor=task["executor"]) if task["executor"] else None

    def work() -> Any:
        if task["bent"]:
            return imagine(model, columns, {"V0": values}, aggregates=(Mean(last),), execution=how)
        return imagine(model, columns, {"V0": values}, outputs=(last,), execution=how)

    first = clock(work)
    times = several(work, 3)
    if min(times) < 0.05:
        times = [t / 10 for t in several(lambda: [work() for _ in range(10)], 3)]
    return {"first": first, "warm": min(times)}


def write(task: dict[str, Any]) -> dict[str, Any]:
    """A Parquet file of units, drawn and written a piece at a time."""
    import pyarrow
    from pyarrow import parquet

    units = make_units(task["nodes"], bent=True)
    writer = None
    for k, start in enumerate(range(0, task["rows"], task["group"])):
        table = pyarrow.table(units.draw(min(task["group"], task["rows"] - start), np.float32, seed=k))
        writer = writer or parquet.ParquetWriter(
            task["path"], table.schema, compression=task["compression"], use_dictionary=False
        )
        writer.write_table(table)
    if writer is not None:
        writer.close()
    return {"bytes": os.path.getsize(task["path"])}


def stream(task: dict[str, Any]) -> dict[str, Any]:
    """A Parquet file: decoded alone, and with the worlds of every unit imagined; the peak of memory."""
    from scm import Mean, Quantiles, Variance, imagine_stream, parquet_batches

    units = make_units(task["nodes"], bent=True)
    model, last = scm_model(units), units.names[-1]

    def decode() -> None:
        for _ in parquet_batches(task["path"]):
            pass

    def imagined() -> None:
        figures = (Mean(last), Variance(last), Quantiles(last, (0.1, 0.5, 0.9)))
        imagine_stream(model, task["path"], {"V0": SETTING}, aggregates=figures)

    found = {"decode": several(decode, 3), "first": [clock(imagined)], "imagine": several(imagined, 3)}
    wall = time.perf_counter()
    imagined()
    wall = time.perf_counter() - wall
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return found | {"peak": peak, "wall": wall}


MODES = {"linear": linear, "bent": bent, "one": one, "grow": grow, "write": write, "stream": stream}


def main() -> None:
    """Do what the task says."""
    task: dict[str, Any] = json.loads(sys.argv[1])
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {task["core"]})
    print(json.dumps(MODES[task["mode"]](task)))


if __name__ == "__main__":
    main()
