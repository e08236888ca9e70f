"""`python -m benchmarks._identifiers ENGINE JSON`: one engine on many questions in a process of its own.

A line of JSON comes out for each case: times in seconds, and the verdict or why there is none.
"""

from __future__ import annotations

import gc
import json
import signal
import sys
import time
import warnings
from collections.abc import Callable
from importlib import import_module
from typing import Any

from ._engines import pin
from ._mixed_graphs import Effect, Kind, effects

LIMIT = 10.0
"""Seconds for one question."""
CASE = 60.0
"""Seconds after which a case is left with as many questions as are done, ten at least."""
LEAST = 10

Work = Callable[[], Any]


class OutOfTime(Exception):
    """A question took longer than the limit."""


def _stop(*_: object) -> None:
    raise OutOfTime


def ours(effect: Effect) -> Work:
    """The public call, from a graph and a text; a graph keeps nothing of earlier questions."""
    from scm import CausalGraph, identify

    graph = CausalGraph(effect.names, effect.edges, effect.confounded)
    return lambda: identify(graph, effect.text).identified


def checked(effect: Effect) -> Work:
    """The numeric check of an estimand alone; what is not identified has none."""
    from scm import CausalGraph, identify
    from scm.solvers._check_estimand import check_estimand

    found = identify(CausalGraph(effect.names, effect.edges, effect.confounded), effect.text)
    return lambda: check_estimand(found).status if found.identified else None


def adjusted(effect: Effect) -> Work:
    """A smallest set to adjust for."""
    from scm import CausalGraph, smallest_adjustment_set

    graph = CausalGraph(effect.names, effect.edges, effect.confounded)
    return lambda: smallest_adjustment_set(graph, effect.treatments, effect.outcome)


def y0(effect: Effect) -> Work:
    """ID, or IDC where something is conditioned on."""
    # By name: type checking runs where y0 is not installed.
    identify_outcomes = import_module("y0.algorithm.identify").identify_outcomes
    Variable = import_module("y0.dsl").Variable  # noqa: N806
    NxMixedGraph = import_module("y0.graph").NxMixedGraph  # noqa: N806

    graph = NxMixedGraph.from_str_edges(
        nodes=list(effect.names), directed=list(effect.edges), undirected=list(effect.confounded)
    )
    treatments, given = ({Variable(name) for name in names} for names in (effect.treatments, effect.given))
    outcome = {Variable(effect.outcome)}
    return lambda: identify_outcomes(graph, treatments, outcome, given or None) is not None


def pgmpy(effect: Effect) -> Work:
    """A set to adjust for, hidden causes as latent variables; one treatment only."""
    from pgmpy.base import DAG
    from pgmpy.identification import Adjustment

    edges = list(effect.edges)
    for i, pair in enumerate(effect.confounded):
        edges += [(f"U{i}", name) for name in pair]
    graph = DAG(
        edges,
        latents={f"U{i}" for i in range(len(effect.confounded))},
        roles={"exposures": effect.treatments[0], "outcomes": effect.outcome},
    )

    def work() -> list[str] | None:
        found, is_one = Adjustment(variant="minimal").identify(graph)
        return sorted(found.get_role("adjustment")) if is_one else None

    return work


ENGINES: dict[str, Callable[[Effect], Work]] = {
    "identify": ours,
    "check": checked,
    "adjustment": adjusted,
    "y0": y0,
    "pgmpy": pgmpy,
}


def measure(engine: str, kind: Kind, count: int, limit: float) -> dict[str, list[Any]]:
    """Times and verdicts; one question before them warms up."""
    seconds: list[float] = []
    verdicts: list[Any] = []
    warm = next(effects(Kind(6, "sparse", "few hidden", kind.asked), 1))
    ENGINES[engine](warm)()
    gc.collect()
    gc.disable()  # or one question in some pays for all the others' garbage
    start = time.process_time()
    for effect in effects(kind, count):
        work = ENGINES[engine](effect)
        signal.setitimer(signal.ITIMER_REAL, limit)
        begun = time.process_time()
        try:
            verdict = work()
        except OutOfTime:
            verdict = "out of time"
        except Exception as wrong:
            verdict = f"{type(wrong).__name__}"
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        seconds.append(time.process_time() - begun)
        verdicts.append(verdict)
        if time.process_time() - start > CASE and len(seconds) >= LEAST:
            break
    return {"seconds": seconds, "verdicts": verdicts}


def main() -> None:
    """Read what to do, and do it."""
    warnings.simplefilter("ignore")
    engine, task = sys.argv[1], json.loads(sys.argv[2])
    pin(task["core"])
    signal.signal(signal.SIGALRM, _stop)
    for kind in task["kinds"]:
        print(json.dumps(measure(engine, Kind(**kind), task["count"], task["limit"])), flush=True)


if __name__ == "__main__":
    main()
