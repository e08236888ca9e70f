"""`python -m benchmarks._worker FOLDER JSON`: one engine on one case in a process of its own; a line of JSON comes out.

The answers go to a file of the folder, so that they can be compared.
"""

from __future__ import annotations

import json
import resource
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from ._engines import (
    PEERS,
    Asked,
    Columns,
    executor_time,
    facts_of,
    labelled,
    model_of,
    pin,
    query_of,
    structural_model_of,
)
from ._networks import Net, random_structural

EXECUTORS: dict[str, dict[str, str]] = {
    "planner": {},
    "numpy": {"executor": "numpy"},
    "jax": {"executor": "jax", "precision": "single"},
    "jax double": {"executor": "jax", "precision": "double"},
}
ONE_ROW_CALLS = 200
SLOW = 5.0
"""Seconds of a first call from which the others are not repeated."""
BLOCKS = 5


class Refused(Exception):
    """The engine said why it will not."""


def clock(work: Callable[[], Any]) -> tuple[float, Any]:
    """Processor time of all threads of this process, and what came out.

    On a core of its own that is what the clock on the wall shows; where other programs want the core too it still is.
    """
    start = time.process_time()
    found = work()
    return time.process_time() - start, found


def repeated(work: Callable[[], Any], *, seconds: float, least: int = 3, most: int = 50) -> list[float]:
    """Times of `work`, until so many seconds are gone."""
    times: list[float] = []
    while len(times) < least or (len(times) < most and sum(times) < seconds):
        times.append(clock(work)[0])
    return times


# ---------------------------------------------------------------------------------------------------------------------
# Twinworld


def twinworld(folder: Path, task: Mapping[str, Any]) -> dict[str, Any]:
    """Import, build, the first call on all rows (cold), the same again (warm), one row at a time."""
    asked, columns = read_case(folder)
    names = task["executors"]
    importing, scm = clock(lambda: _imported(names[0]))
    building, model = clock(lambda: _model(folder, task))
    if task.get("labels"):
        columns = {name: labelled(codes) for name, codes in columns.items()}
    call = _caller(scm, model, asked)
    run = {name: scm.Execution(**EXECUTORS[name]) for name in names}
    cold, answer = clock(lambda: call(columns, run[names[0]]))
    answers, runs = {names[0]: answer}, 3 if cold < SLOW else 1
    out: dict[str, Any] = {"import": importing, "build": building, "cold": cold, "warm": {}, "executor": {}}
    out |= _planned(answer)
    for name in names:
        if name != names[0]:
            answers[name] = call(columns, run[name])  # compiles, where there is anything to compile
        times, inside = _calls(lambda e=run[name]: call(columns, e), task["seconds"], runs)
        out["warm"][name], out["executor"][name] = statistics.median(times), statistics.median(inside) or None
    if "planner" in names:
        some = [{c: v[i : i + 1] for c, v in columns.items()} for i in range(min(ONE_ROW_CALLS, task["rows"]))]
        calls = [clock(lambda row=row: call(row, run["planner"]))[0] for row in (*some[:3], *some)][3:]
        out["one"] = out["one_ask"] = statistics.median(calls)
        if asked.target:
            out["one"] = _prepared(scm, model, asked, some)
    laws = {name.replace(" ", "_"): _law(answer) for name, answer in answers.items()}
    np.savez(folder / f"{task['save']}.npz", **laws)
    out["different"] = len(np.unique(np.stack(list(columns.values())), axis=1).T)
    return out | used()


def _prepared(scm: Any, model: Any, asked: Asked, some: Sequence[Columns]) -> float:
    """Seconds for the value of one row of a question prepared once, which is what the peers are asked too."""
    ready = scm.prepare(model, query_of(asked))
    rows = [{name: column[0].item() for name, column in row.items()} for row in some]
    return statistics.median([clock(lambda row=row: ready.at(row))[0] for row in (*rows[:3], *rows)][3:])


def _imported(executor: str) -> Any:
    """The engine, and JAX where it is asked for; what else the first question loads is counted with the question."""
    if "jax" in executor:
        import_module("jax")
    return import_module("scm")


def _model(folder: Path, task: Mapping[str, Any]) -> Any:
    if "structural" in task:
        return structural_model_of(random_structural(*task["structural"]))
    return model_of(Net.load(folder / "net.npz"), labels=bool(task.get("labels")))


def _caller(scm: Any, model: Any, asked: Asked) -> Callable[[Columns, Any], Any]:
    """The public call that is timed: the law of one variable, or those of all that are not seen."""
    if asked.target:
        query = query_of(asked)
        return lambda columns, execution: _answered(scm.ask(model, query, rows=columns, execution=execution))
    if not hasattr(scm, "posteriors"):
        raise Refused("all posteriors in one call: not there yet")
    given = facts_of(asked)
    of = [scm.print_name(name) for name in model.variable_states if name not in asked.seen]
    return lambda columns, execution: _answered(scm.posteriors(model, given, of=of, rows=columns, execution=execution))


def _answered(answer: Any) -> Any:
    if answer.finding == "refused":
        raise Refused("; ".join(reason for _, reason in answer.refusals))
    if answer.finding != "exact":
        raise Refused(f"no exact answer, but {answer.finding}")
    return answer


def _law(answer: Any) -> Any:
    """As one array: rows, then states; those of all variables in turn."""
    return np.concatenate(list(answer.laws.values()), axis=1) if hasattr(answer, "laws") else np.asarray(answer.value)


def _planned(answer: Any) -> dict[str, float]:
    """Width of the widest contraction, and multiply-adds a row of all."""
    found = answer.plan.get("contractions", ())
    steps = found if isinstance(found, (list, tuple)) else ()
    each = sum(step["operations_per_row"] for step in steps)
    return {"width": max(step["width"] for step in steps), "operations": each} if steps else {}


def _calls(work: Callable[[], Any], seconds: float, least: int) -> tuple[list[float], list[float]]:
    """Times of whole calls, and of the executor within them."""
    inside: list[float] = []
    with executor_time() as found:

        def call() -> None:
            found.clear()
            work()
            inside.append(sum(found))

        return repeated(call, seconds=seconds, least=least), inside


# ---------------------------------------------------------------------------------------------------------------------
# Peers


def peer(folder: Path, task: Mapping[str, Any]) -> dict[str, Any]:
    """Import, build, the first row, then as many rows as the time allows, in blocks."""
    asked, columns = read_case(folder)
    importing, _ = clock(lambda: import_module(task["engine"]))
    if task.get("memory"):
        most = int(task["memory"])
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    engine = PEERS[task["engine"]](Net.load(folder / "net.npz"), _for_peer(asked))
    building, _ = clock(engine.build)
    rows = np.stack([columns[c] for c in asked.columns], axis=1).tolist()
    first, law = clock(lambda: (engine.start(rows[0]), engine.ask(rows[0]))[1])
    laws, times, spent = [law], list[float](), 0.0
    for row in rows[1 : task["rows"]]:
        took, law = clock(lambda row=row: engine.ask(row))
        times.append(took)
        laws.append(law)
        spent += took
        if spent > task["seconds"]:
            break
    blocks = [float(np.mean(block)) for block in np.array_split(np.array(times or [first]), BLOCKS) if len(block)]
    per_row = statistics.median(blocks)
    found = np.array([np.concatenate(law) for law in laws])
    np.savez(folder / f"{task['save']}.npz", law=found)
    out = {"import": importing, "build": building, "first": first, "per_row": per_row, "one": statistics.median(times)}
    return out | {"rows": len(laws)} | used()


def _for_peer(asked: Asked) -> Asked:
    """The same question of the network that has both worlds."""
    if not asked.imposed:
        return asked
    return Asked(f"{asked.target}_", (*asked.seen, f"{asked.imposed}_"))


# ---------------------------------------------------------------------------------------------------------------------


def used() -> dict[str, float]:
    """Peak memory in bytes, and the share of the time for which this process had a processor to itself."""
    here = resource.getrusage(resource.RUSAGE_SELF)
    busy = here.ru_utime + here.ru_stime
    return {"peak": peak_memory(), "share": busy / max(time.perf_counter() - _STARTED, 1e-9)}


def peak_memory() -> int:
    """Most bytes that this process held at once."""
    try:
        # Linux hands the peak that `getrusage` knows from a parent to its child; this one starts with the program.
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def write_case(folder: Path, net: Net, asked: Asked, columns: Mapping[str, Any]) -> None:
    """What a worker reads; `net` is what the peers are given."""
    folder.mkdir(parents=True, exist_ok=True)
    net.save(folder / "net.npz")
    np.savez(folder / "rows.npz", **{c: columns[c] for c in asked.columns})
    (folder / "case.json").write_text(json.dumps([asked.target, asked.seen, asked.imposed]))


def read_case(folder: Path) -> tuple[Asked, dict[str, Any]]:
    """The question and its rows."""
    target, seen, imposed = json.loads((folder / "case.json").read_text())
    with np.load(folder / "rows.npz") as found:
        return Asked(target, tuple(seen), imposed), {name: found[name] for name in found}


_STARTED = time.perf_counter()


def main(arguments: Sequence[str]) -> int:
    folder, task = Path(arguments[0]), json.loads(arguments[1])
    pin(task["core"])
    try:
        found = (twinworld if task["engine"] == "scm" else peer)(folder, task)
    except Refused as refusal:
        found = {"refused": str(refusal)}
    except MemoryError:
        found = {"refused": "out of memory"}
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
