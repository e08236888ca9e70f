"""`python -m benchmarks._bounds_worker JSON`: one measurement of bounds in a process of its own, as a line of JSON.

Times are processor time of one thread on one core: what the clock shows where nothing else runs.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Array = Any
EFFECT = "P(Y=1 | do(X=1)) - P(Y=1 | do(X=0))"
NECESSITY = "P(Y[X=0]=0 | X=1, Y=1)"
INSTRUMENT = "Z -> X -> Y, X <-> Y"
LIPID = [[[0.919, 0.081], [0, 0]], [[0.315, 0.073], [0.139, 0.473]]]
"""P(X, Y | Z) of the lipid trial (Balke & Pearl 1997), axes Z, X, Y."""


def clock(work: Callable[[], Any]) -> float:
    """Processor time of all threads of this process."""
    start = time.process_time()
    work()
    return time.process_time() - start


def several(work: Callable[[], Any], runs: int) -> list[float]:
    """Times of `work`."""
    return [clock(work) for _ in range(runs)]


def instrument_laws(rows: int, states: int, seed: int) -> Array:
    """P(X, Y | Z) of random models with an instrument, shape (rows, z, x, y)."""
    rng = np.random.default_rng(seed)
    kinds = 40 if states > 2 else 16
    weights = rng.dirichlet(np.full(kinds, 0.5), size=rows)
    if states == 2:
        x, y = np.array(list(itertools.product((0, 1), repeat=4))).reshape(16, 2, 2).transpose(1, 0, 2)
    else:
        x, y = rng.integers(states, size=(2, kinds, states))
    law = np.zeros((rows, states, states, states))
    for k in range(kinds):
        for z in range(states):
            law[:, z, x[k, z], y[k, x[k, z]]] += weights[:, k]
    return law


def balke_pearl(law: Array) -> tuple[Array, Array]:
    """The eight terms a side of Balke & Pearl (1997), in whole NumPy columns."""
    p = {f"{y}{x}{z}": law[:, z, x, y] for z in (0, 1) for x in (0, 1) for y in (0, 1)}
    low = [
        p["111"] + p["000"] - 1,
        p["110"] + p["001"] - 1,
        p["110"] - p["111"] - p["101"] - p["010"] - p["100"],
        p["111"] - p["110"] - p["100"] - p["011"] - p["101"],
        -p["011"] - p["101"],
        -p["010"] - p["100"],
        p["001"] - p["011"] - p["101"] - p["010"] - p["000"],
        p["000"] - p["010"] - p["100"] - p["011"] - p["001"],
    ]
    high = [
        1 - p["011"] - p["100"],
        1 - p["010"] - p["101"],
        -p["010"] + p["011"] + p["001"] + p["110"] + p["000"],
        -p["011"] + p["111"] + p["001"] + p["010"] + p["000"],
        p["111"] + p["001"],
        p["110"] + p["000"],
        -p["101"] + p["111"] + p["001"] + p["110"] + p["100"],
        -p["100"] + p["110"] + p["000"] + p["111"] + p["101"],
    ]
    return np.max(low, axis=0), np.min(high, axis=0)


def types_programme(states: int) -> tuple[Any, Array, Array]:
    """Every pair of response types of X and Y: rows P(x, y | z), and Y's state under each x."""
    from scipy.sparse import csc_array

    every = np.array(list(itertools.product(range(states), repeat=states)))
    first, second = (g.ravel() for g in np.meshgrid(np.arange(len(every)), np.arange(len(every)), indexing="ij"))
    x, y = every[first], every[second]
    columns = np.arange(len(x))
    rows = [
        np.ravel_multi_index((np.full(len(x), z), x[:, z], y[columns, x[:, z]]), (states,) * 3) for z in range(states)
    ]
    matrix = csc_array((np.ones(len(x) * states), (np.concatenate(rows), np.tile(columns, states))))
    return matrix, x, y


def linprog_ends(matrix: Any, cost: Array, right: Array) -> tuple[float, float]:
    """Both ends through scipy."""
    from scipy.optimize import linprog

    low, high = (linprog(sign * cost, A_eq=matrix, b_eq=right, bounds=(0, None), method="highs") for sign in (1, -1))
    return (float(low.fun), -float(high.fun)) if low.status == high.status == 0 else (np.nan, np.nan)


# ---------------------------------------------------------------------------------------------------------------------
# What is measured


def strata(task: dict[str, Any]) -> dict[str, Any]:
    """The effect through a binary instrument in many strata, beside one linear programme each and the formula."""
    law = instrument_laws(task["rows"], 2, 0)
    begun = time.process_time()
    from scm import KnownLaw, Study, ask

    out: dict[str, Any] = {"import": time.process_time() - begun, "rows": len(law)}
    other = instrument_laws(task["rows"], 2, 1)
    made: list[Any] = []
    found: list[Any] = []

    def study(array: Array) -> None:
        made.append(Study(INSTRUMENT, KnownLaw(("X", "Y"), array, ("Z",), "trial", strata=True)))

    def question() -> None:
        found[:] = [ask(made[-1], EFFECT)]

    study(other)
    out["cold"] = clock(question)
    out["warm"], out["study warm"] = [], []
    for run in range(task["runs"]):  # never the same study twice, so that nothing can have been kept
        out["study warm"].append(clock(lambda array=law if run % 2 else other: study(array)))
        out["warm"].append(clock(question))
    study(law)
    question()
    formula: list[Any] = []
    out["formula"] = several(lambda: formula.__setitem__(slice(None), balke_pearl(law)), task["runs"])
    answer = found[0].interval
    out["off"] = max(float(np.abs(a - b).max()) for a, b in zip((answer.lower, answer.upper), formula, strict=True))
    out["outside"] = int((answer.outer_lower > answer.lower).sum() + (answer.outer_upper < answer.upper).sum())
    few = min(task["sample"], len(law))
    matrix, _, y = types_programme(2)
    cost = (y[:, 1] == 1).astype(float) - (y[:, 0] == 1)
    ends: list[Any] = []
    linprog_ends(matrix, cost, law[0].ravel())  # what is loaded first
    out["sample"] = few
    out["linprog"] = clock(lambda: ends.extend(linprog_ends(matrix, cost, row.ravel()) for row in law[:few])) / few
    theirs = np.array(ends)
    out["linprog failed"] = int(np.isnan(theirs).any(1).sum())
    ours = np.stack([answer.lower[:few], answer.upper[:few]], 1)
    out["linprog off"] = float(np.nanmax(np.abs(ours - theirs)))
    return out


def levels(task: dict[str, Any]) -> dict[str, Any]:
    """The effect of the highest on the lowest level through an instrument where everything has k levels."""
    k = task["states"]
    law = instrument_laws(1, k, task.get("seed", 1))[0]
    from scm import CausalGraph, KnownLaw, Study, ask
    from scm._resolve import read_query
    from scm.bounds._canonical import programme_of
    from scm.bounds._solve import solve

    states = dict.fromkeys("ZXY", tuple(range(k)))
    graph = CausalGraph(("Z", "X", "Y"), (("Z", "X"), ("X", "Y")), (("X", "Y"),))
    known = KnownLaw(("X", "Y"), law, ("Z",), "trial")
    query = f"E[Y | do(X={k - 1})] - E[Y | do(X=0)]"
    out: dict[str, Any] = {"before": k ** (2 * k)}
    found: list[Any] = []
    study = Study(graph, known, states=states)
    out["ask"] = clock(lambda: found.append(ask(study, query)))
    answer = found[0]
    if answer.interval is None:
        return out | {"refused": _said(answer)}
    out["ask warm"] = several(lambda: ask(study, query), task["runs"])
    asked = read_query(query, states)
    built: list[Any] = []
    out["build"] = clock(lambda: built.append(programme_of(graph, states, asked, [known], [], ["the trial"])))
    out["columns"] = built[0].blocks[0].columns
    out["side"] = [t / 2 for t in several(lambda: found.append(solve(built[0])), task["runs"])]
    ends = (float(answer.interval.lower), float(answer.interval.upper))
    out["ends"] = ends
    if task.get("peer"):
        matrix, _, y = types_programme(k)
        cost = (y[:, -1] - y[:, 0]).astype(float)
        theirs: list[Any] = []
        small = types_programme(2)
        linprog_ends(small[0], np.ones(16), instrument_laws(1, 2, 0).ravel())  # what is loaded first
        out["linprog"] = clock(lambda: theirs.append(linprog_ends(matrix, cost, law.ravel()))) / 2
        out["linprog off"] = float(np.abs(np.array(ends) - theirs[0]).max())
    return out


def front_door(task: dict[str, Any]) -> dict[str, Any]:
    """PN where the mediators m1 ... mk carry the whole effect: one hidden cause of X and Y, one of each mediator."""
    from scm import KnownLaw, Study, ask

    k, rng = task["mediators"], np.random.default_rng(task["seed"])
    names = ["X", *(f"M{i}" for i in range(k)), "Y"]
    edges = ", ".join(f"{a} -> {b}" for a, b in itertools.pairwise(names))
    law = _front_door_law(rng, k)
    study = Study(f"{edges}, X <-> Y", KnownLaw(tuple(names), law))
    found: list[Any] = []
    cold = clock(lambda: found.append(ask(study, NECESSITY, budget=task["seconds"])))
    warm = several(lambda: found.append(ask(study, NECESSITY, budget=task["seconds"])), task["runs"])
    interval = found[0].interval
    if interval is None:
        return {"refused": _said(found[0])}
    ends = [float(x) for x in (interval.outer_lower, interval.lower, interval.upper, interval.outer_upper)]
    return {"cold": cold, "warm": warm, "ends": ends, "sharp": bool(interval.sharp)}


def _front_door_law(rng: np.random.Generator, mediators: int) -> Array:
    """P(x, m1 ... mk, y) of a random model; X and Y respond with one hidden cause."""
    types = rng.dirichlet(np.ones(8)).reshape(2, 2, 2)  # x, y at the last mediator 0, y at 1
    last = np.stack([np.stack([types[:, y, :].sum(-1), types[:, :, y].sum(-1)], 1) for y in (0, 1)], -1)  # x, m, y
    law = np.eye(2)
    for _ in range(mediators):
        step = rng.dirichlet(np.ones(2), size=2)
        law = law[..., :, None] * step
    law = np.einsum("xx...->x...", law)  # its first two axes are the same x
    return np.einsum("x...m,xmy->x...my", law, last)


def chain(task: dict[str, Any]) -> dict[str, Any]:
    """The effect of the first of n binary variables in a chain on the last, one hidden cause of all of them."""
    from scm import KnownLaw, Study, ask

    n, rng = task["variables"], np.random.default_rng([7, task["variables"]])
    names = [f"V{i}" for i in range(n)]
    edges = [f"{a} -> {b}" for a, b in itertools.pairwise(names)]
    pairs = [f"{a} <-> {b}" for a, b in itertools.combinations(names, 2)]
    law = rng.dirichlet(np.full(2**n, 2.0)).reshape((2,) * n)
    study = Study(", ".join([*edges, *pairs]), KnownLaw(tuple(names), law))
    query = f"P({names[-1]}=1 | do(V0=1)) - P({names[-1]}=1 | do(V0=0))"
    found: list[Any] = []
    cold = clock(lambda: found.append(ask(study, query, budget=task["seconds"])))
    if found[0].interval is None:
        return {"refused": _said(found[0]), "cold": cold}
    return {"cold": cold, "warm": several(lambda: ask(study, query, budget=task["seconds"]), task["runs"])}


def one(task: dict[str, Any]) -> dict[str, Any]:
    """One question about the lipid trial, loading included and not."""
    begun = time.process_time()
    from scm import KnownLaw, Study, ask

    out: dict[str, Any] = {"import": time.process_time() - begun}
    found: list[Any] = []

    def whole() -> None:
        found.append(ask(Study(INSTRUMENT, KnownLaw(("X", "Y"), np.array(LIPID), ("Z",), "trial")), EFFECT))

    out["first"] = clock(whole)
    out["warm"] = several(whole, task["runs"])
    out["told"] = several(lambda: found[-1].to_text(), 1)
    out["ends"] = [float(found[0].interval.lower), float(found[0].interval.upper)]
    return out


def _said(answer: Any) -> str:
    """Why there is no interval."""
    words: Sequence[str] = [reason for _, reason in answer.refusals] or [answer.to_text()]
    return " ".join(" ".join(words).split())[:600]


MODES = {"strata": strata, "levels": levels, "front door": front_door, "chain": chain, "one": one}


def main() -> None:
    task = json.loads(sys.argv[1])
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {task["core"]})
    print(json.dumps(MODES[task["mode"]](task)))


if __name__ == "__main__":
    main()
