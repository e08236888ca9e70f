"""One counterfactual query of random models with noise; `python -m benchmarks.engine N` measures one fresh process."""

from __future__ import annotations

import itertools
import json
import random
import sys
import time
from collections.abc import Iterator
from typing import Any

from ._measure import Row, python, run

PART = "Engine: P(Y[X=0]=1 | X=1, Y=1 and one observation in five) of a random binary model with noise"
SIZES = (3, 10, 30, 100)
REACH = 8
"""Causes are among so many variables before: keeps the width of the largest model that of a long, narrow system."""


def rows(*, quick: bool) -> Iterator[Row]:
    """The rows of this part: for each size a model, built and first asked in a fresh process, then asked again."""
    for size in SIZES[: 2 if quick else None]:
        measured = [json.loads(run(python("-m", "benchmarks.engine", str(size)))) for _ in range(3 if quick else 7)]
        note = f"{measured[0]['instances']} instances, width {measured[0]['width']:.3g}"
        for name, work in (("build", "build the model"), ("cold", "first ask"), ("warm", "ask again")):
            yield Row(PART, f"{size} variables: {work}", tuple(m[name] for m in measured), None, note)
            note = ""


def model_of(size: int, seed: int) -> tuple[object, str]:
    """A random model and its query."""
    from scm import Bernoulli, Model, Variable

    rng = random.Random(f"engine {size} {seed}")
    names = [f"V{i}" for i in range(size)]
    variables: list[Variable] = []
    for place, name in enumerate(names):
        before = names[max(0, place - REACH) : place]
        parents = rng.sample(before, min(len(before), rng.choice((1, 2, 2))))
        inputs = (*parents, f"u_{name}")
        function: dict[Any, bool] = {
            row: rng.random() < 0.5 for row in itertools.product((False, True), repeat=len(inputs))
        }
        # The last input is the noise: it turns the value round, so that every observation is possible.
        function |= {(*row[:-1], True): not function[(*row[:-1], False)] for row in function}
        noise = Bernoulli(round(rng.uniform(0.1, 0.4), 3))
        variables.append(Variable(name, (False, True), parents=tuple(parents), function=function, noise=noise))
    model = Model(*variables)
    cause, effect = names[0], names[-1]
    seen = [f"{name} = {rng.random() < 0.5}" for name in names[1:-1] if rng.random() < 0.2]
    given = " , ".join([f"{cause} = True", f"{effect} = True", *seen])
    return model, f"P({effect}[{cause}=False] = True | {given})"


def measure(size: int) -> dict[str, float]:
    """Times in this process, in seconds."""
    from scm import Model, ask

    start = time.perf_counter()
    model, query = model_of(size, 0)
    assert isinstance(model, Model)
    built = time.perf_counter()
    answer = ask(model, query)
    first = time.perf_counter()
    again = []
    for _ in range(9):
        begun = time.perf_counter()
        ask(model, query)
        again.append(time.perf_counter() - begun)
    assert answer.finding == "exact", answer.finding
    return {
        "build": built - start,
        "cold": first - built,
        "warm": sorted(again)[len(again) // 2],
        "instances": max(step["instances"] for step in answer.plan["contractions"]),
        "width": max(step["width"] for step in answer.plan["contractions"]),
    }


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]))))
