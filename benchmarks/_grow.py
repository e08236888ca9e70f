"""`python -m benchmarks._grow JSON`: one point of a growth curve in a process of its own; a line of JSON comes out."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

import numpy as np

from . import _networks as networks
from ._cases import CLINICAL
from ._engines import Asked, model_of, pin, query_of, structural_model_of
from ._networks import NOISE, Structural
from ._worker import EXECUTORS, clock, peak_memory, repeated, used

BUDGET = "60s,2GB"
DRAWN = 100_000
"""Rows that are drawn; where more are asked for they are repeated."""
Work = tuple[Any, str, dict[str, Any] | None]


def alarm(rows: int) -> Work:
    """The question of ALARM."""
    net = networks.published("alarm")
    return _network(net, Asked(*CLINICAL), rows)


def wide(rows: int) -> Work:
    """A random network of width 8, one variable given ten."""
    net = networks.random_net(50, 8, "width 8")
    target, *seen = map(str, np.random.default_rng(8).permutation(net.names)[:11])
    return _network(net, Asked(target, tuple(seen)), rows)


def shape(kind: str, nodes: int, rows: int) -> Work:
    """A network of so many variables, of which one in ten is seen; the target is one of the others."""
    rng = np.random.default_rng([*kind.encode(), nodes])
    made = {"chain": networks.chain, "tree": networks.tree, "random": lambda n, r: networks.windowed(n, 4, r)}
    net = made[kind](nodes, rng)
    target, *seen = map(str, rng.permutation(net.names)[: nodes // 10 + 1])
    return _network(net, Asked(target, tuple(seen)), rows)


def _network(net: networks.Net, asked: Asked, rows: int) -> Work:
    drawn = networks.sample(net, min(rows, DRAWN), np.random.default_rng(1))
    columns = {
        c: np.resize(drawn[name].astype(np.uint8), rows) for c, name in zip(asked.columns, asked.seen, strict=True)
    }
    return model_of(net), query_of(asked), columns


def worlds(count: int, rows: int) -> Work:
    """What Y would have been under each of `count` values of X, together; with rows, given that for all but the last.

    X has 16 states; from it a chain of five variables of three states leads to Y, each with a noise of four states.
    """
    model, rng = _ladder(), np.random.default_rng(count)
    terms = [f"Y[X = {x}]" for x in range(count)]
    unit = {name: rng.choice(NOISE, size=max(rows, 1), p=law) for name, law in model.noise.items() if name != "X"}
    values = [_followed(model, unit, x) for x in range(count)]
    if not rows:
        event = ", ".join(f"{term} = {value[0]}" for term, value in zip(terms, values, strict=True))
        return structural_model_of(model), f"P({event})", None
    columns = {f"f{x}": value for x, value in enumerate(values[:-1])}
    facts = ", ".join(f"{term} = ?f{x}" for x, term in enumerate(terms[:-1]))
    given = f" | {facts}" if facts else ""
    return structural_model_of(model), f"P({terms[-1]}{given})", columns or None


def _ladder() -> Structural:
    rng = np.random.default_rng(16)
    names = ["X", "A", "B", "C", "D", "Y"]
    parents: dict[str, tuple[str, ...]] = {name: (names[i - 1],) if i else () for i, name in enumerate(names)}
    sizes = {name: 3 for name in names} | {"X": 16}
    functions = {name: rng.integers(3, size=(sizes[parents[name][0]], NOISE)) for name in names[1:]}
    noise = {name: rng.dirichlet(np.full(NOISE, 2.0)) for name in names[1:]}
    return Structural(parents, sizes, functions | {"X": np.arange(16)}, noise | {"X": np.full(16, 1 / 16)})


def _followed(model: Structural, unit: Mapping[str, Any], x: int) -> Any:
    """Y of every unit where X is set to `x`."""
    value: Any = np.full(len(unit["Y"]), x)
    for name in list(model.parents)[1:]:
        value = model.functions[name][value, unit[name]]
    return value


WORKS = {"alarm": alarm, "wide": wide, "shape": shape, "worlds": worlds}


def main(arguments: Sequence[str]) -> int:
    """Build, first call, warm calls, peak memory."""
    task = json.loads(arguments[0])
    pin(task["core"])
    scm: Any = import_module("scm")

    building, (model, query, columns) = clock(lambda: WORKS[task["work"]](*task["arguments"]))
    # The grammar, the path finder and, where it is named, JAX are loaded by a question that is not counted.
    other: Any = model_of(networks.chain(3, np.random.default_rng(0)))
    execution = scm.Execution(**EXECUTORS[task["executor"]])
    scm.ask(other, "P(V2 | V0 = ?a)", rows={"a": np.array([0, 1])}, execution=execution)
    before = peak_memory()

    def call() -> Any:
        return scm.ask(model, query, rows=columns, execution=execution, budget=BUDGET)

    first, answer = clock(call)
    if answer.finding != "exact":
        reasons = "; ".join(reason for _, reason in answer.refusals)
        print(json.dumps({"refused": reasons or f"no exact answer, but {answer.finding}"}))
        return 0
    peak = peak_memory()  # of one call: an answer that is kept would be there beside the next
    del answer
    again = repeated(call, seconds=0.5, least=1 if first > 5 else 3, most=30)
    out = {"building": building, "first": first, "warm": float(np.median(again)), "before": before, "peak": peak}
    print(json.dumps(used() | out))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
